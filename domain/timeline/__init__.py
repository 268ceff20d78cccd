"""Timelines: every event about an order, a quote or an account, told in plain words and in causal order (R203-R211)."""
