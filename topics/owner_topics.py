"""The topics on which the owning systems publish their facts; each owner is the only producer of its own."""

from __future__ import annotations

from domain.model import Classification
from topics.topic import Kind, Topic

_ORDER_APPS = ("order-state", "order-status", "reconciliation", "sink-postgres", "sink-clickhouse")
_JOINED_BY = ("reconciliation", "sink-postgres", "sink-clickhouse")
_CHECKED_BY = ("reconciliation", "sink-postgres", "sink-clickhouse")
_PLACED_BY = "placing"
"""The application that brings every owner's facts to those that join them."""


def _owned(
    name: str,
    owner: str,
    aggregate: str,
    key: str,
    events: str,
    *,
    about: str,
    classification: Classification = Classification.CONFIDENTIAL,
    consumers: tuple[str, ...] = _CHECKED_BY,
) -> Topic:
    return Topic(
        name=name,
        kind=Kind.OWNER,
        owner=owner,
        key=key,
        description=about,
        classification=classification,
        aggregate=aggregate,
        records=tuple(events.split()),
        consumers=(_PLACED_BY, *consumers),
    )


ACCOUNTS = _owned(
    "crm.accounts.v1",
    "crm",
    "Account",
    "account id",
    "AccountCreated AccountUpdated AccountsMerged AccountClosed",
    about="Commercial accounts: who buys, where, and whether the account is regulated.",
    classification=Classification.PII,
    consumers=(*_JOINED_BY, "order-status"),
)
CATALOG_PUBLICATIONS = _owned(
    "catalog.publications.v1",
    "catalog",
    "CatalogPublication",
    "catalog publication id",
    "CatalogPublished OfferingRetired CatalogPublicationConsumed",
    about="What may be sold from when on, and which systems took it over.",
)
QUOTES = _owned(
    "cpq.quotes.v1",
    "cpq",
    "Quote",
    "quote id",
    "QuoteCreated QuoteRevised QuoteConfigured QuotePriced QuoteValidated QuoteValidationFailed "
    "QuoteSubmittedForApproval QuoteApproved QuoteRejected QuotePresented QuoteAccepted QuoteExpired "
    "QuoteCancelled QuoteSuperseded QuoteConvertedToOrder QuoteConversionFailed QuoteCorrectionRequested "
    "QuoteCorrectionApproved QuoteCorrectionApplied",
    about="Quotes from draft to acceptance, with the accepted commercial basis.",
    classification=Classification.PII,
    consumers=_JOINED_BY,
)
PRICE_CALCULATIONS = _owned(
    "cpq.price-calculations.v1",
    "cpq",
    "PriceCalculation",
    "price calculation id",
    "PriceCalculated PriceCalculationFailed",
    about="Price calculations with their traces and fingerprints.",
)
APPROVAL_CASES = _owned(
    "cpq.approval-cases.v1",
    "cpq",
    "ApprovalCase",
    "approval case id",
    "ApprovalRequested ApprovalDecided ApprovalEscalated ApprovalExpired",
    about="Approvals of quotes, with the authority of whoever decided.",
)
ORDER_CAPTURE = _owned(
    "oms.order-capture.v1",
    "oms",
    "OrderCaptureAttempt",
    "attempt id: tenant and command id",
    "OrderCaptureAttempted",
    about="What became of each command; the one fact a refused command leaves.",
    consumers=("reconciliation", "truth-health", "sink-postgres", "sink-clickhouse"),
)
PRODUCT_ORDERS = _owned(
    "oms.product-orders.v1",
    "oms",
    "ProductOrder",
    "order id",
    "ProductOrderCreated ProductOrderSubmitted ProductOrderValidationStarted ProductOrderValidated "
    "ProductOrderAccepted ProductOrderRejected ProductOrderDecompositionStarted ProductOrderDecomposed "
    "ProductOrderDecompositionFailed ProductOrderItemStarted ProductOrderItemPendingExternal "
    "ProductOrderItemCompleted ProductOrderItemFailed ProductOrderItemCancelled ProductOrderFalloutRaised "
    "ProductOrderFalloutResolved ProductOrderCancellationRequested ProductOrderCancellationRefused "
    "ProductOrderCancelled ProductOrderAmended ProductOrderDetailsUpdated ProductOrderCompleted "
    "ProductOrderFailedClosed",
    about="Product orders and their items, from draft to the end.",
    classification=Classification.PII,
    consumers=_ORDER_APPS,
)
BILLING_HANDOFFS = _owned(
    "oms.billing-handoffs.v1",
    "oms",
    "BillingHandoff",
    "billing handoff id",
    "BillingActivationRequested BillingActivationWithdrawn",
    about="What order management asked billing to activate.",
    consumers=_JOINED_BY,
)
FALLOUT_CASES = _owned(
    "oms.fallout-cases.v1",
    "oms",
    "FalloutCase",
    "fallout case id",
    "FalloutDetected FalloutAssigned OrderRepairApplied FalloutResolved FalloutClosedAsFailed",
    about="Orders that left their path, and who mends them.",
    consumers=("order-status", *_CHECKED_BY),
)
FULFILLMENT_PLANS = _owned(
    "fulfillment.plans.v1",
    "fulfillment",
    "FulfillmentPlan",
    "plan id",
    "FulfillmentPlanCreated FulfillmentTaskStarted FulfillmentTaskCompleted FulfillmentTaskFailed "
    "FulfillmentTaskRetried FulfillmentTaskOutcomeUnknown FulfillmentTaskCompensated",
    about="Plans and tasks that deliver an order.",
    consumers=("order-status", *_CHECKED_BY),
)
RESERVATIONS = _owned(
    "inventory.reservations.v1",
    "inventory",
    "Reservation",
    "reservation id",
    "ResourceReserved ResourceReservationFailed ResourceReservationExpired ResourceReservationReleased",
    about="Resources set aside for orders.",
)
ASSETS = _owned(
    "inventory.assets.v1",
    "inventory",
    "Asset",
    "asset id",
    "AssetActivated AssetModified AssetSuspended AssetResumed AssetTerminated AssetActivationFailed",
    about="Installed products and their state.",
    consumers=_JOINED_BY,
)
PROVISIONING_RESULTS = _owned(
    "provisioning.results.v1",
    "provisioning",
    "ProvisioningRequest",
    "provisioning request id",
    "ProvisioningStarted ProvisioningSucceeded ProvisioningFailed ServiceStatusObserved",
    about="What the network answered, and what it shows.",
)
PAYMENT_AUTHORIZATIONS = _owned(
    "payments.authorizations.v1",
    "payments",
    "PaymentAuthorization",
    "payment authorization id",
    "PaymentAuthorized PaymentAuthorizationFailed PaymentVoided",
    about="Payments granted or refused for orders.",
)
CHARGES = _owned(
    "billing.charges.v1",
    "billing",
    "Charge",
    "charge id",
    "ChargeActivated ChargeAmended ChargeSuspended ChargeResumed ChargeTerminated ChargeRejected InvoiceIssued",
    about="What billing charges, to whom and since when.",
    consumers=_JOINED_BY,
)
NON_BILLING_REASONS = _owned(
    "billing.non-billing-reasons.v1",
    "billing",
    "NonBillingReason",
    "non-billing reason id",
    "NonBillingReasonRequested NonBillingReasonApproved NonBillingReasonRevoked",
    about="Approved reasons for not billing something that was delivered.",
    consumers=_JOINED_BY,
)
EVIDENCE_PACKAGES = _owned(
    "evidence.packages.v1",
    "evidence",
    "EvidencePackage",
    "evidence package id",
    "EvidenceAttached EvidencePackageAssembled EvidencePackageFailed",
    about="Documents that prove what was agreed and decided.",
)
GOVERNANCE_RECORDS = _owned(
    "governance.records.v1",
    "governance",
    "GovernanceRecord",
    "governance record id",
    "CorrectionRequested CorrectionApproved CorrectionApplied ManualOverrideRecorded BreakGlassAccessed "
    "PolicyChanged UnauthorizedMutationAttempted",
    about="Corrections, overrides and attempts that somebody must answer for.",
    consumers=("reconciliation", "truth-health", "sink-postgres", "sink-clickhouse"),
)
CASE_DECISIONS = _owned(
    "governance.case-decisions.v1",
    "console",
    "CaseDecision",
    "case id",
    "CaseAssigned CaseResolutionProposed CaseResolved CaseWaiverRequested CaseWaived CaseReopened CaseEscalated",
    about="What people decided about reconciliation cases.",
    consumers=("cases", "sink-postgres", "sink-clickhouse"),
)
CONSUMER_CHECKPOINTS = _owned(
    "governance.consumer-checkpoints.v1",
    "ordertruth",
    "ConsumerCheckpoint",
    "consumer, topic and partition",
    "ConsumerCheckpointReported",
    about="How far each declared consumer has read, polled each minute.",
    classification=Classification.INTERNAL,
    consumers=("reconciliation", "truth-health", "sink-clickhouse"),
)

OWNER_TOPICS: tuple[Topic, ...] = (
    ACCOUNTS,
    CATALOG_PUBLICATIONS,
    QUOTES,
    PRICE_CALCULATIONS,
    APPROVAL_CASES,
    ORDER_CAPTURE,
    PRODUCT_ORDERS,
    BILLING_HANDOFFS,
    FALLOUT_CASES,
    FULFILLMENT_PLANS,
    RESERVATIONS,
    ASSETS,
    PROVISIONING_RESULTS,
    PAYMENT_AUTHORIZATIONS,
    CHARGES,
    NON_BILLING_REASONS,
    EVIDENCE_PACKAGES,
    GOVERNANCE_RECORDS,
    CASE_DECISIONS,
    CONSUMER_CHECKPOINTS,
)
