"""ApprovalCase: who allowed an exception, with what authority, on what they saw (owner: CPQ)."""
