"""The billing handoff from both sides: what ought to be billed of each product, and what is (R237-R239)."""
