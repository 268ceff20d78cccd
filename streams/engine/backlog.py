"""Batches handed over and not applied yet, bounded by their number and by the memory they take."""

from __future__ import annotations

import threading

from streams.engine.batch import RecordBatch
from streams.engine.limits import MEBIBYTE, Limits

RECORD_BYTES = 2048
"""What one record costs beside its value: objects for key, offset, time, and about eight headers."""

_Place = tuple[int, str, int, int]


class Backlog:
    """Where the polling thread waits for room; the event loop makes it by applying batches.

    A batch that is larger than the whole backlog is let in when nothing else is there, so that reading never stands
    still.
    """

    def __init__(self, limits: Limits) -> None:
        self._batches_max = limits.backlog_batches
        self._bytes_max = limits.backlog_mb * MEBIBYTE
        self._sizes: dict[_Place, int] = {}
        self._bytes = 0
        self._room = threading.Condition()

    @property
    def bytes(self) -> int:
        """How much is waiting."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._sizes)

    def admit(self, batch: RecordBatch, value_bytes: int, wait_seconds: float) -> bool:
        """Count the batch in, waiting for room at most so long; False when there is none."""
        size = value_bytes + len(batch) * RECORD_BYTES
        with self._room:
            if not self._room.wait_for(lambda: self._fits(size), wait_seconds):
                return False
            self._sizes[_place(batch)] = size
            self._bytes += size
            return True

    def done(self, batch: RecordBatch) -> None:
        """The batch is applied or thrown away; harmless for one that was never counted in."""
        with self._room:
            self._bytes -= self._sizes.pop(_place(batch), 0)
            self._room.notify_all()

    def clear(self) -> None:
        """The assignment is over, and every batch of it is thrown away."""
        with self._room:
            self._sizes.clear()
            self._bytes = 0
            self._room.notify_all()

    def _fits(self, size: int) -> bool:
        if not self._sizes:
            return True
        return len(self._sizes) < self._batches_max and self._bytes + size <= self._bytes_max


def _place(batch: RecordBatch) -> _Place:
    return batch.epoch, batch.topic, batch.partition, batch.next_offset
