"""Delivery as operations look at it: the plan with its tasks, fallout, and what needs somebody (R209, R210, R220)."""
