"""Quotes as sales and compliance look at them: pipeline, approvals, validation, evidence, prices (R212-R214, R221)."""
