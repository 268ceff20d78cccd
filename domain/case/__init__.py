"""Reconciliation cases: how a finding is seen to, from its opening until truth or people close it."""
