"""Chance, by purpose: what happens to one order does not depend on how many others there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import log
from random import Random
from typing import TypeVar

T = TypeVar("T")

FIRST_HOUR, LAST_HOUR = 8, 18
FRIDAY = 4


class Chance:
    """The random choices made for one purpose and number; the same for the same seed, whatever else happens."""

    def __init__(self, seed: int, purpose: str, number: int) -> None:
        self._random = Random(f"{seed}/{purpose}/{number}")

    def happens(self, percent: float) -> bool:
        """Whether something happens that does so in so many of a hundred cases."""
        return self._random.random() * 100 < percent

    def one(self, weights: Mapping[T, float]) -> T:
        """One of several outcomes, by weight."""
        return self._random.choices(list(weights), list(weights.values()))[0]

    def whole(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(least, most)

    def minutes(self, least: float, most: float) -> timedelta:
        """A short time, evenly spread."""
        return timedelta(microseconds=int(self._random.uniform(least, most) * 60_000_000))

    def about(self, median: timedelta, spread: float = 0.6) -> timedelta:
        """A time as work takes it: log-normal about a median, at most twenty times as long."""
        factor = min(self._random.lognormvariate(0, spread), 20.0)
        return timedelta(microseconds=int(median / timedelta(microseconds=1) * factor))

    def quantity(self, median: int) -> int:
        """A number of units: log-normal about a median, at least 1."""
        return max(1, round(self._random.lognormvariate(log(median), 0.7)))


def business_hours(moment: datetime, utc_offset_hours: int) -> timedelta:
    """How long to wait until an office at a UTC offset is open; nothing when it is."""
    local = moment + timedelta(hours=utc_offset_hours)
    if local.hour >= LAST_HOUR:
        local = (local + timedelta(days=1)).replace(hour=FIRST_HOUR)
    elif local.hour < FIRST_HOUR:
        local = local.replace(hour=FIRST_HOUR)
    while local.weekday() > FRIDAY:
        local = (local + timedelta(days=1)).replace(hour=FIRST_HOUR)
    return local - timedelta(hours=utc_offset_hours) - moment
