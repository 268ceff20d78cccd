"""What is remembered of the events around an order, by the order they name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.asset.events import EVENTS as ASSET_EVENTS
from domain.billing_handoff.events import EVENTS as HANDOFF_EVENTS
from domain.charge.events import EVENTS as CHARGE_EVENTS
from domain.drift.space import Saying, saying
from domain.drift.terms import components_of
from domain.drift.values import fields
from domain.fallout_case.events import EVENTS as FALLOUT_EVENTS
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.joins import Histories, Least
from domain.fold.reading import Data, money_texts, part, parts, text, texts, time_us
from domain.fulfillment_plan.events import EVENTS as PLAN_EVENTS
from domain.order_state.states import REPAIR_ITEM_STATE, HeaderState, ItemState
from domain.payment_authorization.events import EVENTS as PAYMENT_EVENTS
from domain.product_order.events import EVENTS as ORDER_EVENTS
from domain.provisioning_request.events import EVENTS as PROVISIONING_EVENTS
from domain.reservation.events import EVENTS as RESERVATION_EVENTS

STATES_KEPT = 16
"""Newest states of an item, a task, a fallout or a request to cancel that are remembered."""
INVOICES_KEPT = 6
"""Invoices of a charge, the first ones: an order that is still in fallout after so many has other findings."""
WHOLE_ORDER = ""
"""The name under which a request to cancel the whole order is remembered, among those for items."""

DECLARES: Mapping[str, HeaderState] = {
    "ProductOrderCreated": HeaderState.DRAFT,
    "ProductOrderSubmitted": HeaderState.SUBMITTED,
    "ProductOrderValidationStarted": HeaderState.VALIDATING,
    "ProductOrderAccepted": HeaderState.ACCEPTED,
    "ProductOrderRejected": HeaderState.REJECTED,
    "ProductOrderCancelled": HeaderState.CANCELLED,
    "ProductOrderFailedClosed": HeaderState.FAILED_CLOSED,
    "ProductOrderCompleted": HeaderState.COMPLETED,
}
"""States an order declares by events of their own."""
_REACHES: Mapping[str, ItemState] = {
    "ProductOrderItemStarted": ItemState.IN_PROGRESS,
    "ProductOrderItemPendingExternal": ItemState.PENDING_EXTERNAL,
    "ProductOrderItemCompleted": ItemState.COMPLETED,
    "ProductOrderItemCancelled": ItemState.CANCELLED,
}
_BY_REPAIR = {repair.value: state.value for repair, state in REPAIR_ITEM_STATE.items()}
_CONTENT: Mapping[str, str] = {
    "ProductOrderCreated": "submitted",
    "ProductOrderAmended": "submitted",
    "ProductOrderAccepted": "agreed",
}
MATERIAL = (
    "action",
    "quantity",
    "offeringId",
    "configurationFingerprint",
    "parentItemId",
    "replacesProductInstanceId",
    "cutoff",
    "priceComponents",
)
"""Fields of an item that nobody changes after submission without an amendment (R306, R480)."""


def _order(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data, kind = event.data, event.kind
    yield "newest", fields(data, ("state", "accountId", "quoteId"))
    entered, item_id, fallout_id = text(data, "toState"), text(data, "itemId"), text(data, "falloutId")
    if entered:
        yield "entered", entered
    if kind in DECLARES:
        yield "declared", DECLARES[kind].value
    if kind in _CONTENT:
        yield _CONTENT[kind], _content(data)
    state = _item_state(event)
    if item_id and state:
        yield "work", _state_of(event, [item_id], state)
    if kind == "ProductOrderItemStarted":
        yield "started", Least(1, [event.version])
    if kind in ("ProductOrderFalloutRaised", "ProductOrderFalloutResolved") and fallout_id:
        raised = kind == "ProductOrderFalloutRaised"
        yield "fallouts", _state_of(event, [fallout_id], [raised, item_id, data.get("repair")])
    if kind in ("ProductOrderCancellationRequested", "ProductOrderCancellationRefused"):
        asked = kind == "ProductOrderCancellationRequested"
        yield "asked", _state_of(event, texts(data, "itemIds") or [WHOLE_ORDER], asked)


def _state_of(event: Heard, names: list[str], state: Any) -> Histories:
    return Histories(STATES_KEPT, names, event.version, event.content, event.time_us, state)


def _item_state(event: Heard) -> str | None:
    """The state an item enters by an event about it, as the order's own fold has it."""
    kind, data = event.kind, event.data
    if kind in _REACHES:
        return _REACHES[kind].value
    if kind in ("ProductOrderItemFailed", "ProductOrderFalloutRaised"):
        return _BY_REPAIR.get(text(data, "repair") or "")
    if kind == "ProductOrderFalloutResolved":
        return text(data, "itemState") or ItemState.IN_PROGRESS.value
    return None


def _content(data: Data) -> dict[str, Any]:
    """What was submitted or accepted; prices as a hash, for it is enough to know that they differ."""
    items = {item_id: _material(item) for item in parts(data, "items") if (item_id := text(item, "itemId"))}
    return {"items": items, "billingAccountId": text(part(data, "parties"), "billingAccountId")}


def _material(item: Data) -> list[Any]:
    prices = repr(sorted(components_of(item).items())).encode()
    return [*fields(item, MATERIAL[:-1]), hashlib.blake2b(prices, digest_size=6).hexdigest()]


def _plan(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    if event.kind == "FulfillmentPlanCreated":
        tasks = parts(data, "tasks")
        yield (
            "tasks",
            {task_id: fields(t, ("itemId", "kind", "cutoff")) for t in tasks if (task_id := text(t, "taskId"))},
        )
        return
    task_id, state = text(data, "taskId"), text(data, "taskState")
    if task_id and state:
        yield "steps", _state_of(event, [task_id], state)


def _fallout(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "case", fields(event.data, ("state", "itemId"))


def _request(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    if event.kind != "ServiceStatusObserved" or text(event.data, "toState"):
        yield "request", fields(event.data, ("state", "taskId", "operation", "itemId"))


def _reservation(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "reservation", fields(event.data, ("state", "taskId", "cause", "itemId"))


def _payment(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    yield "payment", [text(data, "state"), time_us(data, "expiresAt"), money_texts(data, "amount")]


def _charge(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    if event.kind != "InvoiceIssued":
        yield "charge", fields(data, ("state", "itemId", "productInstanceId", "componentId"))
        yield "basis", fields(data, ("handoffId", "itemId"))
        return
    amount = money_texts(data, "amount")
    if amount and Decimal(amount[0]) > 0 and not text(data, "reasonCode"):
        yield "invoices", Least(INVOICES_KEPT, [event.time_us, text(data, "invoiceId") or "", event.event_id])


def _asset(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "asset", fields(event.data, ("state", "itemId"))


def _handoff(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "handoff", text(event.data, "state")


def _names(events: tuple[type[Any], ...]) -> tuple[str, ...]:
    return tuple(event.__name__ for event in events)


SAYINGS: Mapping[str, Saying] = saying(
    {
        _names(ORDER_EVENTS): _order,
        _names(PLAN_EVENTS): _plan,
        _names(FALLOUT_EVENTS): _fallout,
        _names(PROVISIONING_EVENTS): _request,
        _names(RESERVATION_EVENTS): _reservation,
        _names(PAYMENT_EVENTS): _payment,
        _names(CHARGE_EVENTS): _charge,
        _names(ASSET_EVENTS): _asset,
        _names(HANDOFF_EVENTS): _handoff,
    }
)
