"""Space `quote`: an offer, what was agreed, and the orders it became."""
