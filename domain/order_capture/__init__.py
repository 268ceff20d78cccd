"""What becomes of each request to capture or change an order: the one fact a refused command leaves."""
