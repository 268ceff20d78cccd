"""From the remembered facts of an order to its derived state (R174-R187)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from domain.order_state.facts import OrderFacts, Register
from domain.order_state.policy import HeaderPolicy, Summary, summarise
from domain.order_state.states import (
    TERMINAL_HEADER_STATES,
    TERMINAL_ITEM_STATES,
    Action,
    HeaderState,
    ItemState,
    Repair,
)


class ItemView(NamedTuple):
    """One item as derived: its definition where one was read, and its effective state."""

    item_id: str
    state: ItemState
    action: str | None
    parent_item_id: str | None
    offering_id: str | None
    product_instance_id: str | None
    base: Register

    @property
    def executable(self) -> bool:
        """An item of unknown action counts as executable until its definition is read."""
        return self.action != Action.NO_CHANGE.value


class OrderView(NamedTuple):
    """The derived header state with what it rests on."""

    state: HeaderState
    clause: str
    declared: HeaderState
    items: tuple[ItemView, ...]
    cancellation_open: bool
    order_fallout: bool


def derive(facts: OrderFacts, policy: HeaderPolicy) -> OrderView:
    """Header and item states of an order under a policy."""
    items = tuple(_items(facts))
    executable = [item.state for item in items if item.executable]
    cancellation_open = _cancellation_open(facts, items)
    order_fallout = any(f[2] and f[3] is None and f[4] == Repair.HUMAN.value for f in facts.fallouts.values())
    declared = declared_state(facts)
    summary: Summary = summarise(declared, executable, cancellation_open=cancellation_open, order_fallout=order_fallout)
    state, clause = policy.decide(summary)
    return OrderView(state, clause, declared, items, cancellation_open, order_fallout)


def declared_state(facts: OrderFacts) -> HeaderState:
    """The newest state the owner declared; only the first ItemStarted declares InProgress.

    An order of which no declaring event was read yet counts as Draft.
    """
    if facts.started and (not facts.declared or facts.started > facts.declared[0]):
        return HeaderState.IN_PROGRESS
    return HeaderState(facts.declared[2]) if facts.declared else HeaderState.DRAFT


def progress_percent(view: OrderView) -> int:
    """Share of the executable items that are terminal, rounded down; 100 for an order with nothing to do."""
    executable = [item for item in view.items if item.executable]
    if not executable:
        return 100 if view.state is HeaderState.COMPLETED else 0
    return 100 * sum(item.state in TERMINAL_ITEM_STATES for item in executable) // len(executable)


def blockers(facts: OrderFacts, view: OrderView) -> list[dict[str, Any]]:
    """What keeps the order from moving, oldest first, in the shape of the record's `Blocker`, times in microseconds.

    Nothing blocks an order that has come to its end.
    """
    if view.state in TERMINAL_HEADER_STATES:
        return []
    found: list[dict[str, Any]] = []
    for item in view.items:
        if item.state in (ItemState.FALLOUT, ItemState.PENDING_EXTERNAL):
            repair = Repair.HUMAN.value if item.state is ItemState.FALLOUT else None
            found.append(_blocker(item.state.value, item.item_id, item.base[5], repair, item.base[3]))
    found += [
        _blocker("FALLOUT", None, register[5], register[4], register[6])
        for register in facts.fallouts.values()
        if register[2] and register[3] is None
    ]
    if view.cancellation_open and view.state is HeaderState.CANCELLING:
        found.append(_blocker("CANCELLATION", None, None, None, _cancelling_since(facts, view)))
    return sorted(found, key=lambda b: (b["since"], b["itemId"] or "", b["kind"], b["code"] or "", b["repair"] or ""))


def _cancelling_since(facts: OrderFacts, view: OrderView) -> int:
    """When the oldest request was made that is still open; a state nobody asked for counts from its own event."""
    asked: list[int] = [facts.cancellation[3]] if _open(facts.cancellation) else []
    for item in view.items:
        if item.executable and item.state is ItemState.CANCELLING:
            _, cancel = facts.items.get(item.item_id, ([], []))
            request = _newer(cancel, facts.cancellation)
            asked.append(request[3] if _open(request) else item.base[3])
    return min(asked)


def _blocker(kind: str, item_id: str | None, code: str | None, repair: str | None, since: int) -> dict[str, Any]:
    return {"kind": kind, "itemId": item_id, "code": code, "repair": repair, "since": since}


def _items(facts: OrderFacts) -> Iterator[ItemView]:
    definitions = {row[0]: row for row in facts.definition[2]} if facts.definition else {}
    for item_id in sorted({*definitions, *facts.items}):
        base, cancel = facts.items.get(item_id, ([], []))
        _, action, parent, offering, instance = definitions.get(item_id, (item_id, None, None, None, None))
        state = ItemState(base[2]) if base else ItemState.NOT_STARTED
        if state not in TERMINAL_ITEM_STATES and _open(_newer(cancel, facts.cancellation)):
            state = ItemState.CANCELLING
        yield ItemView(item_id, state, action, parent, offering, instance, base)


def _cancellation_open(facts: OrderFacts, items: tuple[ItemView, ...]) -> bool:
    """Whether a request for the whole order stands, or one for an item that is not terminal yet."""
    return _open(facts.cancellation) or any(i.executable and i.state is ItemState.CANCELLING for i in items)


def _newer(one: Register, other: Register) -> Register:
    if not one or not other:
        return one or other
    return one if (one[0], -one[1]) >= (other[0], -other[1]) else other


def _open(register: Register) -> bool:
    return bool(register) and bool(register[2])
