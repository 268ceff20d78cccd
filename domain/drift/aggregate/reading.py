"""How long a declared consumer has stood behind what it reads, from what it was seen to have committed (R246, R343)."""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.fold.facts import Joined
from domain.fold.reading import Data, text, whole

BUCKET_US = 5 * 60 * 1_000_000
KEPT_BUCKETS = 288
"""One end for each five minutes of the last day: how long it stood behind before that is not remembered."""

Held = list[Any]
"""Largest committed offset, newest report's time, and the ends it has not reached as [bucket, end, -time]."""


class Reading(NamedTuple):
    """The newest report about a consumer."""

    consumer: str
    topic: str
    partition: int
    committed: int
    end: int

    @classmethod
    def of(cls, data: Data) -> list[Any]:
        """As plain data."""
        offsets = (whole(data, name) or 0 for name in ("partition", "committedOffset", "endOffset"))
        return [text(data, "consumer") or "", text(data, "topic") or "", *offsets]


class Unreached(Joined):
    """One more end of a partition, which the consumer has reached or not."""

    __slots__ = ("_committed", "_end", "_time_us")

    def __init__(self, committed: int, end: int, time_us: int) -> None:
        self._committed = committed
        self._end = end
        self._time_us = time_us

    def joined(self, held: Held | None) -> Held:
        """See `Joined`: what was reached once, or is too long ago, is forgotten, whatever comes in which order."""
        committed, newest_us, known = held if held is not None else (self._committed, self._time_us, [])
        committed, newest_us = max(committed, self._committed), max(newest_us, self._time_us)
        found = [*known, [self._time_us // BUCKET_US, self._end, -self._time_us]]
        furthest = {bucket: [bucket, end, minus_us] for bucket, end, minus_us in sorted(found)}
        oldest = newest_us // BUCKET_US - KEPT_BUCKETS
        kept = [one for bucket, one in furthest.items() if bucket > oldest and one[1] > committed]
        return [committed, newest_us, kept]


def behind_since_us(held: Held, newest: Reading, reported_us: int) -> int:
    """Since when the consumer stands behind: when the first end it has not reached was seen, as far as is known."""
    times: list[int] = [-minus_us for _, end, minus_us in held[2] if end > newest.committed]
    return min([*times, reported_us])
