"""How what happens to an order itself is told, with its fallout and what somebody must answer for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.timeline.telling import COMPLIANCE, DELIVERY, INSIDE, MONEY, SALES, SUPPORT, Telling

_FINDINGS = (SALES, *DELIVERY)
_FALLOUT = ("falloutId", "cause", "severity")

ORDERS: Mapping[str, Telling] = {
    "ProductOrderCreated": Telling(
        "ProductOrder",
        "The order was captured.",
        INSIDE,
        ("orderNumber", "sourceSystem", "sourceChannel"),
        "We received your order.",
        material=True,
    ),
    "ProductOrderSubmitted": Telling("ProductOrder", "The order was submitted.", INSIDE, material=True),
    "ProductOrderValidationStarted": Telling("ProductOrder", "Validation of the order began.", _FINDINGS),
    "ProductOrderValidated": Telling("ProductOrder", "The order passed validation.", _FINDINGS),
    "ProductOrderAccepted": Telling(
        "ProductOrder",
        "The order was accepted for delivery.",
        INSIDE,
        customer="We accepted your order.",
        material=True,
    ),
    "ProductOrderRejected": Telling(
        "ProductOrder", "The order was rejected.", INSIDE, customer="We could not accept your order.", material=True
    ),
    "ProductOrderDecompositionStarted": Telling("ProductOrder", "Planning of the delivery began.", DELIVERY),
    "ProductOrderDecomposed": Telling(
        "ProductOrder", "The order was turned into a delivery plan.", DELIVERY, ("planId", "rulesVersion")
    ),
    "ProductOrderDecompositionFailed": Telling(
        "ProductOrder", "The order could not be turned into a delivery plan.", DELIVERY, ("rulesVersion",)
    ),
    "ProductOrderItemStarted": Telling(
        "ProductOrder", "Work on an item began.", INSIDE, customer="We began to prepare part of your order."
    ),
    "ProductOrderItemPendingExternal": Telling(
        "ProductOrder", "An item waits for somebody outside.", INSIDE, ("waitingFor",)
    ),
    "ProductOrderItemCompleted": Telling(
        "ProductOrder",
        "An item was delivered.",
        INSIDE,
        ("serviceActivationDate",),
        "Part of your order was delivered.",
    ),
    "ProductOrderItemFailed": Telling("ProductOrder", "Work on an item failed.", DELIVERY, ("repair", "failureCode")),
    "ProductOrderItemCancelled": Telling(
        "ProductOrder", "An item was taken out of the order.", INSIDE, customer="Part of your order was cancelled."
    ),
    "ProductOrderFalloutRaised": Telling(
        "ProductOrder",
        "Delivery left its path and needs attention.",
        (SALES, *DELIVERY),
        ("falloutId", "repair", "failureCode"),
        material=True,
    ),
    "ProductOrderFalloutResolved": Telling(
        "ProductOrder", "Delivery is back on its path.", (SALES, *DELIVERY), ("falloutId",), material=True
    ),
    "ProductOrderCancellationRequested": Telling(
        "ProductOrder", "Cancellation was asked for.", INSIDE, customer="Cancellation was asked for.", material=True
    ),
    "ProductOrderCancellationRefused": Telling(
        "ProductOrder",
        "It was too late to cancel; delivery goes on.",
        INSIDE,
        customer="It was too late to cancel; delivery goes on.",
        material=True,
    ),
    "ProductOrderCancelled": Telling(
        "ProductOrder", "The order was cancelled.", INSIDE, customer="Your order was cancelled.", material=True
    ),
    "ProductOrderAmended": Telling(
        "ProductOrder", "The lines of the draft were changed.", INSIDE, customer="Your order was changed."
    ),
    "ProductOrderDetailsUpdated": Telling("ProductOrder", "A detail of the order was changed.", INSIDE, ("kind",)),
    "ProductOrderCompleted": Telling(
        "ProductOrder",
        "The order was completed.",
        INSIDE,
        customer="Everything you ordered was delivered.",
        material=True,
    ),
    "ProductOrderFailedClosed": Telling(
        "ProductOrder",
        "The order failed and was closed by a decision.",
        INSIDE,
        customer="Your order was closed without delivery.",
        material=True,
    ),
    "OrderCaptureAttempted": Telling(
        "OrderCaptureAttempt",
        "A command reached order management.",
        (SUPPORT, COMPLIANCE),
        ("command", "outcome", "code", "stage", "sourceSystem", "sourceChannel"),
    ),
    "BillingActivationRequested": Telling(
        "BillingHandoff", "Billing was told what to do.", MONEY, ("effect", "billingTriggerDate")
    ),
    "BillingActivationWithdrawn": Telling("BillingHandoff", "What billing was told was taken back.", MONEY),
    "FalloutDetected": Telling(
        "FalloutCase", "A fallout case was opened.", DELIVERY, (*_FALLOUT, "failureCode", "runbookRef", "taskId")
    ),
    "FalloutAssigned": Telling("FalloutCase", "Somebody took the fallout case.", DELIVERY, (*_FALLOUT, "team")),
    "OrderRepairApplied": Telling(
        "FalloutCase", "A repair was made.", DELIVERY, (*_FALLOUT, "repairId", "kind", "evidenceRef")
    ),
    "FalloutResolved": Telling("FalloutCase", "The fallout case was resolved.", DELIVERY, (*_FALLOUT, "resolution")),
    "FalloutClosedAsFailed": Telling(
        "FalloutCase", "It was decided that the fallout will not be mended.", DELIVERY, (*_FALLOUT, "closedAs")
    ),
}

GOVERNANCE: Mapping[str, Telling] = {
    "CorrectionRequested": Telling(
        "GovernanceRecord", "A correction was asked for.", (COMPLIANCE,), ("kind", "correctedOwner")
    ),
    "CorrectionApproved": Telling(
        "GovernanceRecord", "The correction was approved.", (COMPLIANCE,), ("kind", "correctedOwner")
    ),
    "CorrectionApplied": Telling(
        "GovernanceRecord", "The owner made the correction.", (COMPLIANCE,), ("kind", "correctedOwner")
    ),
    "ManualOverrideRecorded": Telling(
        "GovernanceRecord", "A decision of the rules was overridden by hand.", (COMPLIANCE,), ("decision", "policyId")
    ),
}
"""Told in the timeline of the order, quote or account they name as their subject."""
