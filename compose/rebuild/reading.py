"""Stretches of topics as batches, in bulk."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import cast

from confluent_kafka import KafkaException, Message, TopicPartition

from compose.rebuild.plan import Stretch
from compose.verify.raw import STALLED_SECONDS_MAX, committed_reader, is_end
from domain.errors import UnavailableError
from streams.engine.batch import RecordBatch
from streams.engine.copartition import misplaced

BATCH = 2000
_TIMEOUT_S = 0.2


def batches(kafka_config: Mapping[str, str], stretch: Stretch) -> Iterator[RecordBatch]:
    """The committed records of a stretch, without those another partition should have: they are dead letters.

    Raises `UnavailableError` when the broker does not answer.
    """
    consumer = committed_reader(kafka_config, **{"queued.min.messages": 50_000, "fetch.wait.max.ms": 50})
    try:
        consumer.assign([TopicPartition(stretch.topic, stretch.partition, stretch.begin)])
        at, heard = stretch.begin, time.monotonic()
        while at < stretch.end:
            found = consumer.consume(BATCH, _TIMEOUT_S)
            if found:
                heard = time.monotonic()
            elif time.monotonic() - heard > STALLED_SECONDS_MAX:
                text = f"{stretch.name} stopped answering at offset {at} of {stretch.end}."
                raise UnavailableError(
                    text, remediation="Check the broker; a hanging transaction also holds readers back."
                )
            records = []
            for message in found:
                ended, offset = is_end(message), message.offset() or 0
                # the mark of the end stands at the next offset, behind the markers of transactions
                at = max(at, offset if ended else offset + 1)
                if not ended and offset < stretch.end:
                    records.append(message)
            if records:
                yield _batch(stretch, records)
    except KafkaException as error:
        message_text = f"{stretch.name} cannot be read: {error.args[0].str()}."
        raise UnavailableError(message_text, remediation="Check the broker.") from error
    finally:
        consumer.close()


def _batch(stretch: Stretch, records: list[Message]) -> RecordBatch:
    batch = RecordBatch(
        stretch.topic,
        stretch.partition,
        0,
        [m.offset() or 0 for m in records],
        [0] * len(records),
        [m.key() for m in records],
        [m.value() for m in records],
        [cast("list[tuple[str, bytes]]", m.headers() or []) for m in records],
    )
    strange = misplaced(batch.keys, stretch.partition, stretch.partitions) if stretch.partitions > 1 else {}
    if not strange:
        return batch
    return batch.select([i for i, key in enumerate(batch.keys) if key not in strange])
