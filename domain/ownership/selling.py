"""The rows of what is sold and promised: accounts, catalog, quotes, prices, approvals."""

from __future__ import annotations

from domain.ownership.corrections import CorrectionKind as K
from domain.ownership.matrix import ControlPlane, Ownership, row

SELLING: tuple[Ownership, ...] = (
    row(
        "Account",
        "crm",
        "customer master",
        "AccountCreated AccountUpdated AccountsMerged AccountClosed",
        engages="self-service-portal agent-desktop partner-portal",
        refers="cpq oms billing payments inventory",
        corrections=(K.DISPLAY, K.OPERATIONAL, K.IDENTITY),
        corrected_by="AccountUpdated AccountsMerged",
        reconciled_by="referential.account-unknown referential.account-closed referential.account-merged "
        "financial.billed-to-old-address",
        must_snapshot=True,
        plane=ControlPlane.COMMERCIAL,
    ),
    row(
        "CatalogPublication",
        "catalog",
        "catalog releases",
        "CatalogPublished OfferingRetired CatalogPublicationConsumed",
        engages="catalog-design-tool",
        refers="cpq oms billing online-shop",
        corrections=(K.DISPLAY,),
        corrected_by="CatalogPublished OfferingRetired",
        reconciled_by="referential.offering-unknown catalog.snapshot-outdated catalog.retired-sold "
        "catalog.consumer-behind",
        must_snapshot=True,
        plane=ControlPlane.COMMERCIAL,
    ),
    row(
        "Quote",
        "cpq",
        "quotes and their revisions",
        "QuoteCreated QuoteRevised QuoteConfigured QuotePriced QuoteValidated QuoteValidationFailed "
        "QuoteSubmittedForApproval QuoteApproved QuoteRejected QuotePresented QuoteAccepted QuoteExpired "
        "QuoteCancelled QuoteSuperseded QuoteConvertedToOrder QuoteConversionFailed QuoteCorrectionRequested "
        "QuoteCorrectionApproved QuoteCorrectionApplied",
        engages="crm partner-portal",
        refers="oms billing evidence",
        corrections=(K.DISPLAY, K.COMMERCIAL, K.HISTORICAL),
        corrected_by="QuoteCorrectionApplied QuoteSuperseded",
        reconciled_by="referential.quote-unknown financial.quote-vs-order state.expired-quote-converted "
        "state.stale-fingerprint-accepted state.proposal-hash-mismatch",
        must_snapshot=True,
        plane=ControlPlane.COMMITMENT,
    ),
    row(
        "PriceCalculation",
        "cpq",
        "price calculations with their traces",
        "PriceCalculated PriceCalculationFailed",
        engages="crm",
        refers="oms billing evidence",
        corrections=(K.COMMERCIAL,),
        corrected_by="PriceCalculated",
        reconciled_by="state.stale-fingerprint-accepted state.unapproved-discount",
        must_snapshot=True,
        plane=ControlPlane.COMMERCIAL,
    ),
    row(
        "ApprovalCase",
        "cpq",
        "approval decisions",
        "ApprovalRequested ApprovalDecided ApprovalEscalated ApprovalExpired",
        engages="approval-inbox",
        refers="oms evidence",
        corrections=(K.COMMERCIAL, K.HISTORICAL),
        corrected_by="ApprovalRequested ApprovalDecided",
        reconciled_by="state.unapproved-discount state.decided-without-authority",
        must_snapshot=True,
        plane=ControlPlane.COMMITMENT,
    ),
)
