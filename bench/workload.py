"""The events both sides read: real ones, from the aggregates, in two shapes."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Any, cast

from confluent_kafka import Producer

from avro.codec import encode_body, frame
from avro.headers import Headers, to_headers
from avro.plain import to_avro
from avro.registry import Registry
from compose.demo.stories import Sent, stories
from domain.envelope import Envelope, event_id, event_type, tenant_of
from domain.errors import Refusal
from domain.product_order.aggregate import POLICY_VERSION, decide
from domain.product_order.events import AGGREGATE, OWNER, ProductOrderEvent
from domain.product_order.order import evolve

INTERLEAVED = 2000
"""Orders in flight at once in the uniform shape: more than a batch holds events, so that keys hardly repeat in one."""

Message = tuple[bytes, str, bytes, Headers]


class Shape(StrEnum):
    """How the events of different orders lie in the log."""

    BURSTY = "bursty"
    """All events of an order in a row: about one output for ten events."""
    UNIFORM = "uniform"
    """Events of many orders in turn: about one output for each event."""


def messages(events: int, seed: int, shape: Shape) -> Iterator[Message]:
    """At least `events` messages of whole orders as (key, record name, Avro body, headers)."""
    told = (list(_of(story)) for story in stories(events, seed))
    produced = 0
    while produced < events:
        group = list(islice(told, 1 if shape is Shape.BURSTY else INTERLEAVED))
        for step in range(max(map(len, group))):
            for order in group:
                if step < len(order):
                    yield order[step]
                    produced += 1


def _of(story: list[Sent]) -> Iterator[Message]:
    order = None
    for sent in story:
        try:
            events = decide(order, sent.command, sent.at)
        except Refusal:
            continue
        for event in events:
            order = evolve(order, event)
            yield _message(event)


def _message(event: ProductOrderEvent) -> Message:
    name = type(event).__name__
    envelope = Envelope(
        event_id=event_id(event.order_id, event.version, event.source_command_id),
        event_type=event_type(OWNER, AGGREGATE, name),
        source=OWNER,
        subject=event.order_id,
        time=event.occurred_at,
        recorded_time=event.occurred_at,
        data_schema=f"urn:avro:{name}",
        correlation_id=event.order_id,
        causation_id=event.source_command_id,
        tenant_id=tenant_of(event.order_id),
        actor_id=event.actor_id,
        actor_role=event.actor_role,
        policy_version=POLICY_VERSION,
        aggregate_type=AGGREGATE,
        aggregate_version=event.version,
        command_id=event.source_command_id,
    )
    return event.order_id.encode(), name, encode_body(name, to_avro(event)), to_headers(envelope)


def publish(
    kafka_config: dict[str, str], registry: Registry, topic: str, owner_topic: str, source: Iterator[Message]
) -> int:
    """Write the messages to a topic, framed with the ids of the owner topic's schemas; how many there were."""
    producer = Producer({**kafka_config, "partitioner": "murmur2_random", "linger.ms": 50})
    count = 0
    for key, name, body, headers in source:
        value = frame(registry.id_for(owner_topic, name), body)
        while True:
            try:
                producer.produce(topic, key=key, value=value, headers=cast("Any", headers))
            except BufferError:
                producer.poll(0.5)
            else:
                break
        count += 1
        if not count % 10_000:
            producer.poll(0)
    producer.flush()
    return count
