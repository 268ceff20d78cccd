"""What a side has written: how many records, and the last one of each order, compared with another side's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from avro.codec import HEADER, SchemaForId, decode
from domain.errors import RecordError, UnavailableError
from domain.order_state.build import RULE_ID, canonical
from domain.order_state.policy import REFERENCE_V1
from sinks.kafka_topic import TopicDirectory

_BATCH = 10_000
STALLED_SECONDS_MAX = 30.0
_PARTITION_EOF = KafkaError._PARTITION_EOF  # noqa: SLF001 - the library's only name for it


class Written(NamedTuple):
    """Committed records of an output topic, and the last value of each key."""

    records: int
    last: dict[bytes, bytes]


def written(kafka_config: Mapping[str, str], topic: str) -> Written:
    """Read an output topic to its end. Raises `UnavailableError` when it stops answering."""
    ends = {p: end for p, end in TopicDirectory(kafka_config).ends(topic).items() if end > 0}
    consumer = Consumer(
        {
            **kafka_config,
            "group.id": "bench-reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    records, last = 0, {}
    try:
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in ends])
        heard = time.monotonic()
        while ends:
            for message in consumer.consume(_BATCH, 0.2):
                heard = time.monotonic()
                partition, offset = message.partition() or 0, message.offset() or 0
                if (error := message.error()) is None:
                    records += 1
                    last[message.key() or b""] = message.value() or b""
                    offset += 1
                elif error.code() != _PARTITION_EOF:
                    raise KafkaException(error)
                if offset >= ends.get(partition, 0):
                    ends.pop(partition, None)
            if time.monotonic() - heard > STALLED_SECONDS_MAX:
                message_text = f"Topic {topic} stopped answering in partitions {sorted(ends)}."
                raise UnavailableError(message_text, remediation="A transaction may hang; look at the broker's log.")
    except KafkaException as error:
        text = f"Topic {topic} cannot be read: {error.args[0].str()}."
        raise UnavailableError(text, remediation="Look at the broker's log.") from error
    finally:
        consumer.close()
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
