"""Who is let in: tokens of the API, kept as hashes in the schema `access`."""
