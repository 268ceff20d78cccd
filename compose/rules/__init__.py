"""Drift rules looked at by operators: as they are, and as they might be."""
