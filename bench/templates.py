"""Histories of real orders that can be told again under another order's number, at the cost of joining bytes.

The aggregate takes milliseconds for an event, so a million of them are made from some thousand: each is cut where the
order's number stands, and put together again with another number of the same length. Keys, headers and bodies stay of
one piece, because all of them are cut the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from avro.codec import HEADER
from avro.headers import Headers
from compose.demo.stories import stories
from domain.command import Command
from domain.envelope import event_id
from domain.errors import IntegrityError, Refusal
from domain.product_order.aggregate import POLICY_VERSION, decide
from domain.product_order.events import ProductOrderEvent
from domain.product_order.order import ProductOrder, evolve
from streams.testing import MemoryContracts
from streams.testing import event as published

DIGITS = 8
"""As many as an order's number has in the workload; the demonstration's own six are too few for a million."""
ORDERS_MAX = 80_000_000
_TEMPLATE_NUMBERS = 90_000_000
_CONTRACTS = MemoryContracts()

Cut = tuple[bytes, ...]
"""Bytes without the number that stands between each two of them."""


class Message(NamedTuple):
    """An event as it is published, but for the schema id."""

    key: bytes
    kind: str
    body: bytes
    headers: Headers


class Template(NamedTuple):
    """An event of some order: `version` and `command_id` make its event id, which is a hash and cannot be cut."""

    kind: str
    version: int
    key: Cut
    command_id: Cut
    body: Cut
    headers: tuple[tuple[str, Cut], ...]

    def message(self, number: bytes) -> Message:
        """The same event of the order with this number of `DIGITS` digits."""
        key = number.join(self.key)
        identity = event_id(key.decode(), self.version, number.join(self.command_id).decode()).encode()
        headers = [("ce_id", identity)]
        headers += [(name, cut[0] if len(cut) == 1 else number.join(cut)) for name, cut in self.headers]
        return Message(key, self.kind, number.join(self.body), headers)


History = tuple[Template, ...]


def histories(orders: int, seed: int) -> list[History]:
    """The events of that many real orders, each in a row; an order whose first command was refused has none."""
    found = []
    for number, story in enumerate(stories(orders, seed), start=1):
        stand_in = _TEMPLATE_NUMBERS + number
        events = happened((renumbered(sent.command, seed, number, stand_in), sent.at) for sent in story)
        if events:
            found.append(tuple(cut(event, seed, stand_in) for event in events))
    return found


def happened(commands: Iterable[tuple[Command, Any]]) -> list[ProductOrderEvent]:
    """What the aggregate makes of commands at their times; those it refuses change nothing."""
    order: ProductOrder | None = None
    events: list[ProductOrderEvent] = []
    for command, at in commands:
        try:
            decided = decide(order, command, at)
        except Refusal:
            continue
        for event in decided:
            order = evolve(order, event)
        events += decided
    return events


def renumbered(command: Command, seed: int, number: int, wanted: int) -> Command:
    """The command as it would be for an order with a number of `DIGITS` digits instead."""
    text = command.model_dump_json()
    for prefix in (":order-", f"PO-{seed}-"):
        text = text.replace(f"{prefix}{number:06d}", f"{prefix}{wanted:0{DIGITS}d}")
    return type(command).model_validate_json(text)


def cut(event: ProductOrderEvent, seed: int, number: int) -> Template:
    """The event with its order's number cut out wherever it stands. Raises `IntegrityError` when it is nowhere."""
    blade = knife(seed, number)
    record = published(event, _CONTRACTS, policy_version=POLICY_VERSION)
    key, body = (tuple(blade.split(part)) for part in (record.key or b"", (record.value or b"")[HEADER.size :]))
    if len(key) == 1 or len(body) == 1:
        message = f"The number {number} does not stand in {event.order_id}."
        raise IntegrityError(message, remediation="Look at how the demonstration's stories number their orders.")
    headers = tuple((n, tuple(blade.split(v))) for n, v in record.headers if n != "ce_id")
    command_id = tuple(blade.split(event.source_command_id.encode()))
    return Template(type(event).__name__, event.version, key, command_id, body, headers)


def knife(seed: int, number: int) -> re.Pattern[bytes]:
    """Where to cut: the number behind an order's id and behind the number people know it by."""
    digits = f"{number:0{DIGITS}d}".encode()
    return re.compile(rb"(?:(?<=:order-)|(?<=PO-%d-))%s" % (seed, digits))


def told(history: History, number: int) -> Iterator[Message]:
    """The whole history as that of another order."""
    digits = f"{number:0{DIGITS}d}".encode()
    return (template.message(digits) for template in history)
