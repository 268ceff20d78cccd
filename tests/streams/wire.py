"""Events of real orders as they lie on their owner's topic."""

from __future__ import annotations

from collections.abc import Iterator

from compose.demo.stories import stories
from domain.product_order.events import ProductOrderEvent
from streams.testing import Record, event
from streams.testing.clock import START as NOW
from streams.testing.records import SchemaIds
from tests.domain.event_streams import carried_out
from topics.catalogue import PRODUCT_ORDERS

__all__ = ["NOW", "TOPIC", "histories", "published"]

TOPIC = PRODUCT_ORDERS.name


def histories(orders: int, seed: int) -> Iterator[list[ProductOrderEvent]]:
    """The events of each order of the demonstration's stories; its tenant is `sim-<seed>`."""
    return (events for _, events in map(carried_out, stories(orders, seed)) if events)


def published(orders: int, seed: int, contracts: SchemaIds) -> list[list[Record]]:
    """The same as records."""
    return [[event(fact, contracts) for fact in events] for events in histories(orders, seed)]
