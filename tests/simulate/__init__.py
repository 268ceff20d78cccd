"""Tests of the simulated enterprise."""
