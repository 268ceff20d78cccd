"""The composition root: the stack, the settings and the command line that put the parts together."""
