"""Quote: what was offered, revised, approved, presented and accepted (owner: CPQ)."""
