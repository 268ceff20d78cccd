"""What is remembered of each event, and at which products: one register for each version of what is compared.

A group is one product instance (`<tenant>:product/<id>`); a charge that names none is its own group. Registers are
kept for each version, not only the newest, because "since when" is asked of the past as it was known then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domain.billing_verdict.moments import microseconds
from domain.billing_verdict.terms import terms_text
from domain.fold.fold import Place
from domain.fold.heard import Heard

SPACE = "product"
ITEM = "item/"
REPLACED = "replaced/"
OUTCOME = "outcome/"
HANDOFF = "handoff/"
CHARGE = "charge/"
REASON = "reason/"
INVOICE = "invoice"
ACTIVATED = "activated"
TERMINATED = "terminated"

_OUTCOMES = {"ProductOrderItemCompleted": "COMPLETED", "ProductOrderItemCancelled": "CANCELLED"}
_NO_REPAIR = frozenset({"ProductOrderItemFailed", "ProductOrderFalloutRaised"})
_CHARGES = frozenset(
    {
        "ChargeActivated",
        "ChargeAmended",
        "ChargeSuspended",
        "ChargeResumed",
        "ChargeTerminated",
        "ChargeRejected",
    }
)
_REASONS = frozenset({"NonBillingReasonRequested", "NonBillingReasonApproved", "NonBillingReasonRevoked"})
_HANDOFFS = frozenset({"BillingActivationRequested", "BillingActivationWithdrawn"})
KINDS = frozenset(
    {
        "ProductOrderAccepted",
        *_OUTCOMES,
        *_NO_REPAIR,
        "ProductOrderFalloutResolved",
        *_HANDOFFS,
        *_CHARGES,
        "InvoiceIssued",
        *_REASONS,
        "AssetActivated",
        "AssetTerminated",
    }
)
"""Drafts and amendments of drafts are no agreement: the accepted items are complete (R62)."""


def places(event: Heard) -> Iterator[Place]:
    """The products an event is about."""
    data = event.data
    if event.kind == "ProductOrderAccepted":
        named = {instance for item in data.get("items") or () for instance, _ in _products(item)}
        for instance in sorted(named):
            yield place_of(event.tenant, instance)
        return
    charged = event.kind in _CHARGES or event.kind == "InvoiceIssued"
    about = data.get("productInstanceId") or (event.subject if charged else None)
    if about:
        yield place_of(event.tenant, about)


def place_of(tenant: str, instance: str) -> Place:
    """The group of a product."""
    return Place(f"{tenant}:{SPACE}/{instance}")


def instance_of(place: Place) -> str:
    """The product, or charge, a group is about."""
    return place.group.partition("/")[2]


def _products(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Products an item acts on, each with the register it is remembered in; context without a price acts on none."""
    if item.get("action") == "NO_CHANGE" and not item.get("priceComponents"):
        return
    if item.get("productInstanceId"):
        yield item["productInstanceId"], ITEM
    if item.get("replacesProductInstanceId"):
        yield item["replacesProductInstanceId"], REPLACED


def says(event: Heard, place: Place) -> Iterator[tuple[str, Any]]:
    """What of an event is remembered at a product."""
    data = event.data
    if event.kind == "ProductOrderAccepted":
        yield from _items(data, instance_of(place))
    elif event.kind in _SAYS:
        yield from _SAYS[event.kind](event, data)
    elif (outcome := _outcome(event.kind, data)) is not None and data.get("itemId"):
        yield f"{OUTCOME}{data['itemId']}", [outcome, microseconds(data.get("serviceActivationDate"))]


def _items(data: Mapping[str, Any], about: str) -> Iterator[tuple[str, Any]]:
    for item in data.get("items") or ():
        for instance, register in _products(item):
            if instance == about:
                components = item.get("priceComponents") or () if register is ITEM else ()
                value = {
                    "action": str(item.get("action")),
                    "intent": str(data.get("intent")),
                    "account": data.get("accountId"),
                    "billingAccount": (data.get("parties") or {}).get("billingAccountId"),
                    "components": {c.get("componentId"): terms_text(c) for c in components},
                }
                yield f"{register}{item['itemId']}", value


def _outcome(kind: str, data: Mapping[str, Any]) -> str | None:
    """How an item ended, for the events that end one."""
    if kind in _OUTCOMES:
        return _OUTCOMES[kind]
    failed = kind in _NO_REPAIR and data.get("repair") == "NONE"
    return "FAILED" if failed or data.get("itemState") == "FAILED_CLOSED" else None


def _handoff(event: Heard, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if not data.get("componentId"):
        return
    about = {"component": data["componentId"], "order": data.get("orderId") or "", "item": data.get("itemId") or ""}
    if event.kind == "BillingActivationWithdrawn":
        yield f"{HANDOFF}{event.version:09}", {**about, "withdrawn": data.get("withdrawnVersion")}
        return
    terms = data.get("terms") or {}
    value = {
        **about,
        "action": str(data.get("action")),
        "effect": str(data.get("effect")),
        "intent": str(data.get("intent")),
        "account": data.get("accountId"),
        "billingAccount": terms.get("billingAccountId"),
        "terms": terms_text(terms.get("component") or {}),
        "activation": microseconds(data.get("serviceActivationDate")),
        "trigger": microseconds(data.get("billingTriggerDate")),
        "end": microseconds(data.get("billingEndDate")),
    }
    yield f"{HANDOFF}{event.version:09}", value


def _charge(event: Heard, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    value = {
        "component": data.get("componentId") or "",
        "order": data.get("orderId"),
        "item": data.get("itemId"),
        "account": data.get("accountId"),
        "from": microseconds(data.get("effectiveFrom")),
        "until": microseconds(data.get("effectiveUntil")),
    }
    if data.get("component") is not None:
        value |= {
            "billingAccount": data.get("billingAccountId"),
            "handoff": data.get("handoffId"),
            "terms": terms_text(data["component"]),
            "trigger": microseconds(data.get("billingTriggerDate")),
            "corrects": bool(data.get("correctsFormerTerms")),
        }
    yield f"{CHARGE}{event.version:09}", value


def _invoice(event: Heard, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield INVOICE, {"component": data.get("componentId"), "until": microseconds(data.get("periodEnd"))}


def _reason(event: Heard, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if not data.get("componentId"):
        return
    value = {
        "component": data["componentId"],
        "code": str(data.get("code")),
        "from": microseconds(data.get("validFrom")),
        "until": microseconds(data.get("validUntil")),
    }
    yield f"{REASON}{event.version:09}", value


def _asset(event: Heard, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    register = ACTIVATED if event.kind == "AssetActivated" else TERMINATED
    yield (
        register,
        {
            "order": data.get("orderId"),
            "item": data.get("itemId"),
            "at": microseconds(data.get("effectiveDate")),
        },
    )


_SAYS: Mapping[str, Callable[[Heard, Mapping[str, Any]], Iterator[tuple[str, Any]]]] = {
    **dict.fromkeys(_HANDOFFS, _handoff),
    **dict.fromkeys(_CHARGES, _charge),
    "InvoiceIssued": _invoice,
    **dict.fromkeys(_REASONS, _reason),
    "AssetActivated": _asset,
    "AssetTerminated": _asset,
}
