"""The rows of what is paid, billed, proven and governed."""

from __future__ import annotations

from domain.ownership.corrections import CorrectionKind as K
from domain.ownership.matrix import ControlPlane, Ownership, row

SETTLING: tuple[Ownership, ...] = (
    row(
        "PaymentAuthorization",
        "payments",
        "payment authorisations",
        "PaymentAuthorized PaymentAuthorizationFailed PaymentVoided",
        engages="online-shop",
        refers="oms billing",
        corrections=(K.FINANCIAL,),
        corrected_by="PaymentVoided",
        reconciled_by="state.payment-without-order",
        must_snapshot=False,
        plane=ControlPlane.EXECUTION,
    ),
    row(
        "Charge",
        "billing",
        "charges and invoices",
        "ChargeActivated ChargeAmended ChargeSuspended ChargeResumed ChargeTerminated ChargeRejected InvoiceIssued",
        engages="billing-desk",
        refers="crm cpq erp",
        corrections=(K.OPERATIONAL, K.FINANCIAL),
        corrected_by="ChargeAmended ChargeTerminated InvoiceIssued",
        reconciled_by="billing.handoff financial.order-vs-charge financial.charge-vs-invoice "
        "financial.billed-to-old-address referential.order-item-unknown state.charge-on-cancelled "
        "state.invoiced-in-fallout",
        must_snapshot=True,
        plane=ControlPlane.EXECUTION,
    ),
    row(
        "NonBillingReason",
        "billing",
        "approved reasons for not billing",
        "NonBillingReasonRequested NonBillingReasonApproved NonBillingReasonRevoked",
        engages="billing-desk console",
        refers="oms",
        corrections=(K.FINANCIAL,),
        corrected_by="NonBillingReasonRevoked",
        reconciled_by="billing.handoff",
        must_snapshot=False,
        plane=ControlPlane.OPERATING,
    ),
    row(
        "EvidencePackage",
        "evidence",
        "evidence, chained and append-only",
        "EvidenceAttached EvidencePackageAssembled EvidencePackageFailed",
        engages="",
        refers="cpq oms legal",
        corrections=(K.HISTORICAL,),
        corrected_by="EvidenceAttached",
        reconciled_by="state.proposal-hash-mismatch",
        must_snapshot=True,
        plane=ControlPlane.EVIDENCE,
    ),
    row(
        "GovernanceRecord",
        "governance",
        "ledger of corrections, overrides and attempts",
        "CorrectionRequested CorrectionApproved CorrectionApplied ManualOverrideRecorded BreakGlassAccessed "
        "PolicyChanged UnauthorizedMutationAttempted",
        engages="console",
        refers="evidence",
        corrections=(K.HISTORICAL,),
        corrected_by="CorrectionRequested",
        reconciled_by="state.decided-without-authority event.wrong-producer",
        must_snapshot=False,
        plane=ControlPlane.OPERATING,
    ),
    row(
        "CaseDecision",
        "console",
        "decisions of people about cases",
        "CaseAssigned CaseResolutionProposed CaseResolved CaseWaiverRequested CaseWaived CaseReopened CaseEscalated",
        engages="",
        refers="ordertruth",
        corrections=(K.OPERATIONAL,),
        corrected_by="CaseReopened",
        reconciled_by="state.decided-without-authority",
        must_snapshot=False,
        plane=ControlPlane.OPERATING,
    ),
    row(
        "ConsumerCheckpoint",
        "ordertruth",
        "positions of declared consumers",
        "ConsumerCheckpointReported",
        engages="",
        refers="governance",
        corrections=(K.OPERATIONAL,),
        corrected_by="ConsumerCheckpointReported",
        reconciled_by="event.consumer-missed event.version-gap event.late event.conflicting-duplicate "
        "event.command-shaped",
        must_snapshot=False,
        plane=ControlPlane.OPERATING,
    ),
)
