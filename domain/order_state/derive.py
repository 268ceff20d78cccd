"""From the remembered facts of an order to its derived state (R174-R187)."""

from __future__ import annotations

from typing import Final

from domain.order_state.facts import Cancellation, ItemDefinition, OrderFacts, Work
from domain.order_state.policy import HeaderPolicy, summarise
from domain.order_state.states import (
    TERMINAL_HEADER_STATES,
    TERMINAL_ITEM_STATES,
    Action,
    HeaderState,
    ItemState,
    Repair,
)

_NO_CHANGE: Final[str] = Action.NO_CHANGE.value
_HUMAN: Final[str] = Repair.HUMAN.value
_NOT_STARTED: Final = ItemState.NOT_STARTED
_CANCELLING: Final = ItemState.CANCELLING
_CANCELLED: Final = ItemState.CANCELLED
_FALLOUT: Final = ItemState.FALLOUT
_PENDING_EXTERNAL: Final = ItemState.PENDING_EXTERNAL
_DRAFT: Final = HeaderState.DRAFT
_IN_PROGRESS: Final = HeaderState.IN_PROGRESS
_COMPLETED: Final = HeaderState.COMPLETED
_ORDER_CANCELLING: Final = HeaderState.CANCELLING
_ENDED: Final = tuple(TERMINAL_ITEM_STATES)
_ORDER_ENDED: Final = tuple(TERMINAL_HEADER_STATES)


class ItemView:
    """One item as derived: its definition and its work where they were read, and its effective state."""

    def __init__(self, item_id: str, state: ItemState, definition: ItemDefinition | None, work: Work | None) -> None:
        self.item_id = item_id
        self.state = state
        self.definition = definition
        self.work = work
        # an item of unknown action counts as executable until its definition is read
        self.executable: bool = definition is None or definition.action != _NO_CHANGE
        self.ended: bool = has_ended(state)


class Blocker:
    """What keeps an order from moving; `since_us` in microseconds since the epoch."""

    def __init__(self, kind: str, item_id: str | None, code: str | None, repair: str | None, since_us: int) -> None:
        self.kind = kind
        self.item_id = item_id
        self.code = code
        self.repair = repair
        self.since_us = since_us


class OrderView:
    """The derived header state with what it rests on."""

    def __init__(
        self,
        state: HeaderState,
        clause: str,
        declared: HeaderState,
        items: list[ItemView],
        cancellation_open: bool,
        order_fallout: bool,
    ) -> None:
        self.state = state
        self.clause = clause
        self.declared = declared
        self.items = items
        self.cancellation_open = cancellation_open
        self.order_fallout = order_fallout


def has_ended(state: ItemState) -> bool:
    """Whether nothing more happens to an item in this state."""
    return any(state is end for end in _ENDED)


def derive(facts: OrderFacts, policy: HeaderPolicy) -> OrderView:
    """Header and item states of an order under a policy."""
    items = _items(facts)
    cancellation_open = _requested(facts.cancellation)
    states: list[ItemState] = []
    bits = 0
    for item in items:
        if item.executable:
            states.append(item.state)
            bits |= 4 << item.state.code
            # a request for an item that is not terminal yet keeps the cancellation open, too
            if item.state is _CANCELLING:
                cancellation_open = True
    order_fallout = False
    for fallout in facts.fallouts.values():
        if fallout.is_open and fallout.item_id is None and fallout.repair == _HUMAN:
            order_fallout = True
    declared = declared_state(facts)
    number = (bits | (2 if cancellation_open else 0) | (1 if order_fallout else 0)) << 8 | declared.code
    decided = policy.decided.get(number)
    if decided is None:
        summary = summarise(declared, states, cancellation_open=cancellation_open, order_fallout=order_fallout)
        decided = policy.decided[number] = policy.decide(summary)
    state, clause = decided
    return OrderView(state, clause, declared, items, cancellation_open, order_fallout)


