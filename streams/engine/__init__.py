"""The batch engine: ordinary Faust agents that receive whole batches, with state and offsets in one transaction."""
