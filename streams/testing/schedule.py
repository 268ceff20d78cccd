"""What may happen to records between their owner and a processor, written down so that it can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from random import Random
from typing import NamedTuple

from streams.testing.records import Record

Records = Sequence[Record] | Mapping[str, Sequence[Record]]
"""Records of the one input topic, or of several by topic."""


class Arrival(NamedTuple):
    """A record on its way to a topic; None is the only one."""

    topic: str | None
    record: Record


class After(Enum):
    """What happens when a batch has been applied."""

    NOTHING = "nothing"
    COMMIT = "commit"
    ABORT = "abort"
    CRASH = "crash"


class Turn(NamedTuple):
    """One batch of at most `records`, of the `choice`-th of the partitions with something to read, and what follows."""

    choice: int
    records: int
    after: After


@dataclass(frozen=True, slots=True)
class Schedule:
    """A possible course of events: what was published, how it arrived, how it was read.

    What the turns leave unread is read afterwards, and committed.
    """

    published: tuple[Arrival, ...]
    arrived: tuple[Arrival, ...]
    turns: tuple[Turn, ...] = ()


def arrivals(records: Records) -> tuple[Arrival, ...]:
    """The records with their topics, in the order they were published."""
    if isinstance(records, Mapping):
        return tuple(Arrival(topic, record) for topic, found in records.items() for record in found)
    return tuple(Arrival(None, record) for record in records)


def in_order_of_aggregates(published: Sequence[Arrival], shuffled: Sequence[Arrival]) -> tuple[Arrival, ...]:
    """The places of a shuffle, filled so that the records of each topic and key keep their own order."""
    waiting = {
        name: iter(list(found)) for name, found in groupby(sorted(published, key=_aggregate_name), key=_aggregate_name)
    }
    return tuple(next(waiting[_aggregate_name(arrival)]) for arrival in shuffled)


def _aggregate_name(arrival: Arrival) -> tuple[str, bytes]:
    return arrival.topic or "", arrival.record.key or b""


def random_schedule(records: Records, random: Random, *, keep_order: bool = False, duplicates: bool = True) -> Schedule:
    """A schedule drawn by `random`: permuted, repeated, cut into batches, with commits, aborts and crashes.

    With `keep_order` the records of each topic and key stay in order, as one producer and one partition keep them;
    the interleaving of keys still changes. Without `duplicates` each record arrives once.
    """
    published = arrivals(records)
    arrived = list(published)
    if duplicates and published:
        arrived += random.choices(published, k=random.randint(0, max(2, len(published) // 4)))
    shuffled = random.sample(arrived, len(arrived))
    turns = [
        Turn(random.randrange(8), random.randint(1, max(1, len(arrived) // 2)), random.choice(list(After)))
        for _ in range(random.randint(0, 12))
    ]
    ordered = in_order_of_aggregates(arrived, shuffled) if keep_order else tuple(shuffled)
    return Schedule(published, ordered, tuple(turns))
