"""Measurements against peers: the same derivation, the same events, one run."""
