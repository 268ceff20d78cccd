"""Batches in, one transaction out: state, outputs, dead letters and offsets change together or not at all."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

import structlog
from confluent_kafka import TopicPartition

from domain.errors import IntegrityError, UnavailableError
from streams.engine import step
from streams.engine.admission import Admission, Admitted
from streams.engine.backlog import Backlog
from streams.engine.batch import RecordBatch
from streams.engine.copartition import require_equal_counts
from streams.engine.deadletter import DeadLetter
from streams.engine.health import Phase, Place
from streams.engine.kept import Stores
from streams.engine.limits import Limits
from streams.engine.observer import Observer, places
from streams.engine.opening import StoreKind, opener
from streams.engine.position import POSITION_KEY
from streams.engine.processor import Counts, Output, Processor, TimedProcessor
from streams.engine.restore import Partition, await_stable_offsets
from streams.engine.ticks import TickReader
from streams.engine.timekeeping import ControlRecord, TimeConfig, Timekeeping, clocks_now, ends_as_written
from streams.engine.transaction import (
    ABORT_SECONDS_MAX,
    COMMIT_SECONDS_MAX,
    TransactionalProducer,
    UnsettledError,
    no_room,
)
from streams.engine.watermark import Observation

log = structlog.get_logger(__name__)

ROOM_SECONDS = 0.05
KEEP_SECONDS_MAX = 30.0
"""For stores on disk to write down what was committed."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What one application's engine works with.

    `instance` tells workers of one application apart and must stay the same over restarts of one worker.
    `dead_letter_topics` names the inputs, each with where its bad records go. `commit_seconds` is how long outputs
    may wait before they become visible; `limits` bound its memory; `time` is for applications with timers or internal
    topics. `store` says where state is kept; a store on disk needs `store_dir`, a folder of this instance's own.
    """

    app: str
    instance: str
    kafka_config: Mapping[str, str]
    changelog: str
    dead_letter_topics: Mapping[str, str]
    commit_seconds: float = 0.1
    time: TimeConfig = field(default_factory=TimeConfig)
    store: StoreKind = StoreKind.MEMORY
    store_dir: Path | None = None
    limits: Limits = field(default_factory=Limits)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


class Engine:
    """The state and the transaction of one worker of one application.

    All methods but `start` and `restore` run on the worker's event loop and take turns by a lock.
    """

    def __init__(self, config: EngineConfig, processor: Processor | TimedProcessor) -> None:
        self.config = config
        self._time = Timekeeping(config.app, config.time, processor, config.dead_letter_topics)
        self._partition_count: int | None = None
        self._admission = Admission(config.app, None, tuple(config.time.fed_by))
        self.backlog = Backlog(config.limits)
        self.observer = Observer(config.app, self.backlog, config.limits)
        self._producer = self._new_producer()
        self._unsettled = False
        """Whether the producer's transaction is in an unknown state, so that only a new producer can go on."""
        self._settling = threading.Lock()
        self._stores = Stores(opener(config.store, config.store_dir))
        self._partitions: dict[int, Partition] = {}
        self._changelog_offsets: dict[int, int] = {}
        self._epoch = 0
        self._reading_epoch = -1
        self._failed = False
        self._distrusted = False
        """Whether nobody knows what the stores have seen; after an unknown commit they are undone and can be kept."""
        self._hanging = False
        """Whether the stores are still being written to by a call nobody waits for any more."""
        self.unsettled_in_a_row = 0
        """Commits of unknown outcome since the last one that is known to have succeeded."""
        self._reason: UnsettledError | None = None
        """Why the transaction failed while a batch was applied."""
        self._lock = asyncio.Lock()
        self.group_metadata: object = None
        """The group's generation as of the last assignment: a commit under an older one is refused by the broker."""

    def _new_producer(self) -> TransactionalProducer:
        config = self.config
        bounds = config.limits.producer_config()
        return TransactionalProducer(config.kafka_config, f"{config.app}-{config.instance}", bounds)

    @property
    def tracks_time(self) -> bool:
        """Whether it matters how far the inputs are complete."""
        return self._time.tracks

    def start(self) -> None:
        """Check that the topics fit together and fence the worker's predecessor; blocks, so it runs in a thread.

        Raises `ConfigurationError` when inputs, changelog and what is fed have different partition counts.
        """
        topics = [*self.config.dead_letter_topics, self.config.changelog, *self.config.time.feeds]
        self._partition_count = require_equal_counts(self.config.kafka_config, topics)
        self._admission = Admission(self.config.app, self._partition_count, tuple(self.config.time.fed_by))
        self._producer.start()

    def _settle(self) -> None:
        """Have an unknown transaction finished or aborted, by a new producer under the same id."""
        with self._settling:
            if not self._unsettled:
                return
            fresh = self._new_producer()
            try:
                fresh.start()
            except UnavailableError:
                fresh.leave()
                raise
            self._producer.leave()
            self._producer = fresh
            self._unsettled = False

    def restore(self, partitions: Iterable[int]) -> dict[int, Partition]:
        """Read the state of partitions back, or what a kept store lacks of it; blocks, so it runs in a thread.

        First what a failed commit came to is settled. Then the group's offsets are asked for. The broker answers only
        when no transaction that holds offsets of these partitions is pending any more: one of a predecessor that
        stalled could otherwise still be committed after the changelog was read, and bring old values back.
        """
        self._settle()
        numbers = sorted(partitions)
        began = time.monotonic()
        await_stable_offsets(self.config.kafka_config, self.config.app, self.config.dead_letter_topics, numbers)
        restored = self._stores.restore(self.config.kafka_config, self.config.changelog, numbers)
        for partition in restored.values():
            self._time.prepare(partition)
        self.observer.restored(sum(p.records_read for p in restored.values()), time.monotonic() - began)
        return restored

    async def adopt(self, epoch: int, restored: Mapping[int, Partition]) -> None:
        """Work on these partitions from now on."""
        async with self._lock:
            self._epoch = epoch
            self._failed, self._distrusted, self._reason = False, False, None
            self._partitions = dict(restored)
            self._time.adopted()
            self._stores.lend(restored)
            self.observer.assigned(epoch, self._positions(), self._entries())
            log.info("partitions adopted", epoch=epoch, partitions=sorted(restored))

    def _positions(self) -> dict[Place, int]:
        held = ((number, p.position.offsets) for number, p in self._partitions.items())
        return places(held, self.config.dead_letter_topics)

    def _entries(self) -> dict[int, int]:
        return {number: len(partition.store) for number, partition in self._partitions.items()}

    def next_offset(self, topic: str, partition: int) -> int | None:
        """Where reading goes on: right after what the state contains; None, at the beginning, for an empty one."""
        return self._partitions[partition].position.offsets.get(topic)

    async def process(self, batch: RecordBatch) -> None:
        """Apply a batch within the open transaction; one of an earlier epoch is thrown away.

        What is wrong with the transaction is for the next `commit` to say.
        """
        async with self._lock:
            if self._failed or batch.epoch != self._epoch or batch.partition not in self._partitions:
                self.backlog.done(batch)
                return
            try:
                with self._failing_for_good():
                    self._require_next(batch)
                    await self._apply(batch, self._partitions[batch.partition])
            except UnsettledError as error:
                self._reason = error
            self.backlog.done(batch)

    def _require_next(self, batch: RecordBatch) -> None:
        position = self._partitions[batch.partition].position.offsets.get(batch.topic, 0)
        if batch.follows is not None and batch.follows != position:
            message = (
                f"{batch.topic}[{batch.partition}]: a batch follows offset {batch.follows}, the state is at {position}."
            )
            raise IntegrityError(
                message, remediation="Nothing of it was applied; the worker reads again from its state."
            )

    @contextmanager
    def _failing_for_good(self) -> Iterator[None]:
        """After a failure the state may know of records whose outputs never left: nothing of it is committed any more.

        Who stops the worker then releases the partitions as if all were well.
        """
        try:
            yield
        except UnsettledError:
            self._failed = self._unsettled = True
            raise
        except BaseException:
            self._failed = self._distrusted = True
            self.observer.enter(Phase.FAILED)
            raise

    async def _apply(self, batch: RecordBatch, partition: Partition) -> None:
        dead_letter_topic, now = self.config.dead_letter_topics[batch.topic], self.config.now()
        began = time.monotonic()
        if batch.topic == self.config.time.clock:
            admitted, processor = Admitted(batch, [], Counts()), cast("Processor", TickReader(partition.position))
        else:
            admitted = self._admission.admit(batch, partition.position.feeds, dead_letter_topic, now)
            processor = self._time.processor_of(partition)
        result = step.run(
            processor,
            admitted.batch,
            now,
            partition.store,
            consumer=self.config.app,
            dead_letter_topic=dead_letter_topic,
        )
        result.counts.add(admitted.counts)
        await self._produce(result.outputs, [*admitted.dead_letters, *result.dead_letters])
        partition.position.advance(batch.topic, batch.next_offset, result.counts)
        self.observer.applied(batch, result, time.monotonic() - began)

    async def _produce(self, outputs: Sequence[Output], dead_letters: Sequence[DeadLetter]) -> None:
        self._producer.begin()
        leaving: list[Output | DeadLetter] = [*outputs, *dead_letters]
        for output in leaving:
            if not self._producer.offer(output.topic, output.key, output.value, headers=output.headers):
                await self._patiently_produce(output)

    async def _patiently_produce(
        self, output: Output | DeadLetter | ControlRecord, partition: int | None = None
    ) -> None:
        """Wait for room in the buffer without holding up the loop: heartbeats and stops go on."""
        deadline = time.monotonic() + COMMIT_SECONDS_MAX
        while not self._producer.offer(
            output.topic, output.key, output.value, headers=output.headers, partition=partition
        ):
            if time.monotonic() > deadline:
                raise no_room()
            await asyncio.sleep(ROOM_SECONDS)

    def reading(self, epoch: int) -> None:
        """The group's generation is known and reading has begun: from now on a commit would be accepted.

        Timers that are due right after a restore would otherwise be committed under no generation, or an old one.
        """
        self._reading_epoch = epoch

    def mark_end(self, epoch: int, topic: str, partition: int, after: int, end: int) -> None:
        """Nothing can be read any more of an input between the offset its last batch ended at and its end."""
        if epoch == self._epoch and partition in self._partitions:
            self._partitions[partition].completeness.mark_end(topic, after, end)

    async def observe_ends(self) -> None:
        """Note what time it is, then ask how far the inputs reach: read to there, they are complete up to that time."""
        async with self._lock:
            epoch, now = self._epoch, self.config.now()
            clocks = {
                number: clocks_now(now, partition.position.ticks)
                for number, partition in self._partitions.items()
                if partition.completeness.wants_observation
            }
        if not clocks or not self._time.owner_inputs:
            return
        ends = await asyncio.to_thread(
            ends_as_written, self.config.kafka_config, self._time.owner_inputs, tuple(clocks)
        )
        async with self._lock:
            if ends is not None and epoch == self._epoch:
                for number, shown in clocks.items():
                    self._partitions[number].completeness.observe(Observation(shown, ends[number]))

    async def _let_time_pass(self) -> None:
        for number, partition in self._partitions.items():
            turn = self._time.turn(number, partition, self._partition_count or 0, self.config.now)
            if turn.empty:
                continue
            await self._produce(turn.outputs, turn.dead_letters)
            for record in turn.control:
                await self._patiently_produce(record, record.partition)

    async def commit(self) -> None:
        """Commit what was applied since the last time, if anything; in this order:

        1. timers that are due fire;
        2. each changed key goes to the changelog with its newest value, then the partition's position;
        3. the same positions go into the transaction as the group's offsets, under the group's generation;
        4. the transaction is committed, and only then the stores keep its changes for good.

        Raises `UnsettledError` when it cannot be: whether it was is then unknown, nothing more is applied or
        committed, and who calls must `release` the partitions as lost and restore them.
        """
        self._stores.expire()
        async with self._lock:
            await self._commit()

    async def _commit(self) -> None:
        if self._reason is not None:
            reason, self._reason = self._reason, None
            self.unsettled_in_a_row += 1
            raise reason
        if self._failed:
            return
        if self.tracks_time and self._reading_epoch == self._epoch:
            with self._failing_for_good():
                await self._let_time_pass()
        if not self._producer.open:
            return
        began = time.monotonic()
        try:
            # a little more time than it takes itself, for its own reason to be told
            await self._producer.within(COMMIT_SECONDS_MAX + ABORT_SECONDS_MAX, self._commit_blocking)
        finally:
            await self._take_stock(began)

    async def _take_stock(self, began: float) -> None:
        if self._producer.open:
            self._failed = self._unsettled = True
            self.unsettled_in_a_row += 1
            return
        self.unsettled_in_a_row = 0
        try:
            # not along with the commit: one that returns after it was given up must not touch the stores any more
            await self._producer.within(KEEP_SECONDS_MAX, self._keep)
        except UnsettledError as error:
            self._failed = self._distrusted = self._hanging = True
            self.observer.enter(Phase.FAILED)
            message = f"The stores were not written within {KEEP_SECONDS_MAX:g} s."
            raise UnavailableError(
                message, remediation="Look at the disk; what was committed is restored from the changelog."
            ) from error
        except Exception:
            self._failed = self._distrusted = True
            self.observer.enter(Phase.FAILED)
            raise
        self.observer.committed(self._positions(), self._entries(), time.monotonic() - began)

    def _keep(self) -> None:
        for number, partition in self._partitions.items():
            partition.committed(self._changelog_offsets.get(number))

    def _commit_blocking(self) -> None:
        self._changelog_offsets = {}
        self._producer.commit(self._write_changelog(), self.group_metadata)

    def _write_changelog(self) -> list[TopicPartition]:
        offsets = []
        for number, partition in self._partitions.items():
            if partition.position == partition.committed_position:
                continue
            for key, value in partition.store.changes():
                self._producer.produce(self.config.changelog, key, value, partition=number)
            record = partition.position.to_bytes()
            told = partial(self._changelog_offsets.__setitem__, number)
            self._producer.produce(self.config.changelog, POSITION_KEY, record, partition=number, written_at=told)
            offsets += [TopicPartition(t, number, o) for t, o in partition.position.offsets.items()]
        return offsets

    async def release(self, *, lost: bool) -> None:
        """Give the partitions up: commit what was applied, or throw it away when they are lost already.

        Raises `UnsettledError` when the commit fails; the partitions are given up all the same. Takes at most what
        two commits and an abort may take: one may be under way. A restore under way ends.
        """
        self._stores.supersede()
        async with self._lock:
            try:
                if not lost:
                    await self._commit()
            finally:
                await self._give_up(lost=lost)

    async def _give_up(self, *, lost: bool) -> None:
        if self._producer.open:
            self.observer.aborted()
        if not self._unsettled and not await self._producer.abort():
            self._unsettled = True
        self._epoch = -1
        given_up, self._partitions = self._partitions, {}
        if not self._hanging:
            await asyncio.to_thread(self._stores.take_back, given_up, lost=lost, failed=self._distrusted)
        self.backlog.clear()
        self.observer.released()
