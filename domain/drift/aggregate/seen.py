"""Which versions of an aggregate were seen, in ranges, and what the newest of them looked like (R93, R105)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from domain.fold.facts import Joined
from domain.fold.heard import Heard

REMEMBERED = 128
"""Newest versions whose content is remembered; what is sent again after so many others is not compared."""
RIVALS_MAX = 3
"""Contents of one version that are told apart; more would say nothing new."""
_DIGEST = (1 << 32) - 1

Held = list[list[Any]]
"""Ranges as [first version, last version, time of the first], and prints as [version, content, id, time, stated]."""


class Seen(Joined):
    """One more version that was seen; `stated` is what its event says of the course of things (`course.stated`)."""

    __slots__ = ("_print", "_version")

    def __init__(self, event: Heard, stated: Sequence[Any] = ()) -> None:
        self._version = event.version
        # ids are compared across versions, where two that look alike would be a false alarm
        identity = hashlib.blake2b(event.event_id.encode(), digest_size=8).digest()
        content = event.content & _DIGEST
        self._print = [event.version, content, int.from_bytes(identity, "big") >> 2, event.time_us, *stated]

    def joined(self, held: Held | None) -> Held:
        """See `Joined`."""
        ranges, prints = held if held is not None else ([], [])
        return [self._ranges(ranges), self._prints(prints)]

    def _ranges(self, ranges: list[list[int]]) -> list[list[int]]:
        version, time_us = self._version, self._print[3]
        if ranges and ranges[-1][1] + 1 == version:  # in order: the newest range grows
            first, _, began_us = ranges[-1]
            return [*ranges[:-1], [first, version, began_us]]
        found: list[list[int]] = []
        for first, last, began_us in sorted([*ranges, [version, version, time_us]]):
            if not found or first > found[-1][1] + 1:
                found.append([first, last, began_us])
                continue
            start, end, start_us = found[-1]
            found[-1] = [start, max(end, last), min(start_us, began_us) if first == start else start_us]
        return found

    def _prints(self, prints: list[list[int]]) -> list[list[int]]:
        if not prints or prints[-1][0] < self._version:
            found = [*prints, self._print]
        elif self._print in prints:
            return prints
        else:
            found = sorted([*prints, self._print])
            found = [p for n, p in enumerate(found) if n < RIVALS_MAX or found[n - RIVALS_MAX][0] != p[0]]
        oldest = found[-1][0] - REMEMBERED
        return found if found[0][0] > oldest else [p for p in found if p[0] > oldest]


def gaps(held: Held) -> Iterator[tuple[int, int, int]]:
    """Versions that are missing, as (first, last, when something after them was first seen)."""
    ranges = held[0]
    if ranges and ranges[0][0] > 1:
        yield 1, ranges[0][0] - 1, ranges[0][2]
    for earlier, later in pairwise(ranges):
        yield earlier[1] + 1, later[0] - 1, later[2]


def conflicts(held: Held) -> Iterator[tuple[str, int]]:
    """What contradicts itself: versions with several contents, and ids under several versions, with the time."""
    prints = held[1]
    for earlier, later in pairwise(prints):
        if earlier[0] == later[0] and earlier[1:3] != later[1:3]:
            yield f"version {later[0]} has several contents", max(earlier[3], later[3])
    versions: dict[int, list[int]] = {}
    for known in prints:
        before = versions.setdefault(known[2], known)
        if before[0] != known[0]:
            yield f"one event id stands for versions {before[0]} and {known[0]}", max(before[3], known[3])
