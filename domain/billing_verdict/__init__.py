"""The billing handoff, two-sided: what ought to be billed of each product held against what billing does (R237-R239)."""
