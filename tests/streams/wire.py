"""Events of real orders as they lie on their owner's topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compose.demo.stories import stories
from domain.product_order.events import ProductOrderEvent
from streams import testing
from streams.engine.batch import RecordBatch
from streams.testing import MemoryContracts as DictContracts
from streams.testing import Record as Raw
from streams.testing import event, with_header
from streams.testing.clock import START as NOW
from streams.testing.records import SchemaIds
from tests.domain.event_streams import carried_out
from topics.catalogue import PRODUCT_ORDERS

__all__ = ["NOW", "TOPIC", "DictContracts", "Raw", "batch", "histories", "published", "raw", "with_header"]

TOPIC = PRODUCT_ORDERS.name
_CONTRACTS = DictContracts()


def histories(orders: int, seed: int) -> Iterator[list[ProductOrderEvent]]:
    """The events of each order of the demonstration's stories; its tenant is `sim-<seed>`."""
    return (events for _, events in map(carried_out, stories(orders, seed)) if events)


def published(orders: int, seed: int, contracts: SchemaIds) -> list[list[Raw]]:
    """The same as records."""
    return [[event(fact, contracts) for fact in events] for events in histories(orders, seed)]


def raw(fact: ProductOrderEvent, contracts: SchemaIds = _CONTRACTS) -> Raw:
    """One event as a record."""
    return event(fact, contracts)


def batch(
    records: Sequence[Raw], *, offset: int = 0, partition: int = 0, epoch: int = 1, topic: str = TOPIC
) -> RecordBatch:
    """Records of the owner topic as one poll brings them."""
    return testing.batch(records, topic=topic, partition=partition, offset=offset, epoch=epoch)
