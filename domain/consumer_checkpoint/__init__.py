"""How far each declared consumer has read, so that one that missed a fact is noticed (R246)."""
