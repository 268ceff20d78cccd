"""What real orders leave in a store: the value after each of their events, by the shipped processor."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.templates import happened
from compose.demo.offers import BUNDLES, Bundles
from compose.demo.stories import stories
from domain.order_state.policy import REFERENCE_V1
from domain.product_order.events import ProductOrderEvent
from streams.engine.store import MemoryStore
from streams.order_state import OrderStateProcessor
from streams.testing import MemoryContracts, batch, event
from topics.catalogue import ORDER_STATE, PRODUCT_ORDERS

FOUR_ITEMS: Bundles = (BUNDLES[0][:4],)
"""A catalog in which every order has four items."""
Life = list[bytes]
"""The value of one order's key after each of its events."""

_NOW = datetime(2026, 6, 1, tzinfo=UTC)


def lives(orders: int, *, seed: int = 1, bundles: Bundles = BUNDLES) -> list[Life]:
    """The lives of this many orders of the demonstration's stories."""
    contracts = MemoryContracts()
    processor = OrderStateProcessor(contracts, REFERENCE_V1, ORDER_STATE.name)
    histories = (happened((sent.command, sent.at) for sent in story) for story in stories(orders, seed, bundles))
    return [_life(processor, contracts, events) for events in histories]


def _life(processor: OrderStateProcessor, contracts: MemoryContracts, events: list[ProductOrderEvent]) -> Life:
    store, life = MemoryStore(), []
    for offset, fact in enumerate(events):
        record = event(fact, contracts)
        processor.process(batch([record], topic=PRODUCT_ORDERS.name, offset=offset), _NOW, store, [])
        life.append(store.get(record.key or b"") or b"")
    return life
