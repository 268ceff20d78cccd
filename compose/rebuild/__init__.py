"""Projections made again from the owners' events, beside those in use, and put in their place."""
