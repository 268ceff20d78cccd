"""What the derived topics are written to: the read model, analytics, alert channels."""
