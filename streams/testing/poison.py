"""Records no reader can take: each function spoils a sound one in its own way."""

from __future__ import annotations

from random import Random

from avro.codec import MAGIC, frame, unframe
from streams.testing.records import Record

UNKNOWN_ID = 2_000_000_000


def garbage(record: Record, seed: int = 0, size: int = 40) -> Record:
    """Random bytes for a value; the first is no magic byte."""
    random = Random(seed)
    return record._replace(value=bytes([random.randrange(1, 256)]) + random.randbytes(size - 1))


def bad_magic(record: Record) -> Record:
    """The value of somebody who frames differently."""
    return record._replace(value=bytes([MAGIC + 1]) + _value(record)[1:])


def truncated(record: Record, missing: int = 3) -> Record:
    """The value without its last bytes."""
    return record._replace(value=_value(record)[:-missing])


def trailing(record: Record, extra: bytes | None = None) -> Record:
    """The value with bytes to spare: by default a whole body once more, which careless readers take for a record."""
    value = _value(record)
    return record._replace(value=value + (bytes(unframe(value).body) if extra is None else extra))


def unknown_schema(record: Record, schema_id: int = UNKNOWN_ID) -> Record:
    """The body under a schema id nobody gave out."""
    return record._replace(value=frame(schema_id, bytes(unframe(_value(record)).body)))


def tombstone(record: Record) -> Record:
    """No value at all: on a topic of events there is nothing to delete."""
    return record._replace(value=None)


def poisons(record: Record) -> dict[str, Record]:
    """Every way to spoil a record, by its name."""
    ways = (garbage, bad_magic, truncated, trailing, unknown_schema, tombstone)
    return {way.__name__: way(record) for way in ways}


def _value(record: Record) -> bytes:
    return record.value or b""
