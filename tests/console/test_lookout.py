"""Looking at a real broker and a real sink: what is complete, and who is behind a record or only behind a marker."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from avro.registry import Registry
from compose.serving.completeness import Stage
from compose.serving.looking import Lookout
from compose.serving.stages import sources, stages
from sinks.consumer import SinkConsumer
from sinks.postgres import PostgresSink
from sinks.tables import TABLES
from tests.sinks.feed import Feed, running
from tests.sinks.records import order_state
from topics.admin import admin_client

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack


class Owner:
    """An owner's topic, and the application that reads it, as its commits show."""

    def __init__(self, stack: Endpoints) -> None:
        self.topic, self.group = f"owned-{uuid4().hex[:8]}", f"app-{uuid4().hex[:8]}"
        self._config = dict(stack.kafka_config())
        admin_client(self._config).create_topics([NewTopic(self.topic, 1, 1)])[self.topic].result(20)

    def publish(self, *, in_transaction: bool = False) -> None:
        told = {"transactional.id": uuid4().hex} if in_transaction else {}
        producer = Producer({**self._config, **told})
        if in_transaction:
            producer.init_transactions(20)
            producer.begin_transaction()
        producer.produce(self.topic, value=b"fact", partition=0)
        producer.flush(20)
        if in_transaction:
            producer.commit_transaction(20)

    def commit(self, offset: int) -> None:
        consumer = Consumer({**self._config, "group.id": self.group})
        consumer.commit(offsets=[TopicPartition(self.topic, 0, offset)], asynchronous=False)
        consumer.close()


def test_a_table_is_complete_as_of_the_look_that_saw_everything_arrive(stack: Endpoints) -> None:
    with Registry(stack.registry_url) as registry:
        feed, owner = Feed.make(stack, registry), Owner(stack)
        derived = feed.table.topic
        filled_by = {derived: Stage(owner.group, (owner.topic,))}
        lookout = Lookout(stack.kafka_config(), stack.database_url, filled_by, {owner.topic})
        sink = PostgresSink(stack.database_url, [feed.table])
        sink.setup()
        lookout.look_now()
        empty = lookout.complete_as_of(derived)
        assert empty is not None, "nothing was published, and nothing is missing"

        owner.publish()
        lookout.look_now()
        assert lookout.complete_as_of(derived) == empty, "the application has not read it"
        feed.publish([order_state("t:a")])
        owner.commit(1)
        lookout.look_now()
        assert lookout.complete_as_of(derived) == empty, "the sink has not stored it"

        consumer = SinkConsumer(sink, stack.kafka_config(), registry.schema_for_id, group_id=f"g-{derived}")
        with running(consumer), PostgresSink(stack.database_url, [feed.table]) as other:
            feed.await_caught_up(other)
        lookout.look_now()
        stored = lookout.complete_as_of(derived)
        assert stored is not None
        assert stored > empty

        owner.publish(in_transaction=True)
        owner.commit(2)  # the record is read, its transaction's marker lies behind it
        for _ in range(3):
            lookout.look_now()
        at_marker = lookout.complete_as_of(derived)
        assert at_marker is not None
        assert at_marker > stored, "no record is missing, though offsets lie ahead"
        owner.publish()
        for _ in range(3):
            lookout.look_now()
        assert lookout.complete_as_of(derived) <= at_marker, "a record is"
        lookout.close()


def test_a_broker_that_is_away_teaches_nothing() -> None:
    lookout = Lookout({"bootstrap.servers": "127.0.0.1:1"}, "postgresql://nobody@127.0.0.1:1/x", {}, set())
    lookout.look_now()
    assert lookout.complete_as_of("anything") is None
    lookout.close()


def test_every_table_follows_from_owners_topics() -> None:
    """A table whose topic nobody is known to fill would be of unknown age for ever."""
    filled = stages()
    for table in TABLES:
        reached, ahead = set(), [table.topic]
        while ahead:
            topic = ahead.pop()
            if topic in reached:
                continue
            reached.add(topic)
            assert topic in filled or topic in sources(), f"{table.topic} follows from {topic}, which nobody fills"
            ahead += filled[topic].inputs if topic in filled else ()
        assert reached & sources(), table.topic
