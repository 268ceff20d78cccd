"""Order state derived from an order's events: one header state with its evidence (R174-R187)."""
