"""What a topic holds, read with a plain consumer."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from avro.headers import from_headers
from topics.relay import Relay

READ_S = 30.0
END = KafkaError._PARTITION_EOF


class Arrived(NamedTuple):
    """A record as it arrived: aggregate, version, event id, and where it lies."""

    key: str
    version: int
    event_id: str
    partition: int
    offset: int
    value: bytes


def read_all(config: Mapping[str, str], topic: str, *tenants: str) -> list[Arrived]:
    """Every record of these tenants on a topic, partition by partition, up to the end at the time of the call."""
    return read_topics(config, [topic], *tenants)[topic]


def read_topics(config: Mapping[str, str], topics: Sequence[str], *tenants: str) -> dict[str, list[Arrived]]:
    """The same for several topics, which are waited for together."""
    consumer = Consumer(
        {**config, "group.id": "test-reader", "enable.partition.eof": True, "enable.auto.commit": False}
    )
    arrived: dict[str, list[Arrived]] = {topic: [] for topic in topics}
    try:
        known = consumer.list_topics(timeout=10).topics
        unread = {(topic, partition) for topic in topics for partition in known[topic].partitions}
        consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in unread])
        while unread:
            record = consumer.poll(READ_S)
            assert record is not None, f"nothing more of {unread}"
            topic, partition, error = str(record.topic()), record.partition(), record.error()
            if error is not None:
                assert error.code() == END, error
                unread.discard((topic, partition or 0))
            else:
                arrived[topic].append(_arrived(record))
    finally:
        consumer.close()
    mine = tuple(f"{tenant}:" for tenant in tenants)
    return {
        topic: sorted((a for a in found if a.key.startswith(mine)), key=lambda a: (a.partition, a.offset))
        for topic, found in arrived.items()
    }


def _arrived(record: Message) -> Arrived:
    partition, offset, key, value = record.partition(), record.offset(), record.key(), record.value()
    assert partition is not None
    assert offset is not None
    assert isinstance(key, bytes)
    assert isinstance(value, bytes)
    headers = record.headers()
    assert isinstance(headers, list)
    envelope = from_headers([(n, v.encode() if isinstance(v, str) else v) for n, v in headers])
    return Arrived(key.decode(), envelope.aggregate_version, envelope.event_id, partition, offset, value)


def first_arrivals(arrived: Sequence[Arrived]) -> dict[str, list[int]]:
    """By aggregate, the versions in the order in which each was seen first; one aggregate lies in one partition."""
    seen: set[str] = set()
    partition_of: dict[str, int] = {}
    versions: dict[str, list[int]] = defaultdict(list)
    for record in arrived:
        assert partition_of.setdefault(record.key, record.partition) == record.partition
        if record.event_id not in seen:
            seen.add(record.event_id)
            versions[record.key].append(record.version)
    return dict(versions)


@contextmanager
def running(*relays: Relay) -> Iterator[None]:
    """Relays at work in threads of their own."""
    stop = threading.Event()
    threads = [threading.Thread(target=relay.run, args=(stop,)) for relay in relays]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
