"""One order as six audiences may see it, derived from the events of all its owners (R188-R195)."""
