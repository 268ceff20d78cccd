"""The pure core: aggregates, events and derivations as functions of their arguments alone."""
