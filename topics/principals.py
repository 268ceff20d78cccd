"""The names under which the platform and everybody are known to the broker; owners are known by their own."""

from __future__ import annotations

PLATFORM = "ordertruth"
EVERYBODY = "*"
"""Whoever the broker has let in, under whatever name."""
