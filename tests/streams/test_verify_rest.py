"""When a reader has everything: markers and aborted records take offsets, and nobody is ever given them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from compose.verify.rest import unread
from tests.streams.platform import eventually
from topics.catalogue import PRODUCT_ORDERS

if TYPE_CHECKING:
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack


class Log:
    """A topic of two partitions and a producer that writes to the first in transactions."""

    def __init__(self, kafka: dict[str, str]) -> None:
        self.kafka, self.topic = kafka, f"test-{uuid4().hex[:8]}"
        admin = AdminClient(dict(kafka))
        admin.create_topics([NewTopic(self.topic, 2, 1)])[self.topic].result(20)
        eventually(lambda: self.topic in admin.list_topics(timeout=10).topics, "the topic is there")
        self.producer = Producer({**kafka, "transactional.id": self.topic})
        self.producer.init_transactions(30)

    def begin(self, records: int) -> None:
        self.producer.begin_transaction()
        for number in range(records):
            self.producer.produce(self.topic, b"%d" % number, partition=0)
        self.producer.flush(10)

    def unread(self, position: int) -> int:
        found = unread(self.kafka, {self.topic: {0: position}})
        assert found[self.topic, 1] == 0, "an empty partition holds nothing for a reader without a position"
        return found[self.topic, 0]


@pytest.fixture
def log(platform: Platform) -> Log:
    return Log(platform.endpoints.kafka_config())


def test_a_commit_marker_behind_the_last_record_is_nothing_to_read(log: Log) -> None:
    log.begin(3)
    log.producer.commit_transaction(10)
    assert log.unread(4) == 0
    eventually(lambda: log.unread(3) == 0, "only the marker is left")
    eventually(lambda: log.unread(2) == 2, "the marker is written, a moment after the commit")
    assert log.unread(0) == 4
    assert log.unread(3) == 0


def test_aborted_records_are_nothing_to_read(log: Log) -> None:
    log.begin(2)
    log.producer.commit_transaction(10)
    log.begin(5)
    log.producer.abort_transaction(10)
    eventually(lambda: log.unread(2) == 0, "what was aborted is passed over")
    assert log.unread(1) > 0


def test_an_open_transaction_is_still_to_be_read(log: Log) -> None:
    log.begin(2)
    assert log.unread(0) == 2
    log.producer.commit_transaction(10)


def test_a_platform_whose_owner_writes_in_transactions_comes_to_rest_and_verifies(platform: Platform) -> None:
    before = platform.caught_up()
    load = platform.events(5, seed=410)
    producer = Producer(
        {
            **platform.endpoints.kafka_config(),
            "transactional.id": f"owner-{uuid4().hex[:8]}",
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions(30)
    for end in (producer.commit_transaction, producer.abort_transaction, producer.commit_transaction):
        producer.begin_transaction()
        for record in load:
            producer.produce(PRODUCT_ORDERS.name, record.value, record.key, headers=list(record.headers))
        end(30)

    with platform.worker():
        platform.await_read(before.read + 2 * len(load))
        report = platform.verified()
    assert report.accounting["total"]["duplicate"] - before.duplicate == len(load)
    assert (report.lost, report.double_counted) == (0, 0)
