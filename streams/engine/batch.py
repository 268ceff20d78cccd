"""What an agent receives: the records one poll brought of one partition, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Raw records of one partition in offset order; all columns have the same length.

    `epoch` numbers the assignment it was read under: a batch of an earlier one is thrown away unread. `follows` is
    where the batch before it ended, so that one lost on the way is noticed. `timestamps` are the broker's, in
    milliseconds.
    """

    topic: str
    partition: int
    epoch: int
    offsets: Sequence[int]
    timestamps: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    headers: Sequence[Headers]
    follows: int | None = None

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def next_offset(self) -> int:
        """Where reading goes on after this batch."""
        return self.offsets[-1] + 1

    def only(self, index: int) -> RecordBatch:
        """The record at this index as a batch of its own."""
        return self.select([index])

    def select(self, indexes: Sequence[int]) -> RecordBatch:
        """The records at these ascending indexes as a batch of their own."""
        return RecordBatch(
            self.topic,
            self.partition,
            self.epoch,
            [self.offsets[i] for i in indexes],
            [self.timestamps[i] for i in indexes],
            [self.keys[i] for i in indexes],
            [self.values[i] for i in indexes],
            [self.headers[i] for i in indexes],
        )
