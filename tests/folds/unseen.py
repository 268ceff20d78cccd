"""What no rule can find in a log although some record shows it, and why: the list that tests hold the rules to.

An event that is altered, lost or made up is found where somebody else, or an earlier event, says otherwise. What is
said once, by one system, of which nothing else follows, has nothing it could disagree with; records repeat it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from tests.folds.mutations import Mutation

SAID_ONCE: Mapping[str, tuple[str, ...]] = {
    "where it comes from, which only the event itself says": (
        *("* ce:correlation_id", "* ce:causation_id", "* ce:policy_version"),
        "OrderCaptureAttempted ce:command_id",
    ),
    "names, references and words for people": (
        *("InvoiceIssued document", "InvoiceIssued invoiceNumber", "* resultRef", "AccountCreated profile.*"),
        *("AccountUpdated profile.*", "ProductOrderCreated source*", "ProductOrderCreated externalReferences.*"),
        *("* findings.*", "* termsVersion", "* failureCode", "OrderCaptureAttempted source*", "* override"),
        *("ProductOrderDetailsUpdated kind", "* planId", "* rulesVersion", "* note"),
    ),
    "how the work is organised and how often it was tried": (
        *("* attempt", "FulfillmentPlanCreated tasks.*", "ResourceReservationReleased cause"),
        "ServiceStatusObserved observedAt",
    ),
    "how a price came about, and what was checked": (
        *("PriceCalculated *", "QuoteValidated lineResults.*", "QuoteValidationFailed lineResults.*"),
        *("EvidenceAttached *", "QuoteAccepted charges.*"),
    ),
    "an attempt to order, which has no other witness": ("OrderCaptureAttempted *",),
}
"""Fields that one system says once, as patterns of event and field, by why nothing contradicts them."""

LAST_WORDS = frozenset(
    {
        *("OrderCaptureAttempted", "EvidencePackageAssembled", "EvidenceAttached", "InvoiceIssued", "QuoteCancelled"),
        *("QuoteExpired", "QuoteSuperseded", "AccountUpdated", "AccountClosed", "ServiceStatusObserved"),
        *("NonBillingReasonRevoked", "QuoteCorrectionApplied", "ProductOrderRejected", "ProductOrderCancelled"),
        *("QuotePresented", "QuoteValidated", "ApprovalDecided", "CorrectionApplied", "ConsumerCheckpointReported"),
    }
)
"""The last events of their aggregates after which nobody else does anything: lost, they are as if never published."""

FIRST_WORDS = frozenset(
    {
        *("AccountCreated", "QuoteCreated", "PriceCalculated", "EvidenceAttached", "OrderCaptureAttempted"),
        *("ApprovalRequested", "ProvisioningStarted", "ResourceReserved", "PaymentAuthorized", "ChargeRejected"),
        *("BreakGlassAccessed", "ManualOverrideRecorded", "PolicyChanged", "CorrectionRequested"),
    }
)
"""Beginnings: made up by the owner itself with everything right about them, they are something new."""

GAPS: Mapping[str, str] = {
    "alter Asset* offeringId": "an asset's offering is not compared with the item's",
    "alter Asset* action": "what an asset was done is not compared with the item's action, only what came of it",
    "alter Asset* effectiveDate": "the day an asset's change holds from is not compared within tolerance",
    "alter AssetTerminated *Id": "which item ended an asset is not compared once the asset has ended",
    "alter Resource* quantity": "how much is reserved is not compared with the item",
    "alter Approval* input.*": "what was asked for is compared with what was decided, not with the quote",
    "alter Quote* approvalFingerprint": "what was approved is compared by price and percentage alone",
    "alter Quote* discountLimitPercent": "the limit is taken from the event that is judged by it",
    "alter QuoteCreated terms.*": "terms are compared from acceptance on",
    "alter QuoteConvertedToOrder orderId": "that a quote became some order is looked at, not which",
    "alter FulfillmentTask* taskId": "a step of a task no plan has is not found",
    "alter * billingTriggerDate": "the day a handoff or charge names is not compared with the item's within tolerance",
    "alter InvoiceIssued *": "an invoice's period and order are not compared with the charge's",
    "alter QuoteSuperseded supersededVersion": "which revision ended is not compared with the one that took its place",
    "alter QuoteConvertedToOrder catalogPublicationId": "a quote's publication is compared at its acceptance only",
    "alter ProductOrderItemCompleted serviceActivationDate": "not compared with the network's time of activation",
    "alter ServiceStatusObserved serviceStatus": "an observation that a later one replaces is not kept",
    "drop BillingActivationRequested": "a change that was handed over and followed by nothing is not missed",
    "drop BillingActivationWithdrawn": "the same of a handoff that was withdrawn",
    "drop AssetModified": "a change that leaves the configuration as it was is not missed",
    "drop QuoteConvertedToOrder": "not missed when the order is over",
    "drop ProvisioningSucceeded": "a request that took something back is not compared with its task",
    "drop ResourceReservationReleased": "a reservation of an order that was never completed is not missed",
    "forge InvoiceIssued as the next version": "a period that is invoiced twice at the agreed price is not found",
    "forge InvoiceIssued of another aggregate": "an invoice of a charge of which nothing else is known",
    "forge Asset* as the next version": "the same said again of an asset, with nothing new in it",
    "forge Charge* as the next version": "the same said again of a charge, with nothing new in it",
    "forge BillingActivation* as the next version": "the same asked of billing again",
    "forge BillingActivationRequested of another aggregate": "a request to billing nobody acts on",
    "forge EvidenceAttached as the next version": "the same evidence again",
    "forge AccountUpdated as the next version": "the same of an account again",
    "forge PaymentAuthorized as the next version": "a second authorisation of the same payment",
    "forge PriceCalculated as the next version": "the same calculation again",
    "forge ProductOrderCompleted as the next version": "an order that completes twice",
}
"""What a rule could find and none does, by pattern: listed so that it is known, not so that it is right."""


def reason_unseen(done: Mutation) -> str | None:
    """Why nothing disagrees with what was done, as listed; None when it is on no list."""
    kind = done.event.kind
    if done.how == "drop" and kind in LAST_WORDS:
        return "last word"
    if done.how == "forge" and done.about == "of another aggregate" and kind in FIRST_WORDS:
        return "first word"
    if done.how != "alter":
        return None
    said = f"{kind} {done.about}"
    return next((why for why, names in SAID_ONCE.items() if any(fnmatchcase(said, name) for name in names)), None)


def known_gap(done: Mutation) -> str | None:
    """The gap a mutation falls into, as listed; None when it is on no list."""
    said = " ".join(part for part in (done.how, done.event.kind, done.about) if part)
    return next((pattern for pattern in GAPS if fnmatchcase(said, pattern)), None)
