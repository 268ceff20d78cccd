"""What the contracts need of the other parts: events to make examples of, and the jobs between the datasets."""
