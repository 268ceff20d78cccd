"""How big a platform a business needs, from what single things were measured to cost (R566-R577)."""
