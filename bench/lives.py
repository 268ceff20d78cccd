"""What real orders leave in a store: the value after each of their events, by the shipped processor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from avro.codec import WriterSchema, encode_body, frame, writer_schema
from avro.contract import contract
from avro.headers import Headers, to_headers
from avro.plain import to_avro
from compose.demo.offers import BUNDLES, Bundles
from compose.demo.stories import stories
from domain.catalogue import RECORDS
from domain.envelope import Envelope, event_id, event_type, tenant_of
from domain.errors import Refusal
from domain.order_state.policy import REFERENCE_V1
from domain.product_order.aggregate import POLICY_VERSION, decide
from domain.product_order.events import AGGREGATE, OWNER, ProductOrderEvent
from domain.product_order.order import evolve
from streams.engine.batch import RecordBatch
from streams.engine.store import MemoryStore
from streams.order_state import OrderStateProcessor
from topics.catalogue import ORDER_STATE, PRODUCT_ORDERS

FOUR_ITEMS: Bundles = (BUNDLES[0][:4],)
"""A catalog in which every order has four items."""
Life = list[bytes]
"""The value of one order's key after each of its events."""

_NOW = datetime(2026, 6, 1, tzinfo=UTC)


class _Committed:
    """The contracts of this checkout, without a registry."""

    def __init__(self) -> None:
        self._ids = {record.name: number for number, record in enumerate(RECORDS, 1)}
        self._schemas = {number: writer_schema(contract(name).text) for name, number in self._ids.items()}

    def schema_for_id(self, schema_id: int) -> WriterSchema:
        return self._schemas[schema_id]

    def id_for(self, topic: str, record_name: str) -> int:
        return self._ids[record_name]


def lives(orders: int, *, seed: int = 1, bundles: Bundles = BUNDLES) -> list[Life]:
    """The lives of this many orders of the demonstration's stories."""
    contracts = _Committed()
    processor = OrderStateProcessor(contracts, REFERENCE_V1, ORDER_STATE.name)
    return [_life(processor, contracts, events) for events in _histories(orders, seed, bundles)]


def _histories(orders: int, seed: int, bundles: Bundles) -> Iterator[list[ProductOrderEvent]]:
    for story in stories(orders, seed, bundles):
        order, told = None, []
        for sent in story:
            try:
                events = decide(order, sent.command, sent.at)
            except Refusal:
                continue
            for event in events:
                order = evolve(order, event)
                told.append(event)
        yield told


def _life(processor: OrderStateProcessor, contracts: _Committed, events: list[ProductOrderEvent]) -> Life:
    store, life = MemoryStore(), []
    key = events[0].order_id.encode()
    for offset, event in enumerate(events):
        name = type(event).__name__
        value = frame(contracts.id_for(PRODUCT_ORDERS.name, name), encode_body(name, to_avro(event)))
        batch = RecordBatch(PRODUCT_ORDERS.name, 0, 1, [offset], [0], [key], [value], [_headers(event)])
        processor.process(batch, _NOW, store, [])
        life.append(store.get(key) or b"")
    return life


def _headers(event: ProductOrderEvent) -> Headers:
    name = type(event).__name__
    return to_headers(
        Envelope(
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
    )
