"""The accounting equation: every record read is applied, duplicate, stale or dead-lettered, for each partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from compose.verify.compare import Mismatch
from compose.verify.expected import Expected
from compose.verify.raw import Raw
from domain.order_state.facts import Outcome
from streams.engine.position import POSITION_KEY, Position
from streams.engine.processor import Counts


def positions(changelog: Iterable[Raw]) -> dict[int, Position]:
    """The newest position record of each partition of a changelog."""
    return {r.partition: Position.from_bytes(r.value) for r in changelog if r.key == POSITION_KEY and r.value}


def dead_letters(raw: Iterable[Raw], consumer: str) -> Counter[tuple[int, int]]:
    """How often each place of the source topic stands among the dead letters of a consumer."""
    found: Counter[tuple[int, int]] = Counter()
    for record in raw:
        headers = dict(record.headers)
        if headers.get("dlq_consumer") == consumer.encode():
            found[(int(headers["dlq_partition"]), int(headers["dlq_offset"]))] += 1
    return found


class Balance(NamedTuple):
    """How many records were left out, and how many were taken more often than they are there."""

    lost: int
    double_counted: int


def check(
    topic: str, found: Mapping[int, Position], letters: Counter[tuple[int, int]], expected: Expected
) -> Iterator[Mismatch]:
    """Where the consumer's own count differs from the records that are there, or does not add up.

    The order of a partition's records leaves one possible count of applied, duplicate and stale ones: a record that
    was taken twice, and recognised as a duplicate the second time, shows in it though nothing else does.
    """
    for partition in sorted({*found, *expected.read}):
        counts = _counts(found, topic, partition)
        where, key = "accounting", f"{topic}[{partition}]"
        if counts.read != expected.read[partition]:
            yield Mismatch(where, key, "read", expected.read[partition], counts.read)
        if not counts.balanced:
            yield Mismatch(where, key, "sum", counts.read, sum(counts.to_plain()[1:]))
        unreadable = _unreadable(expected, partition)
        if counts.dead_lettered != unreadable:
            yield Mismatch(where, key, "deadLettered", unreadable, counts.dead_lettered)
        if expected.omitted:
            continue  # what an event that is left out would have come to is not known
        told = {Outcome.APPLIED: counts.applied, Outcome.DUPLICATE: counts.duplicate, Outcome.STALE: counts.stale}
        for outcome, count in told.items():
            ought = expected.outcomes[partition][outcome]
            if count != ought:
                yield Mismatch(where, key, outcome.value, ought, count)
    for place in sorted({*letters, *expected.unreadable}):
        if letters[place] != (place in expected.unreadable):
            name = f"{topic}[{place[0]}]@{place[1]}"
            yield Mismatch("dead letters", name, "count", int(place in expected.unreadable), letters[place])


def balance(
    topic: str, found: Mapping[int, Position], letters: Counter[tuple[int, int]], expected: Expected
) -> Balance:
    """What the count says of loss and doubling, partition by partition.

    Double counted is whatever was read, applied or called a duplicate beyond the records that are there: the second
    taking of a record ends in one of these. Lost is what was neither. Unreadable records count by their dead letters.
    """
    lost = doubled = 0
    for partition in sorted({*found, *expected.read}):
        counts, outcomes = _counts(found, topic, partition), expected.outcomes[partition]
        if expected.omitted:
            outcomes = Counter({Outcome.APPLIED: counts.applied + counts.stale, Outcome.DUPLICATE: counts.duplicate})
        fresh = counts.applied + counts.stale - outcomes[Outcome.APPLIED] - outcomes[Outcome.STALE]
        repeated = counts.duplicate - outcomes[Outcome.DUPLICATE]
        beyond = counts.read - expected.read[partition]
        doubled += max(0, beyond, fresh, repeated)
        lost += max(0, -beyond, -fresh - max(0, repeated))
    lost += sum(1 for place in expected.unreadable if not letters[place])
    doubled += sum(max(0, count - (place in expected.unreadable)) for place, count in letters.items())
    return Balance(lost, doubled)


def table(topic: str, found: Mapping[int, Position]) -> dict[str, Any]:
    """The equation for each partition and in sum, for people and programs."""
    total = Counts()
    partitions = {}
    for partition in sorted(found):
        counts = _counts(found, topic, partition)
        total.add(counts)
        partitions[str(partition)] = asdict(counts)
    return {"topic": topic, "partitions": partitions, "total": asdict(total), "balanced": total.balanced}


def _counts(found: Mapping[int, Position], topic: str, partition: int) -> Counts:
    position = found.get(partition)
    return position.counts.get(topic, Counts()) if position else Counts()


def _unreadable(expected: Expected, partition: int) -> int:
    return sum(1 for p, _ in expected.unreadable if p == partition)
