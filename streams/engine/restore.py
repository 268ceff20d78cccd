"""State of a partition read back from its changelog."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from domain.errors import UnavailableError
from streams.engine.position import POSITION_KEY, Position
from streams.engine.store import MemoryStore
from streams.engine.timers import Timers
from streams.engine.transaction import TRANSACTION_TIMEOUT_MS
from streams.engine.watermark import Completeness

log = structlog.get_logger(__name__)

_BATCH = 10_000
LEADER_SECONDS_MAX = 15.0
_ELECTING = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}


@dataclass(slots=True)
class Partition:
    """Everything the engine holds of one partition."""

    store: MemoryStore
    position: Position
    committed_position: Position
    timers: Timers = field(default_factory=Timers)
    completeness: Completeness = field(default_factory=Completeness)


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
    consumer = Consumer({**kafka_config, "group.id": group, "isolation.level": "read_committed"})
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
    """Read one changelog partition to its end, in this order:

    1. ask for the end of the log as written, uncommitted records included;
    2. read committed records until the reader stands at or past that end.

    Stopping at the last stable offset instead would miss commits above an open transaction that a dead worker left
    behind. Its timeout ends it, so the wait is bounded: raises `UnavailableError` after twice that long without
    progress.
    """
    consumer = Consumer(
        {
            **kafka_config,
            "group.id": f"restore-{changelog}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    here = TopicPartition(changelog, partition)
    uncommitted = Consumer({**kafka_config, "group.id": f"restore-{changelog}", "isolation.level": "read_uncommitted"})
    try:
        begin, end = watermarks(uncommitted, here)
        here.offset = begin
        consumer.assign([here])
        store, position = _read(consumer, here, end)
    except KafkaException as error:
        message = f"Changelog {changelog}[{partition}] cannot be read: {error.args[0].str()}."
        raise UnavailableError(message, remediation="Check the broker and that `topics apply` was run.") from error
    finally:
        consumer.close()
        uncommitted.close()
    return Partition(store, position, position.copy())


def watermarks(consumer: Consumer, here: TopicPartition) -> tuple[int, int]:
    """Begin and end of the log; a topic created a moment ago has no leader yet and is asked again for a while."""
    deadline = time.monotonic() + LEADER_SECONDS_MAX
    while True:
        try:
            begin, end = consumer.get_watermark_offsets(here, timeout=10.0)
        except KafkaException as error:
            if error.args[0].code() not in _ELECTING or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return begin, end


def _read(consumer: Consumer, here: TopicPartition, end: int) -> tuple[MemoryStore, Position]:
    store, position = MemoryStore(), Position()
    reached = here.offset
    patience = 2 * TRANSACTION_TIMEOUT_MS / 1000
    deadline = time.monotonic() + patience
    while reached < end:
        for message in consumer.consume(_BATCH, 0.1):
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                raise KafkaException(error)
            offset = message.offset() or 0
            if error is not None:
                reached = max(reached, offset)
                continue
            reached = offset + 1
            deadline = time.monotonic() + patience
            key, value = message.key() or b"", message.value()
            if key == POSITION_KEY:
                position = Position.from_bytes(value or b"{}")
            else:
                store.load(key, value)
        if time.monotonic() > deadline:
            text = f"Changelog {here.topic}[{here.partition}] stands at {reached} of {end}: a transaction hangs."
            raise UnavailableError(text, remediation="Start again; if it stays, abort the hanging transaction.")
    return store, position
