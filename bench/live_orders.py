"""Orders in work that never come to an end: one item of each waits for someone, again and again.

With them a store can be filled to any size, and every order goes on from there at the same cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from confluent_kafka import Producer

from avro.codec import frame
from avro.registry import Registry
from bench.templates import DIGITS, Cut, History, cut, happened, knife, renumbered, told
from compose.demo.stories import CREW, Sent, stories
from domain.errors import IntegrityError, UnavailableError
from domain.order_state.policy import REFERENCE_V1
from domain.product_order import commands as c
from domain.product_order.events import ProductOrderItemStarted
from streams.engine.batch import RecordBatch
from streams.engine.store import MemoryStore
from streams.order_state import OrderStateProcessor
from topics.catalogue import ORDER_STATE, PRODUCT_ORDERS

SEED = 1
STAND_IN = 90_000_000
STORIES_MAX = 500
ITEMS = 3
FLUSH_SECONDS_MAX = 300.0
_WAITING_FOR = ("carrier", "landlord")


class LiveOrder(NamedTuple):
    """The history of an order in work, and what a store holds of it after each of its events.

    `live_from` is the version from which on it only waits; `states[v]` are the bytes after version v.
    """

    history: History
    states: Mapping[int, Cut]
    live_from: int

    def state(self, number: bytes, version: int) -> bytes:
        """The stored bytes of the order with this number at this version."""
        return number.join(self.states[version])


def live_order(registry: Registry, versions: int) -> LiveOrder:
    """An order of several items with that many versions beyond the start of its first item."""
    number, begun = _begun()
    commands = [*((sent.command, sent.at) for sent in begun), *_waits(begun, versions)]
    events = happened((renumbered(command, SEED, number, STAND_IN), at) for command, at in commands)
    started = next(event.version for event in events if isinstance(event, ProductOrderItemStarted))
    history = tuple(cut(event, SEED, STAND_IN) for event in events)
    return LiveOrder(history, _states(registry, history), started)


def _begun() -> tuple[int, list[Sent]]:
    """A story up to the start of its first item, of the first order with enough of them."""
    for number, story in enumerate(stories(STORIES_MAX, SEED), start=1):
        first = story[0].command
        if not isinstance(first, c.CreateProductOrder) or len(first.items) < ITEMS:
            continue
        for index, sent in enumerate(story):
            if isinstance(sent.command, c.StartProductOrderItem):
                return number, story[: index + 1]
    message = "No story starts an item."
    raise IntegrityError(message, remediation="Look at the demonstration's stories.")


def _waits(begun: list[Sent], versions: int) -> Iterator[tuple[c.HoldProductOrderItem, datetime]]:
    start = begun[-1]
    assert isinstance(start.command, c.StartProductOrderItem)
    order_id = start.command.aggregate_id
    for step in range(1, versions + 1):
        yield (
            c.HoldProductOrderItem(
                aggregate_id=order_id,
                command_id=f"{order_id}/{len(begun) + step:03d}",
                actor=CREW,
                correlation_id=order_id,
                causation_id=start.command.command_id,
                item_id=start.command.item_id,
                waiting_for=_WAITING_FOR[step % len(_WAITING_FOR)],
            ),
            start.at + timedelta(minutes=step),
        )


def _states(registry: Registry, history: History) -> dict[int, Cut]:
    """What the shipped processor stores after each event; its bytes are cut like the events."""
    processor, store = OrderStateProcessor(registry, REFERENCE_V1, ORDER_STATE.name), MemoryStore()
    states = {}
    for version, message in enumerate(told(history, STAND_IN), start=1):
        value = frame(registry.id_for(PRODUCT_ORDERS.name, message.kind), message.body)
        batch = RecordBatch("seed", 0, 1, [version - 1], [0], [message.key], [value], [message.headers])
        processor.process(batch, datetime.now(UTC), store, [])
        states[version] = tuple(knife(SEED, STAND_IN).split(store.get(message.key) or b""))
    return states


def seed(
    kafka_config: Mapping[str, str], changelog: str, order: LiveOrder, versions: Mapping[int, int], updates: int
) -> int:
    """Write the last `updates` states of every order up to its version; `versions` by order number. Returns records."""
    settings: dict[str, Any] = {
        **kafka_config,
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": 20,
        "queue.buffering.max.messages": 1_000_000,
        "log_level": 3,
    }
    producer = Producer(settings)
    key = order.history[0].key
    records = 0
    for back in range(updates - 1, -1, -1):
        for number, version in versions.items():
            digits = b"%0*d" % (DIGITS, number)
            _produce(producer, changelog, digits.join(key), order.state(digits, version - back))
            records += 1
    if producer.flush(FLUSH_SECONDS_MAX):
        message = f"The changelog {changelog} could not be filled."
        raise UnavailableError(message, remediation="Look at the broker's log and its disk.")
    return records


def _produce(producer: Producer, topic: str, key: bytes, value: bytes) -> None:
    while True:
        try:
            producer.produce(topic, key=key, value=value)
        except BufferError:
            producer.poll(0.1)
        else:
            return
