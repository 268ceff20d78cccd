"""One batch through a processor, and what to do when a record in it will not go."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import structlog

from domain.errors import IntegrityError, UnavailableError
from streams.engine.batch import RecordBatch
from streams.engine.deadletter import DeadLetter, dead_letter
from streams.engine.processor import Counts, Output, Processor
from streams.engine.store import MemoryStore

log = structlog.get_logger(__name__)


class Step(NamedTuple):
    """What a batch came to."""

    outputs: list[Output]
    dead_letters: list[DeadLetter]
    counts: Counts


def run(
    processor: Processor,
    batch: RecordBatch,
    now: datetime,
    store: MemoryStore,
    *,
    consumer: str,
    dead_letter_topic: str,
) -> Step:
    """Apply a batch; the fast way first, record by record only when one of them fails.

    `UnavailableError` and `IntegrityError` go through, with the batch undone: they are no fault of a record.
    """
    outputs: list[Output] = []
    try:
        counts = processor.process(batch, now, store, outputs)
    except (UnavailableError, IntegrityError):
        store.undo_batch()
        raise
    except Exception:
        store.undo_batch()
        return _one_by_one(processor, batch, now, store, consumer=consumer, dead_letter_topic=dead_letter_topic)
    store.release()
    return Step(outputs, [], counts)


def _one_by_one(
    processor: Processor,
    batch: RecordBatch,
    now: datetime,
    store: MemoryStore,
    *,
    consumer: str,
    dead_letter_topic: str,
) -> Step:
    outputs: list[Output] = []
    letters: list[DeadLetter] = []
    counts = Counts()
    for index in range(len(batch)):
        single = batch.only(index)
        produced: list[Output] = []
        try:
            counts.add(processor.process(single, now, store, produced))
        except (UnavailableError, IntegrityError):
            store.undo_batch()
            raise
        except Exception as error:
            store.undo_batch()
            letters.append(dead_letter(dead_letter_topic, single, consumer, error, now))
            counts.add(Counts(read=1, dead_lettered=1))
            log.warning(
                "record dead-lettered",
                topic=batch.topic,
                partition=batch.partition,
                offset=single.offsets[0],
                error=str(error),
            )
        else:
            store.release()
            outputs += produced
    return Step(outputs, letters, counts)
