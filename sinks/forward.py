"""The one guard of all sinks: rows only move forward, whatever is delivered how often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from domain.errors import IntegrityError
from sinks.contract import SinkBatch, SinkRewound, SinkRow, Tally


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the row a store holds for a key came from; a grave has version 0."""

    partition: int
    offset: int
    version: int


@dataclass(slots=True)
class Advance:
    """What a batch does to a store: the last row of each moving key, tally and next offset by partition."""

    rows: dict[str, SinkRow] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)
    next_offsets: dict[int, int] = field(default_factory=dict)

    @property
    def total(self) -> Tally:
        """The tally over all partitions."""
        return sum(self.tallies.values(), Tally())


class _Fate(Enum):
    APPLIED = auto()
    DUPLICATE = auto()
    STALE = auto()


def keys_to_move(batch: SinkBatch, positions: Mapping[int, int]) -> list[str]:
    """The keys whose standing `advance` needs: those of records not yet behind the position, in stable order."""
    return sorted({row.key for row in batch.rows if row.offset >= positions.get(row.partition, 0)})


def advance(
    batch: SinkBatch, positions: Mapping[int, int], standings: Mapping[str, Standing], *, once: bool = False
) -> Advance:
    """Decide what a batch changes.

    A record before the position, or at the offset its row came from, is a duplicate. One older than its row, by
    offset or by version, is stale; where each key is written `once`, it is a duplicate, too. A tombstone ends the life
    of a row, and what follows starts a new one.
    Raises `SinkRewound` when a stored position lies before its span, and `IntegrityError` when a key
    comes from another partition than its row did: their offsets cannot be compared.
    """
    result = Advance()
    for partition, span in batch.spans.items():
        stored = positions.get(partition, 0)
        if stored < span.start:
            message = f"The position of {batch.identity.topic}-{partition} went back from {span.start} to {stored}."
            raise SinkRewound(message, remediation="Reading starts over from there by itself.")
        result.next_offsets[partition] = max(stored, span.end)
        repeated = sum(offset < stored for offset in span.dead_letters)
        dead = len(span.dead_letters) - repeated
        result.tallies[partition] = Tally(read=dead + repeated, duplicate=repeated, dead_lettered=dead)
    moving = dict(standings)
    fates: dict[int, list[_Fate]] = {partition: [] for partition in batch.spans}
    for row in batch.rows:
        fate = _Fate.DUPLICATE
        if row.offset >= positions.get(row.partition, 0):
            fate = _fate(row, moving.get(row.key), once=once)
        fates[row.partition].append(fate)
        if fate is _Fate.APPLIED:
            result.rows[row.key] = row
            moving[row.key] = Standing(row.partition, row.offset, row.version)
    for partition, found in fates.items():
        result.tallies[partition] += _tally(found)
    return result


def _fate(row: SinkRow, standing: Standing | None, *, once: bool) -> _Fate:
    if standing is None:
        return _Fate.APPLIED
    if once:
        return _Fate.DUPLICATE
    if standing.partition != row.partition:
        message = f"The key {row.key} is in partition {row.partition}, and its row came from {standing.partition}."
        raise IntegrityError(message, remediation="Every producer must partition by murmur2 of the key; mend that one.")
    if row.offset == standing.offset:
        return _Fate.DUPLICATE
    if row.offset < standing.offset:
        return _Fate.STALE
    if row.cells is not None and row.version < standing.version:
        return _Fate.STALE
    return _Fate.APPLIED


def _tally(fates: Iterable[_Fate]) -> Tally:
    found = list(fates)
    return Tally(
        read=len(found),
        applied=found.count(_Fate.APPLIED),
        duplicate=found.count(_Fate.DUPLICATE),
        stale=found.count(_Fate.STALE),
    )
