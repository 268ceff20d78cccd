"""A derived topic of a test's own, fed as the engine feeds them, and consumers running beside the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from avro.codec import encode_body, frame
from domain.errors import UnavailableError
from sinks.kafka_topic import TopicDirectory
from sinks.tables import ORDER_STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from avro.registry import Registry
    from compose.stack.endpoints import Endpoints
    from sinks.consumer import SinkConsumer
    from sinks.contract import Sink
    from sinks.table import Table

PARTITIONS = 2
PATIENCE_S = 40.0

Headers = Sequence[tuple[str, str | bytes | None]]
Raw = tuple[bytes | None, bytes | None]


def eventually(holds: Callable[[], bool], *, what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait until `holds`, at most `timeout_s` seconds."""
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Feed:
    """One topic with its dead letters and its table."""

    stack: Endpoints
    registry: Registry
    table: Table

    @classmethod
    def make(cls, stack: Endpoints, registry: Registry) -> Feed:
        """A topic nobody else uses; its table, too."""
        tag = uuid4().hex[:8]
        topic = f"derived.test-{tag}.v1"
        table = replace(ORDER_STATE, topic=topic, dead_letters=f"dlq.{topic}", name=f"test_{tag}")
        feed = cls(stack, registry, table)
        feed.create_topics()
        registry.register(topic, "OrderState")
        return feed

    @cached_property
    def directory(self) -> TopicDirectory:
        return TopicDirectory(self.stack.kafka_config())

    @cached_property
    def admin(self) -> AdminClient:
        # Kept, because its answers die with it.
        return AdminClient(dict(self.stack.kafka_config()))

    def create_topics(self) -> None:
        names = [self.table.topic, self.table.dead_letters]
        made = self.admin.create_topics([NewTopic(n, PARTITIONS, 1) for n in names])
        for answer in made.values():
            answer.result(20)
        # The broker answers before every one of its parts knows the topic.
        eventually(lambda: all(map(self._is_there, names)), what="the topics are there")

    def _is_there(self, topic: str) -> bool:
        try:
            return len(self.directory.ends(topic)) == PARTITIONS
        except UnavailableError:
            return False

    def delete_topic(self) -> None:
        for answer in self.admin.delete_topics([self.table.topic]).values():
            answer.result(20)

    def encoded(self, record: dict[str, Any], name: str = "OrderState") -> bytes:
        return frame(self.registry.id_for(self.table.topic, name), encode_body(name, record))

    def publish(self, records: list[dict[str, Any]], *, commit: bool = True) -> None:
        """Publish records in one transaction, committed or aborted."""
        self.publish_raw([(r["orderId"].encode(), self.encoded(r)) for r in records], commit=commit)

    def publish_raw(self, messages: list[Raw], *, commit: bool = True, headers: Headers = ()) -> None:
        producer = Producer(
            {
                **self.stack.kafka_config(),
                "transactional.id": f"test-{uuid4().hex}",
                "partitioner": "murmur2_random",
            }
        )
        producer.init_transactions(20)
        producer.begin_transaction()
        for key, value in messages:
            producer.produce(self.table.topic, value=value, key=key, headers=list(headers))
        producer.flush(20)
        if commit:
            producer.commit_transaction(20)
        else:
            producer.abort_transaction(20)

    def dead_letters(self) -> list[Message]:
        """Every dead letter of the topic so far."""
        consumer = Consumer(
            {
                **self.stack.kafka_config(),
                "group.id": "unused",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )
        ends = self.directory.ends(self.table.dead_letters)
        consumer.assign([TopicPartition(self.table.dead_letters, p, 0) for p in ends])
        found: list[Message] = []
        until = time.monotonic() + PATIENCE_S
        while len(found) < sum(ends.values()) and time.monotonic() < until:
            found += [m for m in consumer.consume(100, 0.2) if m.error() is None]
        consumer.close()
        return found

    def is_caught_up(self, sink: Sink) -> bool:
        return not any(self.directory.lag(self.table.topic, sink.positions(self.table.topic)).values())

    def await_caught_up(self, sink: Sink) -> None:
        eventually(lambda: self.is_caught_up(sink), what=f"{sink.name} has caught up")


def headers_of(message: Message) -> list[tuple[str, bytes]]:
    """The headers of a message that came from a topic."""
    return cast("list[tuple[str, bytes]]", message.headers() or [])


@contextmanager
def running(consumer: SinkConsumer) -> Iterator[Running]:
    """The consumer at work in a thread until the block ends; what it raised is raised then, unless it was taken."""
    life = Running(consumer)
    life.start()
    try:
        yield life
    finally:
        life.stop()
    if life.error is not None:
        raise life.error


class Running(threading.Thread):
    """A consumer at work."""

    def __init__(self, consumer: SinkConsumer) -> None:
        super().__init__(name=consumer.name, daemon=True)
        self.consumer = consumer
        self.error: Exception | None = None
        self._halt = threading.Event()

    def run(self) -> None:
        try:
            self.consumer.run(self._halt)
        except Exception as error:  # handed over to the test
            self.error = error

    def stop(self) -> None:
        self._halt.set()
        self.join(30)
        assert not self.is_alive(), "the consumer does not stop"

    def take_error(self) -> Exception | None:
        """Wait for the consumer to end by itself, and what it raised."""
        self.join(PATIENCE_S)
        assert not self.is_alive(), "the consumer goes on"
        error, self.error = self.error, None
        return error
