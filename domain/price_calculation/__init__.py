"""PriceCalculation: one answer of pricing, with everything needed to repeat and defend it (owner: CPQ)."""
