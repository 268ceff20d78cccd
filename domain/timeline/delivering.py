"""How delivery, installed products, payment and billing are told."""

from __future__ import annotations

from collections.abc import Mapping

from domain.timeline.telling import DELIVERY, INSIDE, MONEY, PAYMENT, Telling

_TASK = ("taskId", "kind", "attempt")
_RESERVATION = ("taskId", "resourceKind", "quantity", "attempt")
_PROVISIONING = ("taskId", "operation", "attempt")
_CHANGE = ("offeringId", "action", "effectiveDate")

FULFILLMENT_EVENTS: Mapping[str, Telling] = {
    "FulfillmentPlanCreated": Telling(
        "FulfillmentPlan", "The delivery plan was made.", DELIVERY, ("planId", "rulesVersion", "paymentRequired")
    ),
    "FulfillmentTaskStarted": Telling("FulfillmentPlan", "A task began.", DELIVERY, _TASK),
    "FulfillmentTaskCompleted": Telling("FulfillmentPlan", "A task was completed.", DELIVERY, _TASK),
    "FulfillmentTaskFailed": Telling(
        "FulfillmentPlan", "A task failed.", DELIVERY, (*_TASK, "failureCode", "retryable", "attemptsLeft")
    ),
    "FulfillmentTaskRetried": Telling("FulfillmentPlan", "A failed task was begun again.", DELIVERY, _TASK),
    "FulfillmentTaskOutcomeUnknown": Telling(
        "FulfillmentPlan", "Nobody knows yet whether a task succeeded.", DELIVERY, (*_TASK, "detail")
    ),
    "FulfillmentTaskCompensated": Telling(
        "FulfillmentPlan", "A task was taken back.", DELIVERY, (*_TASK, "compensation")
    ),
    "ResourceReserved": Telling("Reservation", "A resource was set aside.", DELIVERY, _RESERVATION),
    "ResourceReservationFailed": Telling(
        "Reservation", "No resource could be set aside.", DELIVERY, (*_RESERVATION, "failureCode", "retryable")
    ),
    "ResourceReservationExpired": Telling("Reservation", "A reservation lapsed.", DELIVERY, _RESERVATION),
    "ResourceReservationReleased": Telling("Reservation", "A reservation ended.", DELIVERY, (*_RESERVATION, "cause")),
    "ProvisioningStarted": Telling(
        "ProvisioningRequest", "The network was told to change the service.", DELIVERY, _PROVISIONING
    ),
    "ProvisioningSucceeded": Telling("ProvisioningRequest", "The network made the change.", DELIVERY, _PROVISIONING),
    "ProvisioningFailed": Telling(
        "ProvisioningRequest",
        "The network could not make the change.",
        DELIVERY,
        (*_PROVISIONING, "failureCode", "retryable", "partiallyApplied"),
    ),
    "ServiceStatusObserved": Telling(
        "ProvisioningRequest", "Somebody looked at the service.", DELIVERY, (*_PROVISIONING, "serviceStatus", "trigger")
    ),
}

ASSETS: Mapping[str, Telling] = {
    "AssetActivated": Telling(
        "Asset",
        "A product went live.",
        INSIDE,
        _CHANGE,
        "A product of yours went live.",
        material=True,
    ),
    "AssetModified": Telling(
        "Asset",
        "An installed product was changed.",
        INSIDE,
        _CHANGE,
        "A product of yours was changed.",
        material=True,
    ),
    "AssetSuspended": Telling(
        "Asset",
        "An installed product was stopped for a time.",
        INSIDE,
        _CHANGE,
        "A product of yours was suspended.",
        material=True,
    ),
    "AssetResumed": Telling(
        "Asset",
        "A suspended product works again.",
        INSIDE,
        _CHANGE,
        "A product of yours works again.",
        material=True,
    ),
    "AssetTerminated": Telling(
        "Asset",
        "An installed product came to its end.",
        INSIDE,
        _CHANGE,
        "A product of yours was ended.",
        material=True,
    ),
    "AssetActivationFailed": Telling(
        "Asset", "A product did not go live.", INSIDE, ("offeringId", "action", "failureCode"), material=True
    ),
}

SETTLEMENT: Mapping[str, Telling] = {
    "PaymentAuthorized": Telling("PaymentAuthorization", "Payment was authorised.", PAYMENT, ("expiresAt",)),
    "PaymentAuthorizationFailed": Telling(
        "PaymentAuthorization", "Payment was not authorised.", PAYMENT, ("outcome", "failureCode")
    ),
    "PaymentVoided": Telling("PaymentAuthorization", "The held payment was given back.", PAYMENT, ("cause",)),
    "ChargeActivated": Telling(
        "Charge", "Billing charges a price from now on.", MONEY, ("billingTriggerDate", "effectiveFrom"), material=True
    ),
    "ChargeAmended": Telling(
        "Charge", "Other terms hold for a charge.", MONEY, ("effectiveFrom", "correctsFormerTerms"), material=True
    ),
    "ChargeSuspended": Telling("Charge", "A charge was suspended.", MONEY, ("effectiveFrom",), material=True),
    "ChargeResumed": Telling("Charge", "A suspended charge was resumed.", MONEY, ("effectiveFrom",), material=True),
    "ChargeTerminated": Telling("Charge", "A charge was ended.", MONEY, ("effectiveUntil",), material=True),
    "ChargeRejected": Telling("Charge", "Billing could not set up a charge.", MONEY, ("failureCode",), material=True),
    "InvoiceIssued": Telling(
        "Charge",
        "A charge was invoiced.",
        MONEY,
        ("invoiceId", "invoiceNumber", "document", "periodStart", "periodEnd", "correctsInvoiceId"),
        "An invoice was issued.",
        material=True,
    ),
    "NonBillingReasonRequested": Telling(
        "NonBillingReason", "It was asked that something is not billed.", MONEY, ("code",)
    ),
    "NonBillingReasonApproved": Telling(
        "NonBillingReason", "It was allowed that something is not billed.", MONEY, ("code",)
    ),
    "NonBillingReasonRevoked": Telling(
        "NonBillingReason", "It does not hold any more that something is not billed.", MONEY, ("code",)
    ),
}
