"""Stretches of topics as batches, in bulk."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from confluent_kafka import KafkaException, Message, TopicPartition

from compose.rebuild.plan import Stretch
from compose.verify.raw import STALLED_SECONDS_MAX, committed_reader, is_end
from domain.errors import UnavailableError
from streams.engine.batch import RecordBatch
from streams.engine.copartition import misplaced

BATCH = 2000
_TIMEOUT_S = 0.05


def batches(kafka_config: Mapping[str, str], stretches: Iterable[Stretch]) -> Iterator[RecordBatch]:
    """The committed records of stretches, without those another partition should have: they are dead letters.

    Raises `UnavailableError` when the broker does not answer.
    """
    open_ones = {(s.topic, s.partition): s for s in stretches}
    consumer = committed_reader(kafka_config, **{"queued.min.messages": 50_000, "fetch.wait.max.ms": 20})
    try:
        consumer.assign([TopicPartition(s.topic, s.partition, s.begin) for s in open_ones.values()])
        heard = time.monotonic()
        while open_ones:
            found = consumer.consume(BATCH, _TIMEOUT_S)
            if found:
                heard = time.monotonic()
            elif time.monotonic() - heard > STALLED_SECONDS_MAX:
                text = f"{', '.join(s.name for s in open_ones.values())} stopped answering."
                mend = "Check the broker; a hanging transaction also holds readers back."
                raise UnavailableError(text, remediation=mend)
            yield from _sorted(found, open_ones)
    except KafkaException as error:
        message = f"The sources cannot be read: {error.args[0].str()}."
        raise UnavailableError(message, remediation="Check the broker.") from error
    finally:
        consumer.close()


def _sorted(found: Iterable[Message], open_ones: dict[tuple[str, int], Stretch]) -> Iterator[RecordBatch]:
    """What was polled, by partition; a stretch that has come to its end is closed."""
    by_stretch: dict[Stretch, list[Message]] = {}
    for message in found:
        place, ended, offset = (message.topic() or "", message.partition() or 0), is_end(message), message.offset() or 0
        stretch = open_ones.get(place)
        if stretch is None:
            continue
        if not ended and offset < stretch.end:
            by_stretch.setdefault(stretch, []).append(message)
        # the mark of the end stands at the next offset, behind the markers of transactions
        if (offset if ended else offset + 1) >= stretch.end:
            del open_ones[place]
    for stretch, records in by_stretch.items():
        yield _batch(stretch, records)


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
