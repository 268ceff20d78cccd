"""What is remembered of a ProductOrder's events, by the rules of the order-state fold itself, and its facts again.

An event is read into facts of its own; each register it wrote there becomes a register here. Both keep the highest
version and of two contents the smaller hash, therefore the facts put together again are those of all events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from domain.fold.facts import Entry
from domain.fold.heard import Heard
from domain.order_state.facts import (
    Cancellation,
    Declared,
    Definition,
    Fact,
    Fallout,
    ItemDefinition,
    Newest,
    OrderFacts,
    Work,
)
from domain.order_state.states import Action, HeaderState, ItemState, Repair
from domain.order_status.moments import microseconds
from domain.order_status.words import listed, symbol
from domain.product_order.events import DetailKind
from domain.product_order.structure import Cutoff, OrderIntent

Said = Iterator[tuple[str, Any]]
Registers = Mapping[str, list[tuple[str, str, Entry]]]
"""Registers by family, each as (aggregate id, rest of the name, entry)."""

_DATES = ("requestedStart", "requestedCompletion", "committedCompletion")
_FINDING = ("code", "stage", "message", "remediation")
_STATES = {state.value: state for state in HeaderState}
_ITEM_STATES = {state.value: state for state in ItemState}


class Line(NamedTuple):
    """One line of an order as the newest list of items defines it; `components` as [id, item it is billed through]."""

    item_id: str
    line_number: int
    action: str
    offering_id: str
    parent_item_id: str | None
    root_item_id: str | None
    depends_on: list[str]
    product_instance_id: str | None
    cutoff: str
    components: list[list[str | None]]


class Seen(NamedTuple):
    """What one event of the order said about whom, for its history; `item_ids` only of a cancellation."""

    item_id: str | None
    reason_code: str | None
    detail: str | None
    item_ids: list[str]


def order_says(event: Heard) -> Said:
    """The registers one ProductOrder event writes."""
    data = event.data
    facts = OrderFacts()
    facts.apply(_fact(event))
    newest = facts.newest
    if newest is not None:
        yield "head", [newest.order_number, newest.account_id, newest.quote_id, newest.quote_version, newest.state]
    if facts.declared is not None:
        yield "declared", facts.declared.state.value
    if facts.started:
        yield f"started/{event.version}", None
    if facts.definition is not None:
        yield "lines", [list(_line(item)) for item in _items(data)]
    for item_id, work in facts.work.items():
        yield f"work/{item_id}", [work.state.value, work.cause]
    if facts.cancellation is not None:
        yield "cancellation", facts.cancellation.requested
    for item_id, cancellation in facts.item_cancellations.items():
        yield f"cancellation/{item_id}", cancellation.requested
    for fallout_id, fallout in facts.fallouts.items():
        yield f"fallout/{fallout_id}", [fallout.is_open, fallout.item_id, fallout.repair, fallout.failure_code]
    yield from _besides(event)


def _besides(event: Heard) -> Said:
    """What the state does not rest on, but its history, its dates and its reasons do."""
    data = event.data
    reason = event.reason_code or data.get("reasonCode")
    detail = symbol(DetailKind, data.get("kind"))
    named = [str(i) for i in listed(data.get("itemIds"))]
    yield f"seen/{event.version}/{event.content}", list(Seen(data.get("itemId"), reason, detail, named))
    dates = data.get("dates")
    if isinstance(dates, Mapping):
        yield "dates", [microseconds(dates.get(name)) for name in _DATES]
    intent = symbol(OrderIntent, data.get("intent"))
    if intent is not None:
        yield "intent", intent
    findings = [f for f in listed(data.get("findings")) if isinstance(f, Mapping)]
    if findings:
        yield f"findings/{event.kind}", [[str(f.get(name) or "") for name in _FINDING] for f in findings]


def order_facts(registers: Registers) -> OrderFacts:
    """The facts of the order-state fold, as if it had read every event itself; what it cites is left out."""
    facts = OrderFacts()
    for _, _, entry in registers.get("head", ()):
        facts.newest = _newest(entry)
    for _, _, entry in registers.get("declared", ()):
        facts.declared = Declared(entry.version, entry.content, _STATES[entry.value])
    facts.started = min((entry.version for _, _, entry in registers.get("started", ())), default=0)
    for _, _, entry in registers.get("lines", ()):
        items = [ItemDefinition(v[0], v[2], v[4], v[3], v[7]) for v in entry.value]
        facts.definition = Definition(entry.version, entry.content, items)
    for _, item_id, entry in registers.get("work", ()):
        state, cause = entry.value
        facts.work[item_id] = Work(
            entry.version, entry.content, _ITEM_STATES[state], entry.time_us, entry.event_id, cause
        )
    for _, item_id, entry in registers.get("cancellation", ()):
        register = Cancellation(entry.version, entry.content, entry.value, entry.time_us)
        if item_id:
            facts.item_cancellations[item_id] = register
        else:
            facts.cancellation = register
    for _, fallout_id, entry in registers.get("fallout", ()):
        is_open, item_id, repair, code = entry.value
        facts.fallouts[fallout_id] = Fallout(
            entry.version, entry.content, is_open, item_id, repair, code, entry.time_us
        )
    _see(facts, registers.get("seen", ()))
    return facts


def _see(facts: OrderFacts, seen: Iterable[tuple[str, str, Entry]]) -> None:
    """Which versions were read, and which of them with more than one content."""
    for _, _, entry in seen:
        known = facts.versions.get(entry.version)
        if known is None:
            facts.versions[entry.version] = entry.content
        else:
            facts.versions[entry.version] = min(known, entry.content)
            facts.conflicts.setdefault(entry.version, []).append(max(known, entry.content))
    for contents in facts.conflicts.values():
        contents.sort()


def _newest(entry: Entry) -> Newest:
    return Newest(entry.version, entry.content, entry.event_id, entry.time_us, entry.recorded_us, *entry.value)


def _fact(event: Heard) -> Fact:
    data = event.data
    payload: dict[str, Any] = {
        "orderNumber": data.get("orderNumber") or "",
        "accountId": data.get("accountId") or "",
        "quoteId": data.get("quoteId"),
        "quoteVersion": data.get("quoteVersion"),
        "state": symbol(HeaderState, data.get("state")) or HeaderState.DRAFT.value,
        "items": [_defined(item) for item in _items(data)],
        "itemId": data.get("itemId"),
        "itemIds": [str(i) for i in listed(data.get("itemIds"))],
        "itemState": symbol(ItemState, data.get("itemState")),
        # a failure of which nobody says who mends it needs a person
        "repair": symbol(Repair, data.get("repair")) or Repair.HUMAN.value,
        "failureCode": data.get("failureCode"),
        "waitingFor": data.get("waitingFor"),
        "falloutId": data.get("falloutId") or "",
    }
    kind = event.kind
    if kind.startswith("ProductOrderItem") and payload["itemId"] is None:
        # it says nothing of any item; what it says of the order stands
        kind = "ProductOrderDetailsUpdated"
    return Fact(
        kind,
        event.version,
        event.event_id,
        event.content,
        event.time_us,
        event.recorded_us,
        payload,
        event.topic,
        event.partition,
        event.offset,
    )


def _items(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in listed(data.get("items")) if isinstance(item, Mapping) and item.get("itemId")]


def _defined(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "itemId": item["itemId"],
        "action": symbol(Action, item.get("action")) or "",
        "parentItemId": item.get("parentItemId"),
        "offeringId": item.get("offeringId") or "",
        "productInstanceId": item.get("productInstanceId"),
    }


def _line(item: Mapping[str, Any]) -> Line:
    components = [c for c in listed(item.get("priceComponents")) if isinstance(c, Mapping) and c.get("componentId")]
    return Line(
        item_id=item["itemId"],
        line_number=item.get("lineNumber") or 0,
        action=symbol(Action, item.get("action")) or "",
        offering_id=item.get("offeringId") or "",
        parent_item_id=item.get("parentItemId"),
        root_item_id=item.get("rootItemId"),
        depends_on=[str(i) for i in listed(item.get("dependsOn"))],
        product_instance_id=item.get("productInstanceId"),
        cutoff=symbol(Cutoff, item.get("cutoff")) or Cutoff.COMPLETED.value,
        components=[[c["componentId"], c.get("billedThroughItemId")] for c in components],
    )
