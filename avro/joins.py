"""The join fields each event must carry, so that derivations can put facts together (contract, "Join fields")."""

from __future__ import annotations

from collections.abc import Mapping

_ORDER = ("orderId",)
_QUOTE = ("quoteId", "quoteVersion")
_OFFER = (*_QUOTE, "catalogPublicationId")
_ITEM = ("itemId", "productInstanceId")
_MONEY = (*_ITEM, "componentId")

BY_AGGREGATE: Mapping[str, tuple[str, ...]] = {
    "ProductOrder": (*_ORDER, "accountId", *_OFFER),
    "OrderCaptureAttempt": (*_ORDER, "accountId", *_OFFER),
    "Quote": ("accountId", *_OFFER),
    "PriceCalculation": _QUOTE,
    "ApprovalCase": _QUOTE,
    "EvidencePackage": _QUOTE,
    "BillingHandoff": (*_ORDER, *_MONEY),
    "FalloutCase": _ORDER,
    "FulfillmentPlan": _ORDER,
    "Reservation": (*_ORDER, "taskId"),
    "ProvisioningRequest": (*_ORDER, "taskId"),
    "PaymentAuthorization": _ORDER,
    "Charge": (*_ORDER, "accountId", *_MONEY),
    "NonBillingReason": (*_ORDER, *_MONEY),
    "Asset": (*_ORDER, "accountId", *_ITEM, "configurationFingerprint"),
}
BY_EVENT: Mapping[str, tuple[str, ...]] = {
    "QuotePriced": ("priceFingerprint", "discountPercent", "discountLimitPercent"),
    "PriceCalculated": ("priceFingerprint", "discountPercent", "discountLimitPercent"),
    "QuoteAccepted": (
        "lines",
        "priceFingerprint",
        "configurationFingerprint",
        "approvalFingerprint",
        "proposalDocumentHash",
    ),
    "QuotePresented": ("proposalDocumentHash",),
    "ApprovalDecided": ("authorityLimit",),
    "AccountCreated": ("addressVersion", "regulated"),
    "AccountUpdated": ("addressVersion", "regulated"),
    "InvoiceIssued": ("addressVersion",),
    "CatalogPublished": ("offerings", "effectiveFrom", "declaredConsumers"),
}
BY_NESTED_RECORD: Mapping[str, tuple[str, ...]] = {
    "OrderItem": ("quoteLineId", "offeringId", "configurationFingerprint", "replacesProductInstanceId"),
    "QuoteLine": (
        "lineId",
        "offeringId",
        "configuration",
        "configurationFingerprint",
        "priceComponents",
        "discountSchedule",
        "lineFingerprint",
    ),
    "FulfillmentTask": ("cutoff",),
}
_ABOUT_AN_ITEM = "ProductOrderItem"


def required_fields(aggregate: str, event: str, present: frozenset[str]) -> tuple[str, ...]:
    """The fields an event must have, given its aggregate, its name and the fields it has.

    Whatever names an item names the installed product, too.
    """
    item = _ITEM if event.startswith(_ABOUT_AN_ITEM) or "itemId" in present else ()
    return tuple(dict.fromkeys((*BY_AGGREGATE.get(aggregate, ()), *BY_EVENT.get(event, ()), *item)))
