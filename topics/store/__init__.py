"""The aggregate store: an append-only event store with memory of commands, claims and a transactional outbox."""

from topics.store.hosting import PRODUCT_ORDERS, HostedAggregate
from topics.store.migration import migrate
from topics.store.store import AggregateStore

__all__ = ["PRODUCT_ORDERS", "AggregateStore", "HostedAggregate", "migrate"]
