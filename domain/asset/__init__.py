"""The Asset aggregate: what is installed at a customer, and since when it may be charged (owner: inventory)."""
