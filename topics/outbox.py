"""The outbox: events that a committed transaction wants published, in the order it wrote them.

`seq` is given when a row is inserted, not when it is committed. Within one aggregate that order is still the order
of versions: a writer adds version n + 1 only after it has read the committed version n, hence after n got its `seq`.
So whoever reads the unpublished rows by `seq` meets the events of each aggregate in order and without a hole.

An event that cannot be put into wire format is parked: it and the later ones of its aggregate are passed over until it
can be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from psycopg import Connection

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A row to be written; `record` is the record's full name, `schema` the fingerprint of its Avro schema."""

    topic: str
    key: str
    event_id: str
    record: str
    schema: str
    headers: Iterable[tuple[str, bytes]]
    body: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """An unpublished row as the relay reads it; `body` is Avro without the wire header."""

    seq: int
    topic: str
    key: str
    event_id: str
    record: str
    schema: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Published:
    """Where a row ended up."""

    seq: int
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Parked:
    """A row that cannot be published, why, and how many unpublished rows of its aggregate wait, itself included."""

    message: OutboxMessage
    reason: str
    waiting: int


_INSERT = """
INSERT INTO aggregates.outbox (topic, key, event_id, record, schema_fingerprint, headers, body, created_at)
SELECT topic, key, event_id, record, schema_fingerprint, headers::jsonb, body, created_at
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::timestamptz[])
    WITH ORDINALITY
    AS new(topic, key, event_id, record, schema_fingerprint, headers, body, created_at, position)
ORDER BY position
"""

# The outer filter keeps the batch within its bytes but always lets the first row through.
_UNPUBLISHED = """
SELECT seq, topic, key, event_id, record, schema_fingerprint, headers::text, body
FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS bytes_before
    FROM (
        SELECT * FROM aggregates.outbox AS row
        WHERE published_at IS NULL AND NOT EXISTS (
            SELECT FROM aggregates.outbox_parked AS parked WHERE parked.topic = row.topic AND parked.key = row.key
        )
        ORDER BY seq LIMIT %b
    ) AS oldest
) AS measured
WHERE bytes_before < %b
ORDER BY seq
"""

_PARKED = """
SELECT row.seq, row.topic, row.key, row.event_id, row.record, row.schema_fingerprint, row.headers::text, row.body,
    parked.reason, waiting.count
FROM aggregates.outbox_parked AS parked
JOIN aggregates.outbox AS row USING (seq)
CROSS JOIN LATERAL (
    SELECT count(*) FROM aggregates.outbox AS later
    WHERE later.published_at IS NULL AND later.topic = row.topic AND later.key = row.key
) AS waiting
ORDER BY row.seq LIMIT %b
"""

_MARK = """
UPDATE aggregates.outbox AS row
SET published_at = now(), kafka_partition = report.kafka_partition, kafka_offset = report.kafka_offset
FROM unnest(%b::bigint[], %b::integer[], %b::bigint[]) AS report(seq, kafka_partition, kafka_offset)
WHERE row.seq = report.seq AND row.published_at IS NULL
"""


@cache
def schema_fingerprint(text: str) -> str:
    """Short fingerprint of an Avro schema: 16 hex digits of the SHA-256 of its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def insert(connection: Connection[Any], rows: Sequence[OutboxRow]) -> None:
    """Add rows in this order, in the caller's transaction."""
    if not rows:
        return
    headers = [orjson.dumps([[n, v.decode()] for n, v in row.headers]).decode() for row in rows]
    connection.execute(
        _INSERT,
        (
            [row.topic for row in rows],
            [row.key for row in rows],
            [row.event_id for row in rows],
            [row.record for row in rows],
            [row.schema for row in rows],
            headers,
            [row.body for row in rows],
            [row.created_at for row in rows],
        ),
    )


def unpublished(connection: Connection[Any], rows_max: int, bytes_max: int) -> list[OutboxMessage]:
    """The oldest unpublished rows in order: at most `rows_max`, and `bytes_max` of bodies give or take one.

    Aggregates with a parked row are passed over.
    """
    found = connection.execute(_UNPUBLISHED, (rows_max, bytes_max), binary=True).fetchall()
    return [_message(*row) for row in found]


def _message(
    seq: int, topic: str, key: str, event_id: str, record: str, schema: str, headers: str, body: bytes
) -> OutboxMessage:
    pairs = tuple((name, value.encode()) for name, value in orjson.loads(headers))
    return OutboxMessage(seq, topic, key, event_id, record, schema, pairs, body)


def park(connection: Connection[Any], message: OutboxMessage, reason: str) -> None:
    """Set a row aside with the reason; the rows of its aggregate are passed over until `unpark`."""
    connection.execute(
        "INSERT INTO aggregates.outbox_parked (seq, topic, key, reason) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (message.seq, message.topic, message.key, reason),
    )


def parked(connection: Connection[Any], rows_max: int) -> list[Parked]:
    """The rows that were set aside, oldest first, at most `rows_max`."""
    found = connection.execute(_PARKED, (rows_max,), binary=True).fetchall()
    return [Parked(_message(*row), reason, waiting) for *row, reason, waiting in found]


def unpark(connection: Connection[Any], seqs: Sequence[int]) -> None:
    """Let rows that can be published now, and those behind them, go on."""
    connection.execute("DELETE FROM aggregates.outbox_parked WHERE seq = ANY(%s)", (list(seqs),))


def mark_published(connection: Connection[Any], published: Sequence[Published]) -> None:
    """Note where rows ended up; a row that is marked already keeps its first place."""
    connection.execute(
        _MARK,
        ([p.seq for p in published], [p.partition for p in published], [p.offset for p in published]),
    )


def stored_schema(connection: Connection[Any], fingerprint: str) -> str | None:
    """The Avro schema a body was written with, as text; None when nobody kept it."""
    row = connection.execute("SELECT schema FROM aggregates.schemas WHERE fingerprint = %s", (fingerprint,)).fetchone()
    return None if row is None else str(row[0])


def unpublished_count(connection: Connection[Any]) -> int:
    """How many rows wait to be published."""
    row = connection.execute("SELECT count(*) FROM aggregates.outbox WHERE published_at IS NULL").fetchone()
    assert row is not None
    return int(row[0])
