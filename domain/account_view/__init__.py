"""Accounts as known, and what they hold: the summary for customer 360 (R230)."""
