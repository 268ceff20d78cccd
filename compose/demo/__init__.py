"""The demonstration: a seeded stream of orders through the whole platform, verified at the end."""
