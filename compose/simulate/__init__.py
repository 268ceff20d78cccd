"""A simulated enterprise: every owner's work from account to invoice, seeded, on a clock of its own."""
