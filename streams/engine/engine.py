"""Batches in, one transaction out: state, outputs, dead letters and offsets change together or not at all."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from confluent_kafka import TopicPartition

from domain.errors import IntegrityError, UnavailableError
from streams.engine import step
from streams.engine.batch import RecordBatch
from streams.engine.deadletter import DeadLetter
from streams.engine.position import POSITION_KEY
from streams.engine.processor import Output, Processor
from streams.engine.restore import Partition, await_stable_offsets, restore
from streams.engine.transaction import (
    ABORT_SECONDS_MAX,
    COMMIT_SECONDS_MAX,
    TransactionalProducer,
    UnsettledError,
    no_room,
)

log = structlog.get_logger(__name__)

ROOM_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What one application's engine works with.

    `instance` tells workers of one application apart and must stay the same over restarts of one worker.
    `commit_seconds` is how long outputs may wait before they become visible.
    """

    app: str
    instance: str
    kafka_config: Mapping[str, str]
    changelog: str
    dead_letter_topics: Mapping[str, str]
    commit_seconds: float = 0.1
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


class Engine:
    """The state and the transaction of one worker of one application.

    All methods but `start` and `restore` run on the worker's event loop and take turns by a lock.
    """

    def __init__(self, config: EngineConfig, processor: Processor) -> None:
        self.config = config
        self._processor = processor
        self._producer = self._new_producer()
        self._unsettled = False
        """Whether the producer's transaction is in an unknown state, so that only a new producer can go on."""
        self._settling = threading.Lock()
        self._partitions: dict[int, Partition] = {}
        self._epoch = 0
        self._failed = False
        self._reason: UnsettledError | None = None
        """Why the transaction failed while a batch was applied."""
        self._lock = asyncio.Lock()
        self.group_metadata: object = None
        """The group's generation as of the last assignment: a commit under an older one is refused by the broker."""

    def _new_producer(self) -> TransactionalProducer:
        return TransactionalProducer(self.config.kafka_config, f"{self.config.app}-{self.config.instance}")

    def start(self) -> None:
        """Fence the worker's predecessor; blocks, so it runs in a thread."""
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
        """Read the state of partitions back; blocks, so it runs in a thread.

        First what a failed commit came to is settled. Then the group's offsets are asked for. The broker answers only
        when no transaction that holds offsets of these partitions is pending any more: one of a predecessor that
        stalled could otherwise still be committed after the changelog was read, and bring old values back.
        """
        self._settle()
        numbers = sorted(partitions)
        await_stable_offsets(self.config.kafka_config, self.config.app, self.config.dead_letter_topics, numbers)
        return {p: restore(self.config.kafka_config, self.config.changelog, p) for p in numbers}

    async def adopt(self, epoch: int, restored: Mapping[int, Partition]) -> None:
        """Work on these partitions from now on."""
        async with self._lock:
            self._epoch = epoch
            self._failed, self._reason = False, None
            self._partitions = dict(restored)
            log.info("partitions adopted", app=self.config.app, partitions=sorted(restored))

    def next_offset(self, topic: str, partition: int) -> int | None:
        """Where reading goes on: right after what the state contains; None, at the beginning, for an empty one."""
        return self._partitions[partition].position.offsets.get(topic)

    async def process(self, batch: RecordBatch) -> None:
        """Apply a batch within the open transaction; one of an earlier epoch is thrown away.

        What is wrong with the transaction is for the next `commit` to say.
        """
        async with self._lock:
            if self._failed or batch.epoch != self._epoch or batch.partition not in self._partitions:
                return
            with suppress(UnsettledError), self._failing_for_good():
                self._require_next(batch)
                await self._apply(batch, self._partitions[batch.partition])

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
        except UnsettledError as error:
            self._failed = self._unsettled = True
            self._reason = error
            raise
        except BaseException:
            self._failed = True
            raise

    async def _apply(self, batch: RecordBatch, partition: Partition) -> None:
        result = step.run(
            self._processor,
            batch,
            self.config.now(),
            partition.store,
            consumer=self.config.app,
            dead_letter_topic=self.config.dead_letter_topics[batch.topic],
        )
        self._producer.begin()
        leaving: list[Output | DeadLetter] = [*result.outputs, *result.dead_letters]
        for output in leaving:
            if not self._producer.offer(output.topic, output.key, output.value, headers=output.headers):
                await self._produce(output)
        partition.position.advance(batch.topic, batch.next_offset, result.counts)

    async def _produce(self, output: Output | DeadLetter) -> None:
        """Wait for room in the buffer without holding up the loop: heartbeats and stops go on."""
        deadline = time.monotonic() + COMMIT_SECONDS_MAX
        while not self._producer.offer(output.topic, output.key, output.value, headers=output.headers):
            if time.monotonic() > deadline:
                raise no_room()
            await asyncio.sleep(ROOM_SECONDS)

    async def commit(self) -> None:
        """Commit what was applied since the last time, if anything; in this order:

        1. each changed key goes to the changelog with its newest value, then the partition's position;
        2. the same positions go into the transaction as the group's offsets, under the group's generation;
        3. the transaction is committed, and only then the pre-images are forgotten.

        Raises `UnsettledError` when it cannot be: whether it was is then unknown, nothing more is applied or
        committed, and who calls must `release` the partitions as lost and restore them.
        """
        async with self._lock:
            await self._commit()

    async def _commit(self) -> None:
        if self._reason is not None:
            reason, self._reason = self._reason, None
            raise reason
        if self._failed or not self._producer.open:
            return
        try:
            # a little more time than it takes itself, for its own reason to be told
            await self._producer.within(COMMIT_SECONDS_MAX + ABORT_SECONDS_MAX, self._commit_blocking)
        finally:
            self._take_stock()

    def _take_stock(self) -> None:
        if self._producer.open:
            self._failed = self._unsettled = True
            return
        for partition in self._partitions.values():
            partition.store.committed()
            partition.committed_position = partition.position.copy()

    def _commit_blocking(self) -> None:
        self._producer.commit(self._write_changelog(), self.group_metadata)

    def _write_changelog(self) -> list[TopicPartition]:
        offsets = []
        for number, partition in self._partitions.items():
            if partition.position == partition.committed_position:
                continue
            for key, value in partition.store.changes():
                self._producer.produce(self.config.changelog, key, value, partition=number)
            record = partition.position.to_bytes()
            self._producer.produce(self.config.changelog, POSITION_KEY, record, partition=number)
            offsets += [TopicPartition(t, number, o) for t, o in partition.position.offsets.items()]
        return offsets

    async def release(self, *, lost: bool) -> None:
        """Give the partitions up: commit what was applied, or throw it away when they are lost already.

        Raises `UnsettledError` when the commit fails; the partitions are given up all the same. Takes at most what
        two commits and an abort may take: one may be under way.
        """
        async with self._lock:
            try:
                if not lost:
                    await self._commit()
            finally:
                if not self._unsettled and not await self._producer.abort():
                    self._unsettled = True
                self._epoch = -1
                self._partitions = {}
