"""Spaces of what others refer to: accounts, offerings and publications, each with its referrers as members."""
