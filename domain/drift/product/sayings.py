"""What is remembered of the events about a product: items, asset, network and charges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.asset.events import EVENTS as ASSET_EVENTS
from domain.charge.events import EVENTS as CHARGE_EVENTS
from domain.charge.invoice import LineKind
from domain.drift.space import Saying, named, saying
from domain.drift.terms import components_of, terms_of
from domain.drift.values import fields, number
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.reading import Data, money_texts, part, parts, text, time_us
from domain.order_state.states import REPAIR_ITEM_STATE, ItemState
from domain.provisioning_request.states import SHOWN_AFTER, ServiceStatus

_ITEM_STATES: Mapping[str, str] = {
    "ProductOrderItemStarted": ItemState.IN_PROGRESS.value,
    "ProductOrderItemPendingExternal": ItemState.PENDING_EXTERNAL.value,
    "ProductOrderItemCompleted": ItemState.COMPLETED.value,
    "ProductOrderItemCancelled": ItemState.CANCELLED.value,
}
_BY_REPAIR = {repair.value: state.value for repair, state in REPAIR_ITEM_STATE.items()}
_SHOWN = {operation.value: min(shown).value for operation, shown in SHOWN_AFTER.items()}
BASIS = ("ChargeActivated", "ChargeAmended", "ChargeRejected")


def _ordered(event: Heard, place: Place) -> Iterator[tuple[str, Any]]:
    """What each item of an order is to do to the product; an item that replaces it ends it."""
    product_id = named(place)
    for item in parts(event.data, "items"):
        item_id, acts = text(item, "itemId"), text(item, "productInstanceId") == product_id
        if item_id and (acts or text(item, "replacesProductInstanceId") == product_id):
            about = fields(item, ("action", "configurationFingerprint"))
            yield f"item/{item_id}", [acts, *about, components_of(item), text(event.data, "accountId")]


def _worked(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    item_id = text(event.data, "itemId")
    state = _ITEM_STATES.get(event.kind) or _BY_REPAIR.get(text(event.data, "repair") or "")
    if item_id and state:
        yield f"work/{item_id}", state


def _asset(event: Heard, place: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    caused_by = fields(data, ("orderId", "itemId", "action"))
    if event.subject != named(place):
        yield "takes-place", [*caused_by, event.subject]
        return
    yield "asset", [text(data, "state"), *caused_by, text(data, "accountId")]
    if event.kind in ("AssetActivated", "AssetModified"):
        yield "configuration", [text(data, "configurationFingerprint"), *caused_by]


def _network(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    """What was last seen of the service, or follows from a change that succeeded."""
    status, operation = text(event.data, "serviceStatus"), text(event.data, "operation") or ""
    if event.kind == "ServiceStatusObserved":
        if status not in (None, ServiceStatus.NOT_KNOWN):
            yield "service", [status, time_us(event.data, "observedAt") or event.time_us]
    elif operation in _SHOWN:
        yield "service", [_SHOWN[operation], event.time_us]


def _charge(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    yield "charge", fields(data, ("state", "accountId"))
    if event.kind in BASIS:
        yield "basis", [*fields(data, ("orderId", "itemId", "componentId")), terms_of(part(data, "component"))]


def _invoiced(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    """Only what departs from the agreement, and what corrects such an invoice, is remembered."""
    data = event.data
    agreed, amount = money_texts(data, "agreed"), money_texts(data, "amount")
    corrects = text(data, "correctsInvoiceId")
    if agreed is None or amount is None:
        return
    # what is claimed in another currency than was agreed is claimed for nothing
    due = Decimal(agreed[0]) if agreed[1] == amount[1] else Decimal(0)
    unexplained = Decimal(amount[0]) - due - _explained(data)
    if unexplained or corrects:
        claimed = [number(Decimal(agreed[0])), number(Decimal(amount[0])), amount[1], number(unexplained)]
        yield f"invoice/{text(data, 'invoiceId')}", [corrects, *claimed]


def _explained(data: Data) -> Decimal:
    """What is claimed beyond the agreement by lines that give reason and evidence (R277)."""
    adjustments = (line for line in parts(data, "lines") if text(line, "kind") == LineKind.ADJUSTMENT)
    explained = (line for line in adjustments if text(line, "reasonCode") and text(line, "evidenceRef"))
    amounts = (money_texts(line, "amount") for line in explained)
    return sum((Decimal(amount[0]) for amount in amounts if amount), Decimal(0))


SAYINGS: Mapping[str, Saying] = saying(
    {
        ("ProductOrderCreated", "ProductOrderAmended", "ProductOrderAccepted"): _ordered,
        (*_ITEM_STATES, "ProductOrderItemFailed"): _worked,
        tuple(event.__name__ for event in ASSET_EVENTS): _asset,
        ("ServiceStatusObserved", "ProvisioningSucceeded"): _network,
        tuple(event.__name__ for event in CHARGE_EVENTS if event.__name__ != "InvoiceIssued"): _charge,
        ("InvoiceIssued",): _invoiced,
    }
)
