"""What a recount remembers of the events: numbers, times and the first of each thing."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from domain.fold.heard import Heard

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Place = tuple[str, date, str]
"""Tenant, day and scope."""


class Counted(NamedTuple):
    """What a metric comes to in one place."""

    numerator: int
    denominator: int
    p95: int | None = None


class Tallies:
    """Numbers by metric, each for a tenant, a day and a scope."""

    def __init__(self) -> None:
        self.above: dict[str, dict[Place, int]] = defaultdict(lambda: defaultdict(int))
        self.below: dict[str, dict[Place, int]] = defaultdict(lambda: defaultdict(int))
        self.times: dict[str, dict[Place, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.first: dict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
        self.orders: dict[tuple[str, str], tuple[int, str, int]] = {}
        self.quotes: dict[tuple[str, str], tuple[int, str, str]] = {}
        self.replaced: dict[tuple[str, str], datetime] = {}
        self.checkpoints: dict[tuple[str, date, str], tuple[int, str, int]] = {}
        self.newest: dict[str, int] = {}

    def add(self, name: str, event: Heard, scope: str = "", number: int = 1) -> None:
        """Count something."""
        self.above[name][event.tenant, day_of(event.time_us), scope] += number

    def over(self, name: str, event: Heard) -> None:
        """One of those a share is over."""
        self.below[name][event.tenant, day_of(event.time_us), ""] += 1

    def share(self, name: str, event: Heard, *, hit: bool) -> None:
        """One of those a share is over, and a hit or not."""
        self.over(name, event)
        if hit:
            self.add(name, event)

    def time(self, name: str, event: Heard, scope: str, number: int) -> None:
        """A number that is averaged."""
        self.times[name][event.tenant, day_of(event.time_us), scope].append(number)

    def mark(self, name: str, event: Heard, *key: str) -> None:
        """Remember the first time something happened to a key; a key that is not told is none."""
        if all(key):
            at = self.first[name]
            at[event.tenant, *key] = min(event.time_us, at.get((event.tenant, *key), event.time_us))


def us_of(at: datetime) -> int:
    """Microseconds since the epoch."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def day_of(at_us: int) -> date:
    """The day in UTC."""
    return (_EPOCH + timedelta(microseconds=at_us)).date()
