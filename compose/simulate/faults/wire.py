"""Faults between outbox and topic, each on the events of the matter that was chosen for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from avro.codec import decode_body, writer_schema
from avro.contract import contract
from compose.simulate.direct import Message
from compose.simulate.faults.deeds import DEEDS, SHOWN_BY, Passing, watch
from compose.simulate.faults.truth import Faults

_NUMBER = re.compile(r":(?:order|quote|approval|account)-(\d{6})")
CHECKPOINTS = 1_000_000_000
"""Checkpoints are numbered from here on, beyond every matter."""


class Wire:
    """Passes messages on, and makes the faults their matters were chosen for.

    What becomes of an event depends on its own aggregate's events alone, so that neither batches nor the way events
    take change it. What belongs to others passes as it is.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._tenant = f"sim-{faults.seed}:"
        self._begun: set[tuple[str, str]] = set()
        self._standing: dict[str, str] = {}
        """Consumers that stand still: they go on standing still."""

    def all(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Every message as it arrives."""
        for message in messages:
            yield from self.pass_on(message)

    def carries(self, key: str) -> bool:
        """Whether an aggregate belongs to the run whose faults these are."""
        return key.startswith(self._tenant)

    def pass_on(self, message: Message) -> list[Message]:
        """What arrives of a message."""
        if not self.carries(message.key):
            return [message]
        found = _NUMBER.search(message.key)
        fault = self._faults.of(int(found[1])) if found else None
        if message.name == "ConsumerCheckpointReported":
            fault = self._standing.get(message.key) or self._faults.of(CHECKPOINTS + _version(message))
            if fault is not None and message.name in DEEDS.get(fault, {}):
                self._standing[message.key] = fault
        deeds = DEEDS.get(fault or "", {})
        deed = deeds.get(message.name) or deeds.get("*" + message.topic)
        if fault is None or deed is None:
            return [message]
        passing = Passing(message, decode_body(message.body, writer_schema(contract(message.name).text)))
        entity = fault, _entity(fault, passing)
        about = {field: passing.data.get(wire) for field, wire in _ABOUT.items()}
        arrived = deed(passing)
        if arrived is not None:
            self._begun.add(entity)
        shows = SHOWN_BY.get(fault, message.name) == message.name and (arrived is not None or deed is watch)
        if shows and entity in self._begun:
            tenant = message.key.partition(":")[0]
            self._faults.made(fault, tenant, entity[1], passing.at, **about)
        return [message] if arrived is None else arrived


_ABOUT = {
    "order_id": "orderId",
    "item_id": "itemId",
    "product_instance_id": "productInstanceId",
    "component_id": "componentId",
    "quote_id": "quoteId",
}


def _entity(fault: str, passing: Passing) -> str:
    """What a finding is about: the aggregate itself, or the order it belongs to."""
    if fault in ("plan-unfinished", "quote-lost"):
        order = passing.data.get("orderId")
        return str(order or passing.message.key.replace(":quote-", ":order-"))
    return passing.message.key


def _version(message: Message) -> int:
    return int(dict(message.headers)["ce_aggregateversion"])
