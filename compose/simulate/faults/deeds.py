"""What each fault of the wire makes of an event: dropped, altered, repeated or forged, as a foreign system would."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from avro.codec import encode_body
from avro.headers import format_time, parse_time
from compose.simulate.direct import Message
from compose.simulate.offers import offering_id
from domain.envelope import EVENT_NAMESPACE
from domain.product_order.structure import Cutoff
from topics.catalogue import CHARGES, PRODUCT_ORDERS, QUOTES

LATE = timedelta(days=3)
STRANGER = "billing"
RETIRED = "copper"


@dataclass(slots=True)
class Passing:
    """An event on the wire, opened."""

    message: Message
    data: dict[str, Any]

    @property
    def at(self) -> datetime:
        """When it happened."""
        found: datetime = self.data["occurredAt"]
        return found

    def sealed(self) -> Message:
        """The event with what was changed in it."""
        return self.message._replace(body=encode_body(self.message.name, self.data))

    def with_header(self, name: str, value: str | None) -> Message:
        """The event with another header, or without it."""
        headers = [(n, v) for n, v in self.message.headers if n != name]
        if value is not None:
            headers.append((name, value.encode()))
        return self.message._replace(headers=headers)


Deed = Callable[[Passing], "list[Message] | None"]
"""What is made of an event; None when the fault cannot be shown on it."""


def watch(_: Passing) -> None:
    """What shows a fault that was begun before arrives as it is."""


def _drop(_: Passing) -> list[Message]:
    return []


def _dropped_if(state: str) -> Deed:
    return lambda passing: [] if passing.data["state"] == state else None


def _set(name: str, value: Callable[[Any], Any]) -> Deed:
    """One field of the event, changed."""

    def deed(passing: Passing) -> list[Message] | None:
        if passing.data.get(name) is None:
            return None
        passing.data[name] = value(passing.data[name])
        return [passing.sealed()]

    return deed


def _items(change: Callable[[dict[str, Any]], bool]) -> Deed:
    """The first item of an order that can be changed, changed."""

    def deed(passing: Passing) -> list[Message] | None:
        return [passing.sealed()] if any(change(item) for item in passing.data["items"]) else None

    return deed


def _strange_offering(item: dict[str, Any]) -> bool:
    item["offeringId"] = f"{item['offeringId']}-unpublished"
    return True


def _strange_product(item: dict[str, Any]) -> bool:
    if item["action"] not in ("MODIFY", "SUSPEND", "RESUME", "RENEW", "DELETE"):
        return False
    item["productInstanceId"] = f"{item['productInstanceId']}-elsewhere"
    return True


def _more(item: dict[str, Any]) -> bool:
    item["quantity"] += 1
    return True


def _dearer(item: dict[str, Any]) -> bool:
    for component in item["priceComponents"]:
        component["price"]["amount"] += Decimal(7)
        return True
    return False


def _bound(passing: Passing) -> list[Message] | None:
    """Every line may be cancelled only before work on it has begun."""
    for item in passing.data["items"]:
        item["cutoff"] = Cutoff.STARTED.value
    return [passing.sealed()]


def _cancelled_in_work(passing: Passing) -> list[Message] | None:
    """What had not begun stops at once, with the reason of the request; what had is cancelled by its operator."""
    return [passing.message] if passing.data["reasonCode"] is None else None


def _flattened(passing: Passing) -> list[Message] | None:
    members = [item for item in passing.data["items"] if item["parentItemId"] is not None]
    for item in members:
        item["parentItemId"] = item["rootItemId"] = None
    return [passing.sealed()] if members else None


def _expired(passing: Passing) -> list[Message]:
    passing.data["terms"]["validUntil"] = passing.at - timedelta(minutes=1)
    return [passing.sealed()]


def _discounted(passing: Passing) -> list[Message] | None:
    if passing.data["discountPercent"] > passing.data["discountLimitPercent"]:
        return None  # it needs approval as it is, and will have it
    passing.data["discountPercent"] = passing.data["discountLimitPercent"] + Decimal(20)
    return [passing.sealed()]


def _powerless(passing: Passing) -> list[Message] | None:
    if passing.data["outcome"] != "APPROVED":
        return None
    passing.data["authorityLimit"]["discountPercent"] = Decimal(5)
    passing.data["evidence"]["authorityLimit"]["discountPercent"] = Decimal(5)
    return [passing.sealed()]


def _inflated(passing: Passing) -> list[Message] | None:
    if passing.data["reasonCode"] is not None or passing.data["amount"]["amount"] <= 0:
        return None
    for amount in (passing.data["amount"], passing.data["lines"][0]["amount"]):
        amount["amount"] += Decimal(25)
    return [passing.sealed()]


def _repeated_otherwise(passing: Passing) -> list[Message]:
    passing.data["reasonCode"] = "REPEATED"
    return [passing.message, passing.sealed()]


def _copied(passing: Passing) -> list[Message]:
    """The order once more, under an id of its own."""
    other = f"{passing.message.key}-copy"
    identity = str(uuid.uuid5(EVENT_NAMESPACE, f"{passing.message.event_id}/copy"))
    passing.data |= {"orderId": other}
    if "orderNumber" in passing.data:
        passing.data["orderNumber"] += "-2"
    changed = {"ce_id": identity, "ce_subject": other}
    headers = [(n, changed[n].encode() if n in changed else v) for n, v in passing.message.headers]
    copy = passing.sealed()._replace(key=other, event_id=identity, headers=headers)
    return [passing.message, copy]


def _late(passing: Passing) -> list[Message]:
    recorded = parse_time(dict(passing.message.headers)["ce_recordedtime"].decode())
    return [passing.with_header("ce_recordedtime", format_time(recorded + LATE))]


def _commanding(passing: Passing) -> list[Message]:
    return [passing.with_header("ce_type", "com.ordertruth.oms.product-order.submit-product-order.v1")]


def _behind(passing: Passing) -> list[Message]:
    passing.data["committedOffset"] = 0
    passing.data["endOffset"] += 10_000
    return [passing.sealed()]


def _outdated(passing: Passing) -> list[Message] | None:
    """Every event of the order names the first publication, where that is over."""
    first = f"{passing.message.key.partition(':')[0]}:publication-1"
    if passing.data["catalogPublicationId"] in (None, first) or passing.data["quoteId"] is None:
        return None
    passing.data["catalogPublicationId"] = first
    return [passing.sealed()]


def _retired(passing: Passing) -> list[Message] | None:
    """The first item is one of an offering that ended with the first publication."""
    tenant = passing.message.key.partition(":")[0]
    if passing.data["catalogPublicationId"] in (None, f"{tenant}:publication-1"):
        return None
    item = passing.data["items"][0]
    if item["action"] not in ("ADD", "REPLACE"):
        return None  # what is installed may outlive its sale
    item["offeringId"] = offering_id(tenant, RETIRED)
    return [passing.sealed()]


def _left(passing: Passing) -> list[Message] | None:
    if passing.data["addressVersion"] < 2:
        return None
    passing.data["addressVersion"] -= 1
    return [passing.sealed()]


_OTHER_HASH = _set("proposalDocumentHash", lambda value: value[::-1])

DEEDS: Mapping[str, Mapping[str, Deed]] = {
    "quote-lost": {f"*{QUOTES.name}": _drop},
    "offering-unknown": {
        "ProductOrderCreated": _items(_strange_offering),
        "ProductOrderAccepted": _items(_strange_offering),
    },
    "asset-unknown": {
        "ProductOrderCreated": _items(_strange_product),
        "ProductOrderAmended": _items(_strange_product),
        "ProductOrderAccepted": _items(_strange_product),
    },
    "item-unknown": {"ChargeActivated": _set("itemId", lambda value: f"{value}-unknown")},
    "header-altered": {"ProductOrderCompleted": _set("state", lambda _: "InProgress")},
    "plan-unfinished": {"FulfillmentTaskCompleted": _dropped_if("COMPLETED")},
    "order-unfinished": {
        "ProductOrderItemCompleted": _dropped_if("Completed"),
        "ProductOrderCompleted": _drop,
    },
    "fallout-unresolved": {"FalloutResolved": _drop},
    "provisioning-silent": {"ProvisioningSucceeded": _drop, "ServiceStatusObserved": _drop},
    "order-duplicated": {"ProductOrderCreated": _copied, "ProductOrderSubmitted": _copied},
    "quote-expired": {
        "QuoteCreated": _expired,
        "QuoteRevised": _expired,
        "QuoteAccepted": _expired,
        "QuoteConvertedToOrder": watch,
    },
    "fingerprint-stale": {"QuoteAccepted": _set("priceFingerprint", lambda value: value[::-1])},
    "discount-unapproved": {"QuotePriced": _discounted, "QuotePresented": watch},
    "proposal-altered": {"QuoteAccepted": _OTHER_HASH},
    "authority-exceeded": {"ApprovalDecided": _powerless},
    "lines-altered": {"ProductOrderAccepted": _items(_more)},
    "price-altered": {"ProductOrderCreated": _items(_dearer), "ProductOrderAccepted": _items(_dearer)},
    "invoice-inflated": {"InvoiceIssued": _inflated},
    "version-lost": {"ProductOrderSubmitted": _drop},
    "duplicate-conflicting": {"ProductOrderDecompositionStarted": _repeated_otherwise},
    "producer-wrong": {"AssetActivated": lambda passing: [passing.with_header("ce_source", STRANGER)]},
    "event-commanding": {"ProductOrderSubmitted": _commanding},
    "lineage-lost": {
        "FulfillmentPlanCreated": lambda passing: [passing.with_header("ce_correlationid", None)],
    },
    "event-late": {"AccountCreated": _late},
    "consumer-stuck": {"ConsumerCheckpointReported": _behind},
    "catalog-outdated": {f"*{PRODUCT_ORDERS.name}": _outdated},
    "offering-retired": {"ProductOrderCreated": _retired, "ProductOrderAccepted": _retired},
    "address-old": {"InvoiceIssued": _left},
    "account-unknown": {f"*{CHARGES.name}": _set("accountId", lambda value: f"{value}-unopened")},
    "cancelled-late": {
        "ProductOrderCreated": _bound,
        "ProductOrderAmended": _bound,
        "ProductOrderAccepted": _bound,
        "ProductOrderItemCancelled": _cancelled_in_work,
    },
    "bundle-flattened": {"ProductOrderAccepted": _flattened},
}
"""What each fault makes of which events, by the event's name or, with a star, by its topic."""

SHOWN_BY: Mapping[str, str] = {
    "quote-lost": "QuoteConvertedToOrder",
    "quote-expired": "QuoteConvertedToOrder",
    "discount-unapproved": "QuotePresented",
    "order-unfinished": "ProductOrderCompleted",
    "order-duplicated": "ProductOrderCreated",
    "cancelled-late": "ProductOrderItemCancelled",
}
"""The event with which a fault can be seen, where it takes more than one."""
