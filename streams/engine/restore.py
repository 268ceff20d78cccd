"""State of partitions read back from their changelog: all of it, or what a store that was kept does not have yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition

from domain.errors import UnavailableError
from streams.engine.position import POSITION_KEY, Position
from streams.engine.store import Mark, MemoryStore, Store
from streams.engine.timers import Timers
from streams.engine.transaction import LIBRDKAFKA, TRANSACTION_TIMEOUT_MS
from streams.engine.watermark import Completeness
from topics.admin import admin_client

log = structlog.get_logger(__name__)

LEADER_SECONDS_MAX = 15.0
STORE_AGE_SECONDS_MAX = 3 * 86_400.0
"""Less than half of how long a changelog keeps a removal after compaction (`delete.retention.ms`): a store older than
that could miss one for ever."""
_BATCH = 4_000
_POLL_SECONDS = 0.02
_REQUEST_SECONDS = 10.0
_ELECTING = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}
_64_BITS = (1 << 64) - 1
_IN_BULK = {
    "fetch.queue.backoff.ms": 5,  # its default lets the fetcher sleep for a second whenever its queue was full once
    "fetch.wait.max.ms": 20,  # its default holds the mark of the end back for half a second
    "fetch.message.max.bytes": 4 << 20,
    "queued.max.messages.kbytes": 64 << 10,
}


@dataclass(slots=True)
class Partition:
    """Everything the engine holds of one partition; `records_read` is how long a way back it was."""

    store: Store
    position: Position
    committed_position: Position
    timers: Timers = field(default_factory=Timers)
    completeness: Completeness = field(default_factory=Completeness)
    records_read: int = 0

    def committed(self, changelog_offset: int | None) -> None:
        """Keep the transaction's changes for good, after Kafka has committed them.

        `changelog_offset` is where its position record, the last of it, lies; None when nobody said so.
        """
        mark = self.store.mark
        if mark is not None and changelog_offset is not None:
            record = self.position.to_bytes()
            mark = Mark(mark.topic_id, mark.partition, changelog_offset + 1, record, time.time(), changelog_offset)
        self.store.committed(mark)
        self.timers.committed()
        if self.position != self.committed_position:
            self.committed_position = self.position.copy()


@dataclass(slots=True)
class _Tail:
    """What is to be read of one partition's log, which lies from `begin` to `end`, and how far that has come.

    `held` and `position` are the newest position records the store came with and the reader has met, which lies at
    `position_offset`, with `known_at` where the former lies; `since` is from when on the log must hold every removal
    (Unix time), and `records` how many were read that the store did not know.
    """

    number: int
    store: Store
    begin: int
    end: int
    reached: int = 0
    held: bytes = b""
    position: bytes = b""
    position_offset: int = -1
    known_at: int = -1
    since: float = 0.0
    records: int = 0

    @property
    def whole(self) -> bool:
        """Whether the reader stands at or past the end."""
        return self.reached >= self.end


def await_stable_offsets(
    kafka_config: Mapping[str, str], group: str, topics: Iterable[str], partitions: Sequence[int]
) -> None:
    """Return when no transaction holds offsets of the group for these partitions any more.

    Raises `UnavailableError` when one still does after twice the transaction timeout.
    """
    wanted = [TopicPartition(topic, partition) for topic in topics for partition in partitions]
    if not wanted:
        return
    # read_committed makes the request ask for stable offsets; the client repeats it until they are
    consumer = Consumer({**kafka_config, "group.id": group, "isolation.level": "read_committed"}, logger=LIBRDKAFKA)
    try:
        consumer.committed(wanted, timeout=2 * TRANSACTION_TIMEOUT_MS / 1000)
    except KafkaException as error:
        message = f"The offsets of {group} do not settle: {error.args[0].str()}."
        raise UnavailableError(
            message, remediation="A transaction of a stalled worker is pending; start again."
        ) from error
    finally:
        consumer.close()


def restore(kafka_config: Mapping[str, str], changelog: str, partition: int) -> Partition:
    """One partition read from the beginning into memory; see `read_back`."""
    return read_back(kafka_config, changelog, {partition: MemoryStore()})[partition]


def read_back(
    kafka_config: Mapping[str, str],
    changelog: str,
    stores: Mapping[int, Store],
    superseded: Callable[[], bool] = lambda: False,
) -> dict[int, Partition]:
    """Bring the stores of these partitions up to the changelog's end, in this order:

    1. ask for the ends of the log as written, uncommitted records included;
    2. empty every store whose mark does not fit the log;
    3. read committed records until the reader stands at or past that end, all partitions at once, each from the
       position record its store came with: that must be there still, or one after it;
    4. a store whose positions went back on the way contradicts the log: empty it and read it from the beginning.

    A broker has been seen to answer a commit, and never to write it into the partitions: one that is alone and told to
    end finds no leader for them and passes them over (Kafka 4.3.1). A store then holds what the log calls aborted.

    Stopping at the last stable offset instead would miss commits above an open transaction that a dead worker left
    behind. Its timeout ends it, so the wait is bounded: raises `UnavailableError` after twice that long without
    progress, and as soon as `superseded` says that nobody waits for this any more; the stores then have what was read.
    """
    began, now = time.monotonic(), time.time()
    try:
        topic_id = _topic_id(kafka_config, changelog)
        tails = _tails(kafka_config, changelog, stores)
        for tail in tails:
            _begin(tail, changelog, topic_id, now)
        from_beginning = [tail.number for tail in tails if tail.store.mark is None]
        reading = _Reading(kafka_config, changelog, topic_id, now, superseded)
        reading.run(tails)
        if contradicted := [tail for tail in tails if _went_back(tail)]:
            for tail in contradicted:
                _begin_anew(tail, changelog, now, "its positions are past those in the changelog")
            reading.run(contradicted)
    except KafkaException as error:
        message = f"Changelog {changelog}{sorted(stores)} cannot be read: {error.args[0].str()}."
        raise UnavailableError(message, remediation="Check the broker and that `topics apply` was run.") from error
    log.info(
        "partitions restored",
        changelog=changelog,
        partitions=sorted(stores),
        from_beginning=from_beginning,
        records=sum(tail.records for tail in tails),
        seconds=round(time.monotonic() - began, 3),
    )
    return {tail.number: _partition(tail) for tail in tails}


def _partition(tail: _Tail) -> Partition:
    position = _position(tail.position)
    return Partition(tail.store, position, position.copy(), records_read=tail.records)


def _position(record: bytes) -> Position:
    return Position.from_bytes(record) if record else Position()


def watermarks(consumer: Consumer, here: TopicPartition) -> tuple[int, int]:
    """Begin and end of the log; a topic created a moment ago has no leader yet and is asked again for a while."""
    deadline = time.monotonic() + LEADER_SECONDS_MAX
    while True:
        try:
            begin, end = consumer.get_watermark_offsets(here, timeout=_REQUEST_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in _ELECTING or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return begin, end


def _topic_id(kafka_config: Mapping[str, str], topic: str) -> str:
    deadline = time.monotonic() + LEADER_SECONDS_MAX
    while True:
        asked = admin_client(kafka_config).describe_topics(TopicCollection([topic]), request_timeout=_REQUEST_SECONDS)
        try:
            found = asked[topic].result(_REQUEST_SECONDS * 2).topic_id
        except KafkaException as error:
            if error.args[0].code() not in _ELECTING or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            bits = found.get_most_significant_bits(), found.get_least_significant_bits()
            return "-".join(f"{half & _64_BITS:016x}" for half in bits)


def _tails(kafka_config: Mapping[str, str], changelog: str, stores: Mapping[int, Store]) -> list[_Tail]:
    asking = Consumer(
        {**kafka_config, "group.id": f"restore-{changelog}", "isolation.level": "read_uncommitted"}, logger=LIBRDKAFKA
    )
    try:
        return [
            _Tail(number, store, *watermarks(asking, TopicPartition(changelog, number)))
            for number, store in sorted(stores.items())
        ]
    finally:
        asking.close()


def _begin(tail: _Tail, changelog: str, topic_id: str, now: float) -> None:
    mark = tail.store.mark
    unfit = _unfit(tail, mark, topic_id, now) if mark is not None else ""
    if mark is None or unfit:
        _begin_anew(tail, changelog, now, unfit)
    else:
        tail.reached, tail.since = mark.position_offset if mark.position else mark.offset, mark.seconds
        tail.held, tail.position = mark.position, b""
        tail.known_at = mark.position_offset if mark.position else -1


def _unfit(tail: _Tail, mark: Mark, topic_id: str, now: float) -> str:
    """Why the store cannot be brought up to date from its mark; empty when it can."""
    if (mark.topic_id, mark.partition) != (topic_id, tail.number):
        return f"it belongs to partition {mark.partition} of the topic with the id {mark.topic_id}"
    if mark.offset > tail.end:
        return f"it holds the changelog up to {mark.offset}, which ends at {tail.end}"
    if (mark.position_offset if mark.position else mark.offset) < tail.begin:
        return f"it holds the changelog up to {mark.offset}, which begins at {tail.begin}"
    if now - mark.seconds > STORE_AGE_SECONDS_MAX:
        return f"it is {(now - mark.seconds) / 86_400:.1f} days old"
    return ""


def _begin_anew(tail: _Tail, changelog: str, now: float, unfit: str) -> None:
    if unfit:
        log.warning("store thrown away", changelog=changelog, partition=tail.number, reason=unfit)
    tail.store.clear()
    tail.reached, tail.since = tail.begin, now
    tail.held, tail.position, tail.known_at = b"", b"", -1


def _went_back(tail: _Tail) -> bool:
    before, after = _position(tail.held).offsets, _position(tail.position).offsets
    return any(after.get(topic, 0) < offset for topic, offset in before.items())


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads tails into their stores; `now` is when their ends were asked for (Unix time)."""

    kafka_config: Mapping[str, str]
    changelog: str
    topic_id: str
    now: float
    superseded: Callable[[], bool]

    def run(self, tails: Sequence[_Tail]) -> None:
        """Read every tail to its end; what has been read when that fails is marked as such all the same."""
        try:
            if not all(tail.whole for tail in tails):
                self._read({tail.number: tail for tail in tails})
        finally:
            for tail in tails:
                if tail.held and not tail.position:
                    continue  # what it came with was not met (yet): the mark stands, and is looked at again
                seconds, place = self.now if tail.whole else tail.since, tail.position_offset
                tail.store.loaded(Mark(self.topic_id, tail.number, tail.reached, tail.position, seconds, place))

    def _read(self, tails: dict[int, _Tail]) -> None:
        consumer = Consumer(
            {
                **self.kafka_config,
                **_IN_BULK,
                "group.id": f"restore-{self.changelog}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
            },
            logger=LIBRDKAFKA,
        )
        try:
            consumer.assign([TopicPartition(self.changelog, tail.number, tail.reached) for tail in tails.values()])
            self._drain(consumer, tails)
        finally:
            consumer.close()

    def _drain(self, consumer: Consumer, tails: dict[int, _Tail]) -> None:
        patience = 2 * TRANSACTION_TIMEOUT_MS / 1000
        deadline = time.monotonic() + patience
        while not all(tail.whole for tail in tails.values()):
            messages = consumer.consume(_BATCH, _POLL_SECONDS)
            if messages:
                deadline = time.monotonic() + patience
            for number, run in groupby(messages, Message.partition):
                _load(tails.get(-1 if number is None else number), list(run))
            if self.superseded():
                raise UnavailableError(
                    "The assignment is over.", remediation="Nothing: the next one goes on from here."
                )
            if time.monotonic() > deadline:
                stands = ", ".join(f"[{t.number}] at {t.reached} of {t.end}" for t in tails.values() if not t.whole)
                text = f"Changelog {self.changelog} stands {stands}: a transaction hangs."
                raise UnavailableError(text, remediation="Start again; if it stays, abort the hanging transaction.")


def _load(tail: _Tail | None, messages: list[Message]) -> None:
    """Bring messages of one partition into its store; each record costs four calls, all of them in C."""
    records = [message for message in messages if message.error() is None]
    for message in messages if len(records) < len(messages) else ():
        error = message.error()
        if error is not None and (tail is None or error.code() != KafkaError._PARTITION_EOF):  # noqa: SLF001 - its name
            raise KafkaException(error)
    if tail is None:
        return
    tail.reached = max(tail.reached, messages[-1].offset() or 0)
    if records:
        newest = {message.key() or b"": message.value() for message in records}
        if (position := newest.pop(POSITION_KEY, None)) is not None:
            tail.position = position
            tail.position_offset = next(m.offset() or 0 for m in reversed(records) if m.key() == POSITION_KEY)
        tail.store.load_many(newest)
        tail.reached = max(tail.reached, (records[-1].offset() or 0) + 1)
        tail.records += len(records) - (records[0].offset() == tail.known_at)
