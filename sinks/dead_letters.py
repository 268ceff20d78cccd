"""Records that could not be applied, kept byte for byte beside their topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from avro.headers import format_time
from domain.errors import RecordError, UnavailableError
from sinks.kafka_topic import LIBRDKAFKA

FLUSH_TIMEOUT_S = 15.0
MESSAGE_MAX_BYTES = 16 * 1024 * 1024

log = structlog.get_logger(__name__)

Place = tuple[str, int, int]


REASON_CHARS_MAX = 1024
"""A reason may quote the record; the dead letter must still fit its topic."""


class DeadLetters:
    """Publishes dead letters for one consumer.

    A letter is kept at least once: a crash between flushing it and moving the position repeats it with the same
    `dlq_topic`, `dlq_partition` and `dlq_offset`. Within one process nothing is repeated.
    """

    def __init__(self, kafka_config: Mapping[str, Any], consumer: str) -> None:
        self._consumer = consumer
        self._sent: set[Place] = set()
        self._producer = Producer(
            {
                **kafka_config,
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": 0,
                "delivery.timeout.ms": int(FLUSH_TIMEOUT_S * 1000) - 1000,
                "message.max.bytes": MESSAGE_MAX_BYTES,
            },
            logger=LIBRDKAFKA,
        )

    def keep(self, topic: str, letters: list[tuple[Message, RecordError]]) -> None:
        """Publish those letters to `topic` that were not yet, and wait until the broker has them all.

        Raises `UnavailableError` when it does not take them; the position must not move then.
        """
        if not letters:
            return
        fresh = [(m, error) for m, error in letters if _place(m) not in self._sent]
        failures: list[KafkaError] = []
        kept: list[Place] = []

        def receipt(place: Place) -> Callable[[KafkaError | None, Message], None]:
            return lambda failure, _: kept.append(place) if failure is None else failures.append(failure)

        try:
            for message, reason in fresh:
                place = _place(message)
                self._producer.produce(
                    topic,
                    value=message.value(),
                    key=message.key(),
                    headers=[*(message.headers() or []), *self._headers(place, reason)],
                    on_delivery=receipt(place),
                )
            self._producer.flush(FLUSH_TIMEOUT_S)
        except (KafkaException, BufferError) as error:
            raise _refused(str(error)) from error
        for message, reason in fresh:
            log.warning("dead_lettered", topic=message.topic(), stage=reason.stage, code=reason.code, to=topic)
        self._sent.update(kept)
        if len(kept) < len(fresh):
            raise _refused(failures[0].str() if failures else "no answer in time")

    def forget(self, topic: str, partition: int, before: int) -> None:
        """The position moved to `before`: no letter below it can come again."""
        self._sent = {p for p in self._sent if p[:2] != (topic, partition) or p[2] >= before}

    def _headers(self, place: Place, error: RecordError) -> list[tuple[str, bytes]]:
        topic, partition, offset = place
        values = {
            "dlq_topic": topic,
            "dlq_partition": str(partition),
            "dlq_offset": str(offset),
            "dlq_consumer": self._consumer,
            "dlq_stage": error.stage,
            "dlq_error_code": error.code,
            "dlq_error_message": error.message[:REASON_CHARS_MAX],
            "dlq_attempts": "1",
            "dlq_time": format_time(datetime.now(UTC)),
        }
        return [(name, value.encode()) for name, value in values.items()]


def _place(message: Message) -> Place:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return topic, partition, offset


def _refused(reason: str) -> UnavailableError:
    message = f"A dead letter could not be kept: {reason}."
    return UnavailableError(
        message, remediation="Check the broker and that its dlq. topics exist; nothing was skipped."
    )
