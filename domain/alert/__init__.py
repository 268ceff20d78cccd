"""Alerts: what people are told of cases, when, and through which channels."""
