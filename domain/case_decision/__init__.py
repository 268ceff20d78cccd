"""What people decide about reconciliation cases, and who may."""
