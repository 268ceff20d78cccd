"""The events every side reads: real histories under many order numbers, in two shapes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import count, islice
from typing import Any, NamedTuple, cast

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as Delivered

from avro.codec import frame
from avro.registry import Registry
from bench.templates import ORDERS_MAX, History, Message, histories, told
from domain.errors import UnavailableError
from topics.catalogue import PRODUCT_ORDERS

TEMPLATES_MAX = 500
"""Distinct histories; making one takes the aggregate some 20 ms."""
EVENTS_PER_TEMPLATE = 12
"""About what a history has; only for making no more of them than a small run uses."""
INTERLEAVED = 20_000
"""Orders in flight at once in the uniform shape: more than anyone's commit interval holds events of."""
FLUSH_SECONDS_MAX = 120.0


class Shape(StrEnum):
    """How the events of different orders lie in the log."""

    BURSTY = "bursty"
    """All events of an order in a row: about one output for ten events."""
    UNIFORM = "uniform"
    """Events of many orders in turn: about one output for each event."""


class Published(NamedTuple):
    """What lies on an input topic: events, and how many orders they belong to."""

    events: int
    orders: int


def templates_for(events: int, seed: int = 1) -> list[History]:
    """Enough distinct histories for a run of that many events."""
    return histories(min(TEMPLATES_MAX, max(1, events // EVENTS_PER_TEMPLATE)), seed)


def messages(templates: Sequence[History], events: int, shape: Shape) -> Iterator[Message]:
    """Exactly `events` messages; the histories of the last orders may be cut short."""
    orders = (told(templates[number % len(templates)], number) for number in islice(count(), ORDERS_MAX))
    if shape is Shape.BURSTY:
        return islice((message for order in orders for message in order), events)
    return islice(_in_turn(orders, max(1, min(INTERLEAVED, events // EVENTS_PER_TEMPLATE))), events)


def _in_turn(orders: Iterator[Iterator[Message]], width: int) -> Iterator[Message]:
    """One event of each of `width` orders in turn; where one has come to its end, another begins."""
    waiting = deque(islice(orders, width))
    while waiting:
        order = waiting.popleft()
        message = next(order, None)
        if message is None:
            order = next(orders, iter(()))
            message = next(order, None)
        if message is not None:
            waiting.append(order)
            yield message


def publish(kafka_config: Mapping[str, str], registry: Registry, topic: str, source: Iterable[Message]) -> Published:
    """Write messages to a topic and wait until all are there; framed with the owner topic's schema ids.

    Raises `UnavailableError` when the broker refuses one or does not take them all.
    """
    writer = Writer(kafka_config, registry, topic)
    events, keys = 0, set()
    for message in source:
        writer.write(message)
        events += 1
        keys.add(message.key)
    writer.close()
    return Published(events, len(keys))


class Writer:
    """Publishes events to one topic; `linger_ms` is how long one may wait for company."""

    def __init__(self, kafka_config: Mapping[str, str], registry: Registry, topic: str, *, linger_ms: int = 50) -> None:
        self._producer = Producer(
            {
                **kafka_config,
                "partitioner": "murmur2_random",
                "linger.ms": linger_ms,
                "log_level": 3,
                "queue.buffering.max.messages": 200_000,
                "delivery.report.only.error": True,
                "on_delivery": self._refused,
            }
        )
        self._registry = registry
        self._topic = topic
        self._heads: dict[str, int] = {}
        self._failure: KafkaError | None = None

    def write(self, message: Message) -> None:
        """Put one message on its way; waits for room."""
        schema_id = self._heads.get(message.kind)
        if schema_id is None:
            schema_id = self._heads[message.kind] = self._registry.id_for(PRODUCT_ORDERS.name, message.kind)
        value = frame(schema_id, message.body)
        while True:
            try:
                self._producer.produce(self._topic, key=message.key, value=value, headers=cast("Any", message.headers))
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def poll(self) -> None:
        """Let the client go on with its work."""
        self._producer.poll(0)

    def close(self) -> None:
        """Wait until everything is there. Raises `UnavailableError` when it is not."""
        left = self._producer.flush(FLUSH_SECONDS_MAX)
        if left or self._failure is not None:
            reason = self._failure.str() if self._failure is not None else f"{left} events were not taken"
            message = f"The events could not be written to {self._topic}: {reason}."
            raise UnavailableError(message, remediation="Look at the broker's log and its disk.")

    def _refused(self, error: KafkaError | None, _: Delivered) -> None:
        if error is not None:
            self._failure = error
