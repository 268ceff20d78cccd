"""The SQL that builds the schema `aggregates`, one file for each step, applied in the order of their numbers."""
