"""Derivations as convergent folds: what they are given, what they remember, what they say."""
