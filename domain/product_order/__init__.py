"""The ProductOrder aggregate: what was ordered, and how far its delivery has come (owner: OMS)."""
