"""What a side has written: how many records, and the last one of each order, compared with another side's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from avro.codec import HEADER, SchemaForId, decode
from compose.verify.raw import read_messages
from domain.errors import RecordError
from domain.order_state.build import RULE_ID, canonical
from domain.order_state.policy import REFERENCE_V1


class Written(NamedTuple):
    """Committed records of an output topic, and the last value of each key."""

    records: int
    last: dict[bytes, bytes]


def written(kafka_config: Mapping[str, str], topic: str) -> Written:
    """Read an output topic to its end. Raises `UnavailableError` when it stops answering."""
    records, last = 0, {}
    for message, _ in read_messages(kafka_config, topic):
        records += 1
        last[message.key() or b""] = message.value() or b""
    return Written(records, last)


def differing(reference: Mapping[bytes, bytes], other: Mapping[bytes, bytes], schema_for_id: SchemaForId) -> int:
    """How many orders are missing on one of two sides, or have a last record that says something else.

    Bytes are compared up to where the record tells its own circumstances (clock, lag); where they differ, the decoded
    records decide, without the places events were read at.
    """
    missing = len(reference.keys() ^ other.keys())
    return missing + sum(
        not _same(value, other[key], schema_for_id) for key, value in reference.items() if key in other
    )


def _same(one: bytes, two: bytes, schema_for_id: SchemaForId) -> bool:
    told = _told(one)
    if told is not None and told == _told(two):
        return True
    try:
        return canonical(decode(one, schema_for_id).data) == canonical(decode(two, schema_for_id).data)
    except RecordError:
        return False


def _text(value: str) -> bytes:
    return bytes((2 * len(value),)) + value.encode()


_RULE = _text(RULE_ID) + _text(REFERENCE_V1.policy_id)


def _told(value: bytes) -> bytes | None:
    """The record up to the version of its rule, without schema id; behind it stand the clock and constants."""
    end = value.rfind(_RULE)
    return value[HEADER.size : end] if end > 0 else None
