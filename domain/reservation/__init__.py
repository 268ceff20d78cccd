"""The Reservation aggregate: a resource set aside for an order (owner: inventory)."""
