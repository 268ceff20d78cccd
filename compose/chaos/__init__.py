"""Faults on purpose: a seeded schedule of them on a real stack of its own, and an independent judgement afterwards."""
