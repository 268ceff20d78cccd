"""Why something that was delivered is not billed, and who allowed it."""
