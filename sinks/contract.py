"""What every sink promises, whatever store it fills.

A sink mirrors derived topics into tables. It keeps, beside the rows, the offset up to which it has applied each
partition, so that a restart neither loses nor repeats an effect.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from domain.errors import IntegrityError, RecordError, UnavailableError
from sinks.table import Cell, Table

RESET = "If that is intended, empty the sink for this topic and let it read the topic from its beginning."


@dataclass(frozen=True, slots=True)
class TopicIdentity:
    """A topic that cannot be mistaken for another: offsets mean nothing without the cluster and the topic's own id."""

    cluster_id: str
    topic: str
    topic_id: str


@dataclass(frozen=True, slots=True)
class SinkRecord:
    """One decoded record of a derived topic; `record` is None for a tombstone, `published_at` the log's time."""

    key: str
    record: Mapping[str, Any] | None
    partition: int
    offset: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class SinkRow:
    """A record in the shape of its table: `cells` in column order, None for a tombstone."""

    key: str
    version: int
    cells: tuple[Cell, ...] | None
    partition: int
    offset: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets [start, end) of one partition that a batch covers, and those in it that became dead letters."""

    start: int
    end: int
    dead_letters: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of records: read = applied + duplicate + stale + dead_lettered."""

    read: int = 0
    applied: int = 0
    duplicate: int = 0
    stale: int = 0
    dead_lettered: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Tally)))


@dataclass(frozen=True, slots=True)
class SinkBatch:
    """Consecutive records of one topic: rows in the order read, and the span of each partition they come from."""

    identity: TopicIdentity
    spans: Mapping[int, Span]
    rows: Sequence[SinkRow] = field(default_factory=tuple)


class SinkBusy(UnavailableError):  # noqa: N818 - named for the state, as back-pressure is no malfunction
    """The store asks for patience: the same batch may come again after `retry_after_s` seconds."""

    def __init__(self, message: str, *, retry_after_s: float, remediation: str = "") -> None:
        super().__init__(message, remediation=remediation)
        self.retry_after_s = retry_after_s


class SinkRewound(UnavailableError):  # noqa: N818 - named for the state
    """The stored position lies before the batch: somebody emptied the sink, and reading must start over from there."""


class RowRefused(RecordError):  # noqa: N818 - the row is at fault, not the sink
    """The store cannot hold one row; nothing of its batch was applied. (`partition`, `offset`) says which."""

    def __init__(self, code: str, message: str, *, partition: int, offset: int) -> None:
        super().__init__(
            code, message, stage="apply", remediation="Mend its producer, then let the derivation publish it again."
        )
        self.partition = partition
        self.offset = offset


class Sink(ABC):
    """A store that mirrors the tables of derived topics.

    Used by one thread. Every method raises `UnavailableError` when the store is away (nothing was lost: call again)
    and `SinkBusy` when it asks for patience. `name` tells sinks apart in dead letters and consumer groups.
    """

    name: str

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = {table.topic: table for table in tables}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def setup(self) -> None:
        """Bring schema and tables to the shape wanted; does nothing when they have it.

        A table of another shape is made anew and its positions forgotten, so that it fills from the topic.
        """

    @abstractmethod
    def claim(self, identity: TopicIdentity) -> None:
        """Check that the stored positions are this topic's. Raises `IntegrityError` when they are another's."""

    @abstractmethod
    def positions(self, topic: str) -> dict[int, int]:
        """The next offset of each partition that was ever applied, as stored with the effect."""

    @abstractmethod
    def tallies(self, topic: str) -> dict[int, Tally]:
        """What became of the records up to the position, for each partition, as stored with it."""

    @abstractmethod
    def write(self, batch: SinkBatch) -> Tally:
        """Apply a batch and move the positions to the ends of its spans; returns what became of its records.

        Repeating a batch changes nothing. Raises `SinkRewound` when a position lies before its span,
        `RowRefused` when the store cannot hold one row, `IntegrityError` for another topic's batch.
        """

    @abstractmethod
    def reset(self, topic: str) -> None:
        """Forget the rows and positions of a topic, so that it is read from its beginning again."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection; the next call opens it again."""

    @abstractmethod
    def check_cells(self, cells: tuple[Cell, ...]) -> None:
        """Raise `RecordError` (stage `apply`) for a value this store has no room for."""

    def prepare(self, topic: str, record: SinkRecord) -> SinkRow:
        """The row of a record. Raises `RecordError` (stage `apply`) when it does not fit its table."""
        if record.record is None:
            self.check_cells((record.key,))
            return SinkRow(record.key, 0, None, record.partition, record.offset, record.published_at)
        return self.placed(topic, record, self.tables[topic].cells(record.record))

    def placed(self, topic: str, record: SinkRecord, cells: tuple[Cell, ...]) -> SinkRow:
        """The row with these cells. Raises `RecordError` (stage `apply`) when the store cannot hold them."""
        table = self.tables[topic]
        self.check_cells(cells)
        if cells[table.key_index] != record.key:
            message = f"The key {record.key!r} is not the {table.key} of the record."
            raise RecordError("KEY_MISMATCH", message, stage="apply", remediation="Mend its producer.")
        version = cells[table.version_index]
        assert isinstance(version, int)
        return SinkRow(record.key, version, cells, record.partition, record.offset, record.published_at)


def require_same(stored: tuple[str, str], identity: TopicIdentity, sink: str) -> None:
    """Raise `IntegrityError` unless (cluster id, topic id) as stored are those of the topic being read."""
    if stored == (identity.cluster_id, identity.topic_id):
        return
    cluster, topic_id = stored
    message = (
        f"The {sink} sink holds {identity.topic} of cluster {cluster} (topic id {topic_id}), "
        f"and it is being fed from cluster {identity.cluster_id} (topic id {identity.topic_id})."
    )
    raise IntegrityError(message, remediation=f"Point it at the cluster it was filled from. {RESET}")
