"""A Faust transport that hands whole polls over: one Faust message for each partition and poll.

Faust keeps the worker, the agents, their life cycle and the command line. Membership and fetching are librdkafka's, in
a thread of their own; batches cross to the event loop through a short queue. Offsets travel in the engine's
transaction, so Faust commits nothing and seeks nowhere.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import confluent_kafka as ck
import structlog
from faust.transport.drivers import aiokafka
from faust.transport.producer import Producer as FaustProducer
from faust.types import TP, ConsumerMessage

from domain.errors import IntegrityError, UnavailableError
from streams.engine.batch import Headers, RecordBatch
from streams.engine.bound import CRASH_SECONDS_MAX, end_within
from streams.engine.health import Phase
from streams.engine.limits import MEBIBYTE
from streams.engine.outage import OutageLog
from streams.engine.passive import PassiveConsumer
from streams.engine.transaction import LIBRDKAFKA, UnsettledError

if TYPE_CHECKING:
    from streams.engine.app import BatchApp

log = structlog.get_logger(__name__)
T = TypeVar("T")

POLL_RECORDS_MAX = 4000
SESSION_TIMEOUT_MS = 10_000
MAX_POLL_INTERVAL_MS = 60_000
GIVE_UP_SECONDS_MAX = 45.0
"""For giving partitions up, well below what the group waits for; two commits and an abort fit in."""
PATIENCE_SECONDS = 300.0
"""How long a broker that is away is waited for before the worker ends; its supervisor then starts it again."""
RETRY_SECONDS = 0.5
UNSETTLED_MAX = 5
"""Commits in a row that may fail; after them the worker ends, because restoring once more mends nothing."""
_PASSING = frozenset(
    {
        ck.KafkaError._TRANSPORT,  # noqa: SLF001 - the library's only names for them
        ck.KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        ck.KafkaError._TIMED_OUT,  # noqa: SLF001
        ck.KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001
        ck.KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        ck.KafkaError.COORDINATOR_NOT_AVAILABLE,
        ck.KafkaError.NOT_COORDINATOR,
        ck.KafkaError.LEADER_NOT_AVAILABLE,
        ck.KafkaError.NOT_LEADER_FOR_PARTITION,
    }
)
"""What the client gets over by itself; of a group it was put out of it says so when it has joined it again."""
WAIT_SECONDS = 0.5
ENDS_SECONDS = 1.0
"""How often the ends of the input are looked at, and how often the event loop says that it is alive."""


class BatchConsumer(PassiveConsumer):
    """Feeds an application's engine; the state of a partition is restored before its first batch."""

    app: BatchApp
    consumer_stopped_errors = (ck.KafkaException,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._batches: asyncio.Queue[RecordBatch] = asyncio.Queue()  # bounded by the engine's backlog
        self._assigned: set[TP] = set()
        self._epoch = 0
        self._epoch_lock = threading.Lock()
        self._reading_epoch = 0
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        self._ready: tuple[int, list[ck.TopicPartition]] | None = None
        self._handed: dict[tuple[str, int], int] = {}
        self._early: list[ck.Message] = []
        self._poll_records = POLL_RECORDS_MAX
        self._ends_read = 0.0

    async def on_start(self) -> None:
        """Fence the predecessor first, join the group afterwards."""
        engine = self.app.engine
        self._observer = engine.observer
        self._main = asyncio.get_running_loop()
        self.add_future(self._beat())
        await self._patiently(engine.start, lambda: self.should_stop)
        self._kafka = ck.Consumer(
            {
                **engine.config.kafka_config,
                "group.id": engine.config.app,
                "group.instance.id": f"{engine.config.app}-{engine.config.instance}",
                "auto.offset.reset": "error",  # a position the log no longer holds is a loss, to be told
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "partition.assignment.strategy": "range",  # co-partitions topics of equal partition counts
                "session.timeout.ms": SESSION_TIMEOUT_MS,
                "heartbeat.interval.ms": SESSION_TIMEOUT_MS // 4,
                "max.poll.interval.ms": MAX_POLL_INTERVAL_MS,
                "enable.partition.eof": True,  # tells lag from what is no record at all
                "fetch.wait.max.ms": 50,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 2,  # what is retried by itself is not worth a line, what is not comes as an error
                "error_cb": OutageLog("consumer"),
                **engine.config.limits.consumer_config(),
            },
            logger=LIBRDKAFKA,
        )

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Begin to poll; called once, an application's topics are fixed."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._poll_until_halted, args=(list(topics),), daemon=True)
            self._thread.start()
            self.add_future(self._commit_by_the_clock())
            if self.app.engine.tracks_time:
                self.add_future(self._observe_by_the_clock())

    async def _commit_by_the_clock(self) -> None:
        interval, spent = self.app.engine.config.commit_seconds, 0.0
        while not self.should_stop:
            # what a commit takes counts as waiting, but batches get at least half of the time
            await asyncio.sleep(max(interval / 2, interval - spent))
            began = time.monotonic()
            try:
                await self._commit_or_begin_again()
            except Exception as error:
                await self.crash(error)
                return
            spent = time.monotonic() - began

    async def _commit_or_begin_again(self) -> None:
        """Commit; when it is unknown whether that worked, restore the same partitions as if they had just come.

        Being no longer a member is one reason for a commit to fail: the group tells soon, and its word comes first.
        """
        epoch = self._epoch
        try:
            await self.app.engine.commit()
        except UnsettledError as error:
            if self.app.engine.unsettled_in_a_row > UNSETTLED_MAX:
                message = f"{UNSETTLED_MAX} commits in a row have failed. {error.message}"
                raise UnavailableError(
                    message, remediation="See the reason: a record, a right or a topic the broker refuses for good."
                ) from error
            log.warning("not committed; the state is restored", app=self.app.conf.id, error=error.message)
        else:
            return
        assigned = set(self._assigned)
        if (ours := self._next_epoch_after(epoch)) is not None:
            await self._release(assigned, lost=True)
            await self._restore_and_assign(ours, assigned)

    async def _patiently(self, call: Callable[[], T], obsolete: Callable[[], bool]) -> T:
        """The result of a blocking call that a broker which is away makes fail, once it is back."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await asyncio.to_thread(call)
            except UnavailableError as error:
                if obsolete() or self.should_stop or time.monotonic() > deadline:
                    raise
                log.warning("tried again", app=self.app.conf.id, error=error.message)
                await asyncio.sleep(RETRY_SECONDS)

    def _next_epoch(self) -> int:
        """Begin an epoch: what was read under an earlier one is thrown away."""
        with self._epoch_lock:  # the polling thread begins some, the event loop others
            self._epoch += 1
            return self._epoch

    def _next_epoch_after(self, epoch: int) -> int | None:
        """Begin the epoch that follows this one; None when another already has."""
        with self._epoch_lock:
            if epoch != self._epoch:
                return None
            self._epoch += 1
            return self._epoch

    async def crash(self, reason: BaseException) -> None:
        """Stop because of a failure; a stop that hangs in the client library ends the process."""
        end_within("the stop after a failure", CRASH_SECONDS_MAX)
        await super().crash(reason)

    async def _observe_by_the_clock(self) -> None:
        while not self.should_stop:
            try:
                await self.app.engine.observe_ends()
            except Exception as error:
                await self.crash(error)
                return
            await asyncio.sleep(self.app.engine.config.time.watermark_seconds)

    async def _beat(self) -> None:
        while not self.should_stop:
            self._observer.beat("event loop")
            await asyncio.sleep(ENDS_SECONDS)

    # The polling thread.

    def _poll_until_halted(self, topics: list[str]) -> None:
        try:
            self._kafka.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
            while not self._halt.is_set():
                self._poll()
        except Exception as error:
            if not self._halt.is_set():
                log.exception("polling stopped")
                asyncio.run_coroutine_threadsafe(self.crash(error), self._main)

    def _poll(self) -> None:
        self._observer.beat("polling thread")
        if self._ready is not None:
            (epoch, partitions), self._ready = self._ready, None
            if epoch == self._epoch:
                self.app.engine.group_metadata = self._kafka.consumer_group_metadata()
                self._handed = {(p.topic, p.partition): max(p.offset, 0) for p in partitions}
                self._kafka.assign(partitions)
                self._early.clear()
                self._reading_epoch = epoch
                self.app.engine.reading(epoch)
                self._observer.enter(Phase.RUNNING)
        self._look_at_ends()
        epoch = self._reading_epoch
        arrived = self._arrivals()
        by_partition: dict[tuple[str, int], list[ck.Message]] = {}
        ends: dict[tuple[str, int], int] = {}
        for message in arrived:
            place = (message.topic() or "", message.partition() or 0)
            if (error := message.error()) is None:
                by_partition.setdefault(place, []).append(message)
            elif error.code() == ck.KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's only name for it
                before = by_partition.get(place)
                handed = (before[-1].offset() or 0) + 1 if before else self._handed.get(place, 0)
                ends[place] = message.offset() or 0
                self._observer.read_to_end(place, handed, ends[place])
            elif error.code() == ck.KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - the library's only name for it
                raise _gone(message)
            elif error.fatal() or error.code() not in _PASSING:
                raise ck.KafkaException(error)
        if epoch == self._epoch:  # else the partitions were given up: what arrived before belongs to nobody here
            self._hand_over_all(epoch, by_partition, ends)

    def _arrivals(self) -> list[ck.Message]:
        early, self._early = self._early, []
        if early:
            return early
        # poll() returns with the first record, where consume(n) would wait for n of them or its whole timeout
        first = self._kafka.poll(0.1)
        if first is None or self._poll_records == 1:
            return [] if first is None else [first]
        return [first, *self._kafka.consume(self._poll_records - 1, 0.001)]

    def _hand_over_all(
        self, epoch: int, by_partition: dict[tuple[str, int], list[ck.Message]], ends: dict[tuple[str, int], int]
    ) -> None:
        for (topic, partition), messages in by_partition.items():
            batch = _batch(topic, partition, epoch, messages, self._handed.get((topic, partition)))
            value_bytes = sum(map(len, messages))
            self._poll_records = self._aimed_at(value_bytes // len(messages))
            messages.clear()  # the batch holds what is needed of them
            self._handed[(topic, partition)] = batch.next_offset
            self._hand_over(batch, value_bytes)
        for (topic, partition), end in ends.items():
            after = self._handed.get((topic, partition), 0)
            self._main.call_soon_threadsafe(self.app.engine.mark_end, epoch, topic, partition, after, end)

    def _aimed_at(self, record_bytes: int) -> int:
        wanted = self.app.engine.config.limits.poll_mb * MEBIBYTE // max(1, record_bytes)
        return max(1, min(POLL_RECORDS_MAX, wanted))

    def _look_at_ends(self) -> None:
        if (now := time.monotonic()) - self._ends_read < ENDS_SECONDS:
            return
        self._ends_read = now
        found = {}
        for topic, partition in self._handed:
            # as the last fetch said: nothing is asked of the broker
            known = self._kafka.get_watermark_offsets(ck.TopicPartition(topic, partition), cached=True)
            if known is not None and known[1] >= 0:
                found[topic, partition] = known[1]
        self._observer.ends(found)

    def _hand_over(self, batch: RecordBatch, value_bytes: int) -> None:
        """Give the batch to the event loop, once the backlog has room for it.

        When processing falls far behind, fetching is paused, and polling goes on for the sake of the membership.
        """
        engine = self.app.engine
        blocked_since = time.monotonic()
        paused: list[ck.TopicPartition] = []
        while not self._halt.is_set() and batch.epoch == self._epoch:
            if engine.backlog.admit(batch, value_bytes, WAIT_SECONDS):
                self._main.call_soon_threadsafe(self._batches.put_nowait, batch)
                break
            self._observer.beat("polling thread")
            if time.monotonic() - blocked_since > engine.config.limits.pause_after_seconds:
                if not paused:
                    paused = self._kafka.assignment()
                    self._kafka.pause(paused)
                    engine.observer.metrics.pauses.inc()
                    log.info("input paused", backlog_bytes=engine.backlog.bytes, backlog_batches=len(engine.backlog))
                if (message := self._kafka.poll(0)) is not None:
                    self._early.append(message)
        if paused:
            self._kafka.resume(paused)
            log.info("input resumed", seconds=round(time.monotonic() - blocked_since, 1))

    def _on_loop(self, coroutine: Coroutine[Any, Any, T], timeout_seconds: float = GIVE_UP_SECONDS_MAX) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._main).result(timeout_seconds)

    def _on_assign(self, kafka: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        kafka.assign([])  # nothing is fetched until the state is back; the thread goes on polling for the group
        epoch = self._next_epoch()
        self._forget_reading()
        self._observer.reassigned()
        assigned = {TP(p.topic, p.partition) for p in partitions}
        asyncio.run_coroutine_threadsafe(self._restore_and_assign(epoch, assigned), self._main)

    def _on_revoke(self, kafka: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        self._give_up(kafka, partitions, lost=False)

    def _on_lost(self, kafka: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        self._give_up(kafka, partitions, lost=True)

    def _give_up(self, kafka: ck.Consumer, partitions: list[ck.TopicPartition], *, lost: bool) -> None:
        self._next_epoch()
        self._forget_reading()
        self._observer.enter(Phase.REBALANCING)
        revoked = {TP(p.topic, p.partition) for p in partitions}
        self._on_loop(self._release(revoked, lost=lost))  # the thread waits: nothing is polled until it is done
        kafka.unassign()

    def _forget_reading(self) -> None:
        self._handed.clear()
        self._early.clear()

    # The event loop.

    async def _restore_and_assign(self, epoch: int, assigned: set[TP]) -> None:
        engine = self.app.engine
        if epoch != self._epoch:  # the group was quicker: another assignment is being restored already
            return
        engine.observer.enter(Phase.RESTORING)
        try:
            self.app.on_rebalance_start()
            self.app.consumer_generation_id += 1  # Faust fences stale messages by it, and its recovery waits for it
            numbers = {tp.partition for tp in assigned}
            restored = await self._patiently(lambda: engine.restore(numbers), lambda: epoch != self._epoch)
            if epoch != self._epoch:
                return
            await engine.adopt(epoch, restored)
            offsets = {tp: engine.next_offset(*tp) for tp in assigned}
            self._assigned = assigned
            await self.on_partitions_assigned(assigned, self.app.consumer_generation_id)
            if epoch != self._epoch:
                return
            for tp in assigned:
                self._read_offset[tp] = None  # Faust would pass over what lies below the offset it last saw
            # the polling thread makes every call to the client, which lets only one in at a time: a call from here
            # would wait behind an endless series of polls
            self._ready = (epoch, [_at(tp, offset) for tp, offset in offsets.items()])
        except Exception as error:
            if epoch == self._epoch:  # what became of an assignment that is over harms nobody
                await self.crash(error)

    async def _release(self, revoked: set[TP], *, lost: bool) -> None:
        self.app.on_rebalance_start()
        while not self._batches.empty():
            self._batches.get_nowait()
        try:
            await self.app.engine.release(lost=lost)
        except UnsettledError as error:
            # what was not committed is read again by whoever works on these partitions next
            log.warning("given up without a commit", app=self.app.conf.id, error=error.message)
        await self.on_partitions_revoked(revoked)
        self._assigned -= revoked

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """The next batch as one Faust message, or nothing within the timeout (seconds)."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        try:
            batch = await asyncio.wait_for(self._batches.get(), timeout)
        except TimeoutError:
            return
        tp = TP(batch.topic, batch.partition)
        if tp not in self._assigned or batch.epoch != self._epoch:
            self.app.engine.backlog.done(batch)
        else:
            yield (
                tp,
                ConsumerMessage(
                    tp.topic,
                    tp.partition,
                    batch.next_offset - 1,
                    batch.timestamps[-1] / 1000,
                    0,
                    [],
                    b"",
                    cast("bytes", batch),  # handed on as it is: the topic's schema does not decode
                    None,
                    0,
                    0,
                    tp,
                    generation_id=self.app.consumer_generation_id,
                ),
            )

    def assignment(self) -> set[TP]:
        """The partitions being worked on."""
        return set(self._assigned)

    async def on_stop(self) -> None:
        """Drain: stop polling, commit what was applied, leave the group."""
        self._halt.set()
        self._next_epoch()  # a restore under way ends, and is no failure
        self.app.engine.observer.enter(Phase.STOPPING)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 10)
        try:
            await self.app.engine.release(lost=self.crashed)
        except UnsettledError as error:
            log.warning("stopped without a commit", app=self.app.conf.id, error=error.message)
        finally:
            if hasattr(self, "_kafka"):
                await asyncio.to_thread(self._kafka.close)


class BatchTransport(aiokafka.Transport):
    """`batch://host:port` as a Faust broker URL."""

    Consumer = BatchConsumer
    Producer = FaustProducer  # the bare one, which sends nothing: whatever leaves is in the engine's transaction


def _at(tp: TP, offset: int | None) -> ck.TopicPartition:
    return ck.TopicPartition(tp.topic, tp.partition, ck.OFFSET_BEGINNING if offset is None else offset)


def _gone(message: ck.Message) -> IntegrityError:
    text = f"{message.topic()}[{message.partition()}] no longer holds the offset the state ends at."
    return IntegrityError(
        text, remediation="Records were deleted or the topic was made anew: restore it, or rebuild the state."
    )


def _batch(topic: str, partition: int, epoch: int, messages: list[ck.Message], follows: int | None) -> RecordBatch:
    return RecordBatch(
        topic,
        partition,
        epoch,
        [m.offset() or 0 for m in messages],
        [m.timestamp()[1] for m in messages],
        [m.key() for m in messages],
        [m.value() for m in messages],
        [cast("Headers", m.headers() or []) for m in messages],
        follows,
    )
