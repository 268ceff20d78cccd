"""What goes wrong in the simulated enterprise, where, and what must be found of it."""
