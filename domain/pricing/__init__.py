"""Prices of quote lines: a pure function of what is asked for and of a price book given as data (R286, R318)."""
