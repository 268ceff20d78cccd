"""How far the time of an application has come, from the newest records of its changelog alone."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from compose.verify.raw import committed_reader, is_end, taken
from domain.errors import UnavailableError
from streams.engine.position import POSITION_KEY, Position
from streams.engine.restore import watermarks

LOOK_BACK = 64
"""Each commit ends with a position record, so the newest one is near the end."""
ANSWER_SECONDS_MAX = 10.0


def newest_positions(kafka_config: Mapping[str, str], changelog: str) -> dict[int, Position | None]:
    """The newest position of each partition; None where nothing was committed yet.

    Raises `UnavailableError` when the broker does not answer.
    """
    consumer = committed_reader(kafka_config)
    try:
        known = consumer.list_topics(changelog, timeout=ANSWER_SECONDS_MAX).topics[changelog]
        if known.error is not None:
            raise KafkaException(known.error)
        return {p: _newest(consumer, TopicPartition(changelog, p)) for p in sorted(known.partitions)}
    except KafkaException as error:
        message = f"Topic {changelog} cannot be read: {error.args[0].str()}."
        raise UnavailableError(message, remediation="Check the broker, and that `topics apply` was run.") from error
    finally:
        consumer.close()


def _newest(consumer: Consumer, here: TopicPartition) -> Position | None:
    begin, end = watermarks(consumer, here)
    back = LOOK_BACK
    while True:
        start = max(begin, end - back)
        found = _last_position(consumer, TopicPartition(here.topic, here.partition, start), end)
        if found is not None or start == begin:
            return found
        back *= 8


def _last_position(consumer: Consumer, start: TopicPartition, end: int) -> Position | None:
    found: Position | None = None
    consumer.assign([start])
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while start.offset < end:
        for message in taken(consumer, 1000):
            if is_end(message):
                return found
            if message.key() == POSITION_KEY and message.value():
                found = Position.from_bytes(message.value() or b"")
        if time.monotonic() > deadline:
            text = f"Topic {start.topic} does not answer in partition {start.partition}."
            raise UnavailableError(text, remediation="Check the broker.")
    return found


def reached_everywhere(kafka_config: Mapping[str, str], changelog: str, clock: str, moment_us: int) -> bool:
    """Whether every partition of an application has believed everything up to a moment of a clock."""
    positions = newest_positions(kafka_config, changelog).values()
    return all(p is not None and p.watermark.get(clock, 0) >= moment_us for p in positions)
