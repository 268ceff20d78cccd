"""What of a batch a processor is given: the facts that lie where their keys belong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from domain.errors import RecordError
from streams.engine.batch import RecordBatch
from streams.engine.copartition import misplaced, wrong_partition
from streams.engine.deadletter import DeadLetter, dead_letter
from streams.engine.processor import Counts
from streams.engine.watermark import Feeds, is_watermark


class Admitted(NamedTuple):
    """The batch to be processed, which may be empty, and what became of the other records."""

    batch: RecordBatch
    dead_letters: list[DeadLetter]
    counts: Counts


class Admission:
    """Keeps from the processor what is not for it.

    `partitions` is the partition count, None when nobody has asked the broker; `fed` are the topics on which
    applications say how complete they are.
    """

    def __init__(self, consumer: str, partitions: int | None, fed: Sequence[str]) -> None:
        self._consumer = consumer
        self._partitions = partitions
        self._fed = frozenset(fed)

    def admit(self, batch: RecordBatch, feeds: Feeds, dead_letter_topic: str, now: datetime) -> Admitted:
        """The batch without watermark records, which go to `feeds` and are not counted, and without misplaced ones.

        A key published to the wrong partition would have a second state there, so its records are dead letters: the
        producer is wrong, and stopping would not mend what lies in the log already.
        """
        letters: list[DeadLetter] = []
        if batch.topic in self._fed:
            batch = self._without_watermarks(batch, feeds, letters, dead_letter_topic, now)
        if self._partitions is not None and self._partitions > 1:
            places = misplaced(batch.keys, batch.partition, self._partitions)
            if places:
                kept = []
                for index, key in enumerate(batch.keys):
                    if key is None or key not in places:
                        kept.append(index)
                        continue
                    error = wrong_partition(key, batch.partition, places[key])
                    letters.append(self._letter(batch.only(index), error, dead_letter_topic, now))
                batch = batch.select(kept)
        refused = len(letters)
        return Admitted(batch, letters, Counts(read=refused, dead_lettered=refused))

    def _without_watermarks(
        self, batch: RecordBatch, feeds: Feeds, letters: list[DeadLetter], dead_letter_topic: str, now: datetime
    ) -> RecordBatch:
        kept = []
        for index, key in enumerate(batch.keys):
            if key is None or not is_watermark(key):
                kept.append(index)
                continue
            try:
                feeds.hear(batch.topic, key, batch.values[index])
            except RecordError as error:
                letters.append(self._letter(batch.only(index), error, dead_letter_topic, now))
        return batch if len(kept) == len(batch) else batch.select(kept)

    def _letter(self, single: RecordBatch, error: RecordError, dead_letter_topic: str, now: datetime) -> DeadLetter:
        return dead_letter(dead_letter_topic, single, self._consumer, error, now)