def declared_state(facts: OrderFacts) -> HeaderState:
    """The newest state the owner declared; only the first ItemStarted declares InProgress.

    An order of which no declaring event was read yet counts as Draft.
    """
    declared = facts.declared
    if facts.started and (declared is None or facts.started > declared.version):
        return _IN_PROGRESS
    return _DRAFT if declared is None else declared.state


def progress_percent(view: OrderView) -> int:
    """Share of the executable items that are terminal, rounded down; 100 for an order with nothing to do."""
    executable = ended = 0
    for item in view.items:
        if item.executable:
            executable += 1
            if item.ended:
                ended += 1
    if not executable:
        return 100 if view.state is _COMPLETED else 0
    return 100 * ended // executable


def cancelled_items(view: OrderView) -> int:
    """How many executable items were taken out."""
    cancelled = 0
    for item in view.items:
        if item.executable and item.state is _CANCELLED:
            cancelled += 1
    return cancelled


def blockers(facts: OrderFacts, view: OrderView) -> list[Blocker]:
    """What keeps the order from moving, oldest first; nothing blocks an order that has come to its end."""
    found: list[Blocker] = []
    if any(view.state is end for end in _ORDER_ENDED):
        return found
    for item in view.items:
        work = item.work
        if work is not None and (item.state is _FALLOUT or item.state is _PENDING_EXTERNAL):
            repair = _HUMAN if item.state is _FALLOUT else None
            found.append(Blocker(str(item.state), item.item_id, work.cause, repair, work.since_us))
    found += [
        Blocker("FALLOUT", None, fallout.failure_code, fallout.repair, fallout.since_us)
        for fallout in facts.fallouts.values()
        if fallout.is_open and fallout.item_id is None
    ]
    if view.cancellation_open and view.state is _ORDER_CANCELLING:
        found.append(Blocker("CANCELLATION", None, None, None, _cancelling_since(facts, view)))
    if len(found) > 1:
        found.sort(key=_oldest_first)
    return found


def _oldest_first(blocker: Blocker) -> tuple[int, str, str, str, str]:
    return blocker.since_us, blocker.item_id or "", blocker.kind, blocker.code or "", blocker.repair or ""


def _cancelling_since(facts: OrderFacts, view: OrderView) -> int:
    """When the oldest request was made that is still open; a state nobody asked for counts from its own event."""
    asked: list[int] = []
    order_wide = facts.cancellation
    if order_wide is not None and order_wide.requested:
        asked.append(order_wide.since_us)
    for item in view.items:
        if item.executable and item.state is _CANCELLING:
            request = _newer(facts.item_cancellations.get(item.item_id), order_wide)
            if request is not None and request.requested:
                asked.append(request.since_us)
            elif item.work is not None:
                asked.append(item.work.since_us)
    return min(asked)


def _items(facts: OrderFacts) -> list[ItemView]:
    definitions: dict[str, ItemDefinition] = {}
    if facts.definition is not None:
        for definition in facts.definition.items:
            definitions[definition.item_id] = definition
    ids = list(definitions)
    ids.extend([item_id for item_id in facts.work if item_id not in definitions])
    ids.extend([i for i in facts.item_cancellations if i not in definitions and i not in facts.work])
    ids.sort()
    views: list[ItemView] = []
    for item_id in ids:
        work = facts.work.get(item_id)
        state = _NOT_STARTED if work is None else work.state
        if not has_ended(state) and _requested(_newer(facts.item_cancellations.get(item_id), facts.cancellation)):
            state = _CANCELLING
        views.append(ItemView(item_id, state, definitions.get(item_id), work))
    return views


def _newer(one: Cancellation | None, other: Cancellation | None) -> Cancellation | None:
    if one is None or other is None:
        return other if one is None else one
    if one.version != other.version:
        return one if one.version > other.version else other
    return one if one.content_hash <= other.content_hash else other


def _requested(register: Cancellation | None) -> bool:
    return register is not None and register.requested
