"""Where records go that cannot be read or applied: byte for byte, with the reason beside them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import structlog

from avro.headers import format_time
from domain.errors import RecordError
from streams.engine.batch import Headers, RecordBatch

log = structlog.get_logger(__name__)

REASON_BYTES_MAX = 2048
"""A reason may quote the record; the dead letter must still fit its topic."""


class DeadLetter(NamedTuple):
    """A record for `dlq.<source topic>`; unlike an output it may lack a key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


def dead_letter(topic: str, batch: RecordBatch, consumer: str, error: Exception, now: datetime) -> DeadLetter:
    """The dead letter of a batch of one, with the original key, value and headers, and the `dlq_` headers.

    The log says that there is one.
    """
    log.warning(
        "record dead-lettered",
        topic=batch.topic,
        partition=batch.partition,
        offset=batch.offsets[0],
        error=str(error),
    )
    known = isinstance(error, RecordError)
    code = error.code if isinstance(error, RecordError) else type(error).__name__
    reason: Headers = [
        ("dlq_topic", batch.topic.encode()),
        ("dlq_partition", str(batch.partition).encode()),
        ("dlq_offset", str(batch.offsets[0]).encode()),
        ("dlq_consumer", consumer.encode()),
        ("dlq_stage", (error.stage if isinstance(error, RecordError) else "apply").encode()),
        ("dlq_error_code", (code if known else f"UNEXPECTED_{code}").encode()),
        ("dlq_error_message", str(error).encode()[:REASON_BYTES_MAX]),
        ("dlq_attempts", b"1"),
        ("dlq_time", format_time(now).encode()),
    ]
    return DeadLetter(topic, batch.keys[0], batch.values[0], [*batch.headers[0], *reason])
