"""One worker without Kafka: the engine's own step on every batch, and transactions that are lists."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeGuard, cast
from zlib import crc32

from avro.moments import microseconds
from domain.errors import ConfigurationError
from streams.clock import LIVE
from streams.engine import step
from streams.engine.deadletter import DeadLetter
from streams.engine.firing import TimerDeadLetters, WithTimers, fire
from streams.engine.position import POSITION_KEY, Position
from streams.engine.processor import Counts, Output, Processor, TimedProcessor
from streams.engine.store import RESERVED, MemoryStore, Store
from streams.engine.timers import TIMER_PREFIX, Timers
from streams.engine.watermark import advanced
from streams.testing.clock import FakeClock
from streams.testing.records import Record, batch
from streams.testing.schedule import After, Schedule

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(slots=True)
class _Log:
    """What lies in one partition of an input topic; offsets may have gaps, as transaction markers leave them."""

    records: list[Record] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    end: int = 0

    def append(self, record: Record) -> None:
        self.records.append(record)
        self.offsets.append(self.end)
        self.end += 1

    def unread(self, position: int) -> int:
        """Index of the first record at or behind an offset."""
        return bisect_left(self.offsets, position)


@dataclass(slots=True)
class _Partition:
    """The state of one partition, and the changelog it can be restored from."""

    store: Store
    position: Position = field(default_factory=Position)
    committed: Position = field(default_factory=Position)
    changelog: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    timers: Timers = field(default_factory=Timers)


class Harness:
    """A worker that holds every partition of its input topics, and the topics themselves.

    `make` builds the processor: once at the start and once after each crash, for a crash takes its memory too.
    Records are published, read in batches, and become effective by `commit`; `abort` and `crash` take back what was
    not committed, and what was read since is read again. After each batch the processor's counts are checked.
    Timers fire when `advance_watermark` says that the inputs are complete up to their deadline.

    `inputs` are the input topics; `clock` gives the time each batch is processed at. Dead letters go to
    `dlq.<topic>`.
    """

    def __init__(
        self,
        make: Callable[[], Processor | TimedProcessor],
        *,
        inputs: Sequence[str] = ("input",),
        partitions: int = 1,
        clock: Callable[[], datetime] | None = None,
        new_store: Callable[[], Store] = MemoryStore,
        app: str = "app",
    ) -> None:
        self._make = make
        self._new_store = new_store
        self._app = app
        self._clock = clock or FakeClock()
        self._logs: dict[Place, _Log] = {(topic, p): _Log() for p in range(partitions) for topic in inputs}
        self._partitions = {p: _Partition(new_store()) for p in range(partitions)}
        self._pending: tuple[list[Output], list[DeadLetter]] = ([], [])
        self.inputs = tuple(inputs)
        self.processor = make()
        self.outputs: list[Output] = []
        """The committed outputs, oldest first."""
        self.dead_letters: list[DeadLetter] = []
        """The committed dead letters, oldest first."""

    def publish(self, *records: Record, topic: str | None = None, partition: int | None = None) -> None:
        """Append records to a topic (default: the first input), each in the partition its key belongs to."""
        name = topic or self.inputs[0]
        for record in records:
            number = crc32(record.key or b"") % len(self._partitions) if partition is None else partition
            self._logs[name, number].append(record)

    def skip_offsets(self, count: int = 1, *, topic: str | None = None, partition: int = 0) -> None:
        """Leave a gap behind the last record, as the marker of a transaction does."""
        self._logs[topic or self.inputs[0], partition].end += count

    def readable(self) -> list[Place]:
        """The partitions with records that were not read yet."""
        return [place for place, log in self._logs.items() if log.unread(self._next(place)) < len(log.records)]

    def read(self, limit: int | None = None, *, place: Place | None = None) -> list[Output]:
        """Apply one batch, of at most `limit` records, of each partition with something to read, or of `place` alone.

        Returns what it led to, in the open transaction. What the processor raises without blaming a record goes
        through, with nothing of the batch kept.
        """
        produced: list[Output] = []
        for found in self.readable():
            if place in (None, found):
                produced += self._apply(found, limit)
        return produced

    def feed(self, *records: Record, topic: str | None = None) -> list[Output]:
        """Publish records and apply everything unread as one batch for each partition, not yet committed."""
        self.publish(*records, topic=topic)
        return self.read()

    def run(self, *records: Record, topic: str | None = None, batch_size: int | None = None) -> list[Output]:
        """Publish records, apply everything unread in batches of `batch_size`, commit; returns what became visible."""
        self.publish(*records, topic=topic)
        seen = len(self.outputs)
        while self.readable():
            self.read(batch_size)
        self.commit()
        return self.outputs[seen:]

    def advance_watermark(self, to: datetime, *clocks: str) -> list[Output]:
        """All inputs are complete up to a time: fire what is due, in the open transaction; returns what it led to.

        `clocks` are those of simulated tenants, as `streams.clock` names them, or LIVE; by default all that some
        timer waits for. A firing that fails is among the dead letters of the first input; the watermark never goes
        back. Raises `ConfigurationError` for a time without zone.
        """
        if to.tzinfo is None:
            message = f"The watermark {to.isoformat()} has no time zone."
            raise ConfigurationError(message, remediation="Pass an aware datetime.")
        produced: list[Output] = []
        for number, partition in self._partitions.items():
            names = clocks or (LIVE, *partition.timers.clocks())
            reached = dict.fromkeys(names, microseconds(to))
            partition.position.watermark = advanced(partition.position.watermark, reached)
            produced += self._fire(number, partition)
        return produced

    def play(self, schedule: Schedule, *, watermark: datetime | None = None) -> None:
        """Let everything arrive, follow the turns, then read the rest and commit.

        With a `watermark` every commit is preceded by the news that all inputs are complete up to then,
        long before they are: what fires so has to be taken back by the facts that come late.
        """
        for topic, record in schedule.arrived:
            self.publish(record, topic=topic)
        for turn in schedule.turns:
            if places := self.readable():
                self.read(turn.records, place=places[turn.choice % len(places)])
            if watermark is not None and turn.after is After.COMMIT:
                self.advance_watermark(watermark)
            self._follow(turn.after)
        while self.readable():
            self.read()
        if watermark is not None:
            self.advance_watermark(watermark)
        self.commit()

    def commit(self) -> None:
        """Make everything applied since the last time effective, as one transaction."""
        for partition in self._partitions.values():
            if partition.position == partition.committed:
                continue
            partition.changelog += partition.store.changes()
            partition.changelog.append((POSITION_KEY, partition.position.to_bytes()))
            partition.store.committed()
            partition.timers.committed()
            partition.committed = partition.position.copy()
        outputs, letters = self._pending
        self.outputs += outputs
        self.dead_letters += letters
        self._pending = ([], [])

    def abort(self) -> None:
        """Take back everything since the last commit and go on in the same process."""
        for partition in self._partitions.values():
            partition.store.undo_transaction()
            partition.timers.undone()
            partition.position = partition.committed.copy()
        self._pending = ([], [])

    def crash(self) -> None:
        """Die without a word: a new process restores the state from the changelog alone and reads on from there."""
        self.processor = self._make()
        self._pending = ([], [])
        for number, partition in self._partitions.items():
            restored = _Partition(self._new_store(), changelog=partition.changelog)
            newest = dict(partition.changelog)
            if position := newest.pop(POSITION_KEY, None):
                restored.position = Position.from_bytes(position)
            restored.store.load_many(newest)
            restored.committed = restored.position.copy()
            restored.timers.load(restored.store.starting_with(TIMER_PREFIX))
            self._partitions[number] = restored

    @property
    def pending(self) -> list[Output]:
        """The outputs of the open transaction, which no reader sees yet."""
        return list(self._pending[0])

    @property
    def counts(self) -> Counts:
        """What became of all records read, the open transaction included; a record read again after a crash once."""
        total = Counts()
        for partition in self._partitions.values():
            for counts in partition.position.counts.values():
                total.add(counts)
        return total

    @property
    def fired(self) -> int:
        """How many timers have fired and done so well."""
        return sum(partition.position.fired for partition in self._partitions.values())

    @property
    def changelog(self) -> list[tuple[bytes, bytes | None]]:
        """The changelog without the engine's own records, partition by partition."""
        return [row for p in self._partitions.values() for row in p.changelog if not row[0].startswith(RESERVED)]

    def state(self, key: bytes) -> bytes | None:
        """What the processor keeps under a key, in whichever partition it is."""
        found = (partition.store.get(key) for partition in self._partitions.values())
        return next((value for value in found if value is not None), None)

    def newest(self, topic: str | None = None) -> dict[bytes, bytes]:
        """The newest committed value of each key of an output topic, as a compacted topic keeps it.

        Without a topic: of all outputs, which then should have one.
        """
        kept: dict[bytes, bytes] = {}
        for output in self.outputs:
            if topic not in (None, output.topic):
                continue
            if output.value is None:
                kept.pop(output.key, None)
            else:
                kept[output.key] = output.value
        return kept

    def _follow(self, after: After) -> None:
        match after:
            case After.COMMIT:
                self.commit()
            case After.ABORT:
                self.abort()
            case After.CRASH:
                self.crash()
            case After.NOTHING:
                pass

    def _next(self, place: Place) -> int:
        topic, number = place
        return self._partitions[number].position.offsets.get(topic, 0)

    def _apply(self, place: Place, limit: int | None) -> list[Output]:
        topic, number = place
        log, partition = self._logs[place], self._partitions[number]
        first = log.unread(self._next(place))
        last = len(log.records) if limit is None else min(len(log.records), first + limit)
        given = batch(log.records[first:last], topic=topic, partition=number, offsets=log.offsets[first:last])
        processor = self.processor
        result = step.run(
            WithTimers(processor, partition.timers) if _is_timed(processor) else cast("Processor", processor),
            given,
            self._clock(),
            partition.store,
            consumer=self._app,
            dead_letter_topic=f"dlq.{topic}",
        )
        assert result.counts.read == len(given), f"{len(given)} records were given: {result.counts}"
        assert result.counts.balanced, f"read is not applied + duplicate + stale + dead_lettered: {result.counts}"
        self._pending[0].extend(result.outputs)
        self._pending[1].extend(result.dead_letters)
        partition.position.advance(topic, given.next_offset, result.counts)
        return result.outputs

    def _fire(self, number: int, partition: _Partition) -> list[Output]:
        """Fire everything due in a partition, also what a firing makes due."""
        produced: list[Output] = []
        processor, position = self.processor, partition.position
        if not _is_timed(processor):
            return produced
        source = self.inputs[0]
        letters = TimerDeadLetters(f"dlq.{source}", source, number, self._app, self._clock())
        drained = False
        while not drained:
            round_ = fire(processor, partition.timers, partition.store, position.watermark, letters)
            drained = round_.drained
            produced += round_.outputs
            self._pending[0].extend(round_.outputs)
            self._pending[1].extend(round_.dead_letters)
            position.fired += round_.fired
            position.firings_dead_lettered += len(round_.dead_letters)
        return produced


def _is_timed(processor: Processor | TimedProcessor) -> TypeGuard[TimedProcessor]:
    return hasattr(processor, "on_timer")


def newest_by_topic(harness: Harness) -> Mapping[str, dict[bytes, bytes]]:
    """The newest committed value of each key, for each topic written to."""
    return {topic: harness.newest(topic) for topic in sorted({o.topic for o in harness.outputs})}
