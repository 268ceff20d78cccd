"""Names orders have in other systems, for finding them by (R199)."""
