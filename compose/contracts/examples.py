"""Real records to make examples of: the demonstration's stories told to the real aggregates, and what is derived.

The simulated enterprise fills in what the demonstration has none of; what a broker refuses, neither of them does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from avro.codec import HEADER, frame, unframe
from compose.contracts.cases import decisions, mismatch
from compose.demo.stories import stories
from compose.simulate.direct import messages
from compose.simulate.enterprise import Enterprise
from domain.command import Command
from domain.governance_record.refusals import Refusals
from domain.order_state.policy import REFERENCE_V1
from streams.cases import CasesProcessor
from streams.engine.processor import Output
from streams.order_state import OrderStateProcessor
from streams.testing import Harness, MemoryContracts, Record, event
from topics.catalogue import CASE_DECISIONS, DRIFT_FINDINGS, ORDER_STATE, PRODUCT_ORDERS
from topics.contracts.examples import Publishable
from topics.refusals.line import denial
from topics.refusals.watch import AUTHORIZER
from topics.store.in_memory import InMemoryStore

ORDERS = 120
"""Enough orders that every one of the demonstration's stories is among them."""
SEED = 1
MATTERS, ENTERPRISE_SEED = 1000, 3
"""Every kind of event is among these."""

REFUSED_WRITE = (
    "2026-03-02T09:15:27.104Z Principal = User:crm is Denied operation = WRITE from host = 10.0.0.9 on resource = "
    f"Topic:LITERAL:{PRODUCT_ORDERS.name} for request = Produce with resourceRefCount = 1 based on rule DefaultDeny"
)
"""As Kafka 4.3.1 writes it when the CRM tries to write an order."""


class Published(NamedTuple):
    """A record as it goes to a topic, its body without the wire header."""

    topic: str
    key: str
    record: str
    headers: tuple[tuple[str, bytes], ...]
    body: bytes


def demonstration(orders: int = ORDERS, seed: int = SEED) -> Iterator[Published]:
    """What the demonstration's commands come to: every event in order, then what is derived from them."""
    events = list(published_by((sent.command, sent.at) for story in stories(orders, seed) for sent in story))
    yield from events
    yield from order_states(events)


def published_by(commands: Iterable[tuple[Command, datetime]]) -> Iterator[Published]:
    """What the aggregates publish when commands are carried out at their times."""
    store = InMemoryStore()
    for command, at in commands:
        _, rows = store.handle(command, at)
        yield from (Published(r.topic, r.key, r.record, tuple(r.headers), r.body) for r in rows)


def order_states(events: Iterable[Published]) -> Iterator[Published]:
    """The order states the shipped processor derives from events, in the order it publishes them."""
    contracts = MemoryContracts()
    harness = Harness(
        lambda: OrderStateProcessor(contracts, REFERENCE_V1, ORDER_STATE.name), inputs=(PRODUCT_ORDERS.name,)
    )
    harness.publish(*(_on_the_wire(e, contracts) for e in events if e.topic == PRODUCT_ORDERS.name))
    yield from _outputs(harness.run(), contracts)


def _on_the_wire(event: Publishable, contracts: MemoryContracts) -> Record:
    value = frame(contracts.id_for("any topic", event.record), event.body)
    return Record(event.key.encode(), value, list(event.headers))


def enterprise(matters: int = MATTERS, seed: int = ENTERPRISE_SEED) -> Iterator[Published]:
    """What all owners of the simulated enterprise publish."""
    for message in messages(Enterprise(matters, seed).run()):
        yield Published(message.topic, message.key, message.record, tuple(message.headers), message.body)


def cases() -> Iterator[Published]:
    """What people decide about a case, and what the shipped processor makes of it."""
    decided = list(published_by(decisions()))
    yield from decided
    contracts = MemoryContracts()
    harness = Harness(lambda: CasesProcessor(contracts), inputs=(DRIFT_FINDINGS.name, CASE_DECISIONS.name))
    found = mismatch()
    harness.run(event(found, contracts, subject=found.finding_id, at=found.settle_deadline), topic=DRIFT_FINDINGS.name)
    for one in decided:
        yield from _outputs(harness.run(_on_the_wire(one, contracts), topic=CASE_DECISIONS.name), contracts)


def _outputs(outputs: Iterable[Output], contracts: MemoryContracts) -> Iterator[Published]:
    for output in outputs:
        assert output.value is not None
        schema = contracts.schema_for_id(unframe(output.value).schema_id)
        body = output.value[HEADER.size :]
        yield Published(output.topic, output.key.decode(), schema.full_name, tuple(output.headers), body)


def refused_writes() -> Iterator[Published]:
    """What becomes of a line in the log of Kafka's authoriser, by the shipped parser and watcher's rules."""
    refusals = Refusals(AUTHORIZER)
    found = denial(REFUSED_WRITE)
    assert found is not None
    refusals.add(found)
    return published_by((command, found.at) for command in refusals.due(found.at))


SOURCES: tuple[Callable[[], Iterator[Published]], ...] = (demonstration, enterprise, cases, refused_writes)
"""What can be asked for real records, in this order; of several of one kind the most telling becomes the example."""


def published() -> Iterator[Published]:
    """What the sources publish, the same each time: each kind of record from the first source that has it."""
    known: set[str] = set()
    for source in SOURCES:
        here: set[str] = set()
        for record in source():
            if record.record not in known:
                here.add(record.record)
                yield record
        known |= here
