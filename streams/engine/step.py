"""One batch through a processor, and what to do when a record in it will not go."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from domain.errors import OrdertruthError, RecordError
from streams.engine.batch import RecordBatch
from streams.engine.deadletter import DeadLetter, dead_letter
from streams.engine.processor import Counts, Output, Processor
from streams.engine.store import Store, require_free
from streams.engine.timers import OwnState


class Step(NamedTuple):
    """What a batch came to."""

    outputs: list[Output]
    dead_letters: list[DeadLetter]
    counts: Counts


class _Trial:
    """The changes of one record, kept apart from the store's until it is known that the record will go."""

    def __init__(self, store: OwnState) -> None:
        self._store = store
        self._changes: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        return self._changes[key] if key in self._changes else self._store.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        require_free(key)
        self._changes[key] = value

    def put_own(self, key: bytes, value: bytes | None) -> None:
        self._changes[key] = value

    def accept(self) -> None:
        for key, value in self._changes.items():
            self._store.put_own(key, value)


def run(
    processor: Processor,
    batch: RecordBatch,
    now: datetime,
    store: Store,
    *,
    consumer: str,
    dead_letter_topic: str,
) -> Step:
    """Apply a batch; the fast way first, record by record only when one of them fails.

    A record is to blame for a `RecordError` and for what no one foresaw. Every other `OrdertruthError` (a part that is
    away, a schema that was never registered, access denied) goes through, with the batch undone: it would meet the
    next record as well.
    """
    outputs: list[Output] = []
    if not len(batch):
        return Step([], [], Counts())
    try:
        counts = processor.process(batch, now, store, outputs)
    except Exception as error:
        store.undo_batch()
        if not blames_a_record(error):
            raise
    else:
        store.release()
        return Step(outputs, [], counts)
    try:
        result = _one_by_one(processor, batch, now, store, consumer=consumer, dead_letter_topic=dead_letter_topic)
    except Exception:
        store.undo_batch()
        raise
    store.release()
    return result


def blames_a_record(error: Exception) -> bool:
    """Whether the failure is that of what was being applied, and not that of a part of the platform."""
    return isinstance(error, RecordError) or not isinstance(error, OrdertruthError | MemoryError | OSError)


def _one_by_one(
    processor: Processor,
    batch: RecordBatch,
    now: datetime,
    store: Store,
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
        trial = _Trial(store)
        try:
            counts.add(processor.process(single, now, trial, produced))
        except Exception as error:
            if not blames_a_record(error):
                raise
            letters.append(dead_letter(dead_letter_topic, single, consumer, error, now))
            counts.add(Counts(read=1, dead_lettered=1))
        else:
            trial.accept()
            outputs += produced
    return Step(outputs, letters, counts)
