"""Drift: where two systems disagree about one thing, found by rules that are data."""
