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
from domain.drift.values import micros, money, number, records
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.order_state.states import REPAIR_ITEM_STATE, ItemState
from domain.provisioning_request.states import SHOWN_AFTER, Operation

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
    for item in records(event.data, "items"):
        acts = item.get("productInstanceId") == product_id
        if item.get("itemId") and (acts or item.get("replacesProductInstanceId") == product_id):
            about = [item.get("action"), item.get("configurationFingerprint"), components_of(item)]
            yield f"item/{item['itemId']}", [acts, *about, event.data.get("accountId")]


def _worked(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    state = _ITEM_STATES.get(event.kind) or _BY_REPAIR.get(data.get("repair") or "")
    if data.get("itemId") and state:
        yield f"work/{data['itemId']}", state


def _asset(event: Heard, place: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    caused_by = [data.get("orderId"), data.get("itemId"), data.get("action")]
    if event.subject != named(place):
        yield "takes-place", [*caused_by, event.subject]
        return
    yield "asset", [data.get("state"), *caused_by, data.get("accountId")]
    if event.kind in ("AssetActivated", "AssetModified"):
        yield "configuration", [data.get("configurationFingerprint"), *caused_by]


def _network(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    """What was last seen of the service, or follows from a change that succeeded."""
    data = event.data
    if event.kind == "ServiceStatusObserved":
        if data.get("serviceStatus") not in (None, "NOT_KNOWN"):
            yield "service", [data["serviceStatus"], micros(data.get("observedAt")) or event.time_us]
    elif data.get("operation") in _SHOWN:
        yield "service", [_SHOWN[data["operation"]], event.time_us]


def _charge(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    yield "charge", [data.get("state"), data.get("accountId")]
    if event.kind in BASIS:
        about = [data.get("orderId"), data.get("itemId"), data.get("componentId")]
        yield "basis", [*about, terms_of(data.get("component") or {})]


def _invoiced(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    """Only what departs from the agreement, and what corrects such an invoice, is remembered."""
    data = event.data
    unexplained = _unexplained(data)
    if unexplained or data.get("correctsInvoiceId"):
        amount = money(data.get("amount")) or ["0", ""]
        agreed = money(data.get("agreed")) or ["0", ""]
        corrects = data.get("correctsInvoiceId")
        yield f"invoice/{data.get('invoiceId')}", [corrects, agreed[0], amount[0], amount[1], number(unexplained)]


def _unexplained(data: Mapping[str, Any]) -> Decimal:
    """What is claimed beyond the agreement and beyond what a line gives reason and evidence for (R277)."""
    amount, agreed = data.get("amount") or {}, data.get("agreed") or {}
    explained = sum(
        (
            (line.get("amount") or {}).get("amount", Decimal(0))
            for line in records(data, "lines")
            if line.get("kind") == LineKind.ADJUSTMENT and line.get("reasonCode") and line.get("evidenceRef")
        ),
        Decimal(0),
    )
    return Decimal(amount.get("amount", 0)) - Decimal(agreed.get("amount", 0)) - explained


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
assert _SHOWN.keys() == {operation.value for operation in Operation}
