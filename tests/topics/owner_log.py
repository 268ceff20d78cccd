"""What a topic holds, read with a plain consumer."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

from avro.headers import from_headers
from topics.relay import Relay

READ_S = 30.0


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
    consumer = Consumer(
        {**config, "group.id": "test-reader", "enable.partition.eof": True, "enable.auto.commit": False}
    )
    try:
        partitions = sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        arrived: list[Arrived] = []
        for partition in partitions:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            arrived += _read(consumer, topic, partition, end)
        return [a for a in arrived if a.key.startswith(tuple(f"{tenant}:" for tenant in tenants))]
    finally:
        consumer.close()


def _read(consumer: Consumer, topic: str, partition: int, end: int) -> Iterator[Arrived]:
    consumer.assign([TopicPartition(topic, partition, 0)])
    at = 0
    while at < end:
        record = consumer.poll(READ_S)
        assert record is not None, f"nothing more of {topic}/{partition} before {end}"
        error = record.error()
        if error is not None:
            return
        offset, key, value = record.offset(), record.key(), record.value()
        assert offset is not None
        assert isinstance(key, bytes)
        assert isinstance(value, bytes)
        at = offset + 1
        headers = record.headers()
        assert isinstance(headers, list)
        envelope = from_headers([(n, v.encode() if isinstance(v, str) else v) for n, v in headers])
        yield Arrived(key.decode(), envelope.aggregate_version, envelope.event_id, partition, offset, value)


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
