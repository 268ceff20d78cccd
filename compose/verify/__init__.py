"""The independent check: everything derived, computed again from the raw topics and compared field by field."""
