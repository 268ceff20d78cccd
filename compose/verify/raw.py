"""Topics read from their beginning to their end, once, without a group and without any other state."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from domain.errors import UnavailableError
from streams.engine.restore import watermarks
from streams.engine.transaction import LIBRDKAFKA

STALLED_SECONDS_MAX = 30.0
_BATCH = 5000
_POLL_SECONDS = 0.2
_PARTITION_EOF = KafkaError._PARTITION_EOF  # noqa: SLF001 - the library's only name for it


class Raw(NamedTuple):
    """A record as it lies in the log; `partitions` is how many its topic has, 0 when nobody asked."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partitions: int = 0


def committed_reader(kafka_config: Mapping[str, str], **further: str | int | bool) -> Consumer:
    """A consumer of committed records, in no group's name, that says where a partition ends."""
    return Consumer(
        {
            **kafka_config,
            "group.id": "verify",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,  # its default holds the mark of the end back for half a second
            "auto.offset.reset": "earliest",
            **further,
        },
        logger=LIBRDKAFKA,
    )


def read_all(kafka_config: Mapping[str, str], topic: str) -> Iterator[Raw]:
    """Every committed record of a topic, up to the ends it has when reading begins.

    Raises `UnavailableError` when the broker does not answer or the topic does not exist.
    """
    for message, partitions in read_messages(kafka_config, topic):
        headers = cast("list[tuple[str, bytes]]", message.headers() or [])
        partition, offset = message.partition() or 0, message.offset() or 0
        yield Raw(topic, partition, offset, message.key(), message.value(), headers, partitions)


def read_messages(kafka_config: Mapping[str, str], topic: str) -> Iterator[tuple[Message, int]]:
    """The same as the client hands them over, for who needs little of them; with how many partitions there are."""
    consumer = committed_reader(kafka_config)
    try:
        yield from _read(consumer, kafka_config, topic)
    except KafkaException as error:
        message = f"Topic {topic} cannot be read: {error.args[0].str()}."
        raise UnavailableError(message, remediation="Check the broker, and that `topics apply` was run.") from error
    finally:
        consumer.close()


def taken(consumer: Consumer, at_most: int) -> list[Message]:
    """What has arrived, marks of the end included; consume() alone would wait for all of `at_most` or its timeout."""
    first = consumer.poll(_POLL_SECONDS)
    return [] if first is None else [first, *consumer.consume(at_most - 1, 0.001)]


def is_end(message: Message) -> bool:
    """Whether this is no record but the mark of a partition's end; raises `KafkaException` for any other error."""
    error = message.error()
    if error is not None and error.code() != _PARTITION_EOF:
        raise KafkaException(error)
    return error is not None


def _read(consumer: Consumer, kafka_config: Mapping[str, str], topic: str) -> Iterator[tuple[Message, int]]:
    known = consumer.list_topics(topic, timeout=10).topics[topic]
    if known.error is not None:
        raise KafkaException(known.error)
    ends = _ends(kafka_config, topic, known.partitions)
    open_partitions = {p for p, end in ends.items() if end > 0}
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in open_partitions])
    heard = time.monotonic()
    while open_partitions:
        for message in taken(consumer, _BATCH):
            heard = time.monotonic()
            partition, offset, ended = message.partition() or 0, message.offset() or 0, is_end(message)
            # an end-of-partition mark stands at the next offset, behind the markers of transactions
            if (offset if ended else offset + 1) >= ends[partition]:
                open_partitions.discard(partition)
            if not ended and offset < ends[partition]:
                yield message, len(ends)
        if time.monotonic() - heard > STALLED_SECONDS_MAX:
            text = f"Topic {topic} stopped answering in partitions {sorted(open_partitions)}."
            raise UnavailableError(text, remediation="Check the broker; a hanging transaction also holds readers back.")


def _ends(kafka_config: Mapping[str, str], topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Where each partition ends as written: the end of what is committed may still lag behind a commit just made."""
    config = {**kafka_config, "group.id": "verify", "isolation.level": "read_uncommitted"}
    asking = Consumer(config, logger=LIBRDKAFKA)
    try:
        return {p: watermarks(asking, TopicPartition(topic, p))[1] for p in partitions}
    finally:
        asking.close()
