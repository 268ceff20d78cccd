"""How what happens before an order is told: accounts, quotes, prices, approvals and evidence."""

from __future__ import annotations

from collections.abc import Mapping

from domain.timeline.telling import COMPLIANCE, DEALS, FINANCE, INSIDE, PROOF, SALES, SUPPORT, Telling

_APPROVAL = (SALES, FINANCE, COMPLIANCE)
_REVISION = ("quoteVersion",)

ACCOUNTS: Mapping[str, Telling] = {
    "AccountCreated": Telling(
        "Account", "The account was opened.", INSIDE, customer="Your account was opened.", material=True
    ),
    "AccountUpdated": Telling(
        "Account", "The account was changed.", INSIDE, ("change",), "Your account details were changed.", material=True
    ),
    "AccountsMerged": Telling(
        "Account",
        "The account was found to be a duplicate and ended; another one goes on.",
        INSIDE,
        ("survivingAccountId",),
        material=True,
    ),
    "AccountClosed": Telling(
        "Account", "The account was closed.", INSIDE, customer="Your account was closed.", material=True
    ),
}

QUOTES: Mapping[str, Telling] = {
    "QuoteCreated": Telling("Quote", "An offer was begun.", DEALS, _REVISION, material=True),
    "QuoteRevised": Telling("Quote", "A new revision of the offer was begun.", DEALS, _REVISION, material=True),
    "QuoteConfigured": Telling("Quote", "Every line of the offer was configured.", DEALS, _REVISION),
    "QuotePriced": Telling("Quote", "The offer was priced.", DEALS, ("quoteVersion", "calculationId")),
    "QuoteValidated": Telling("Quote", "The offer passed validation.", DEALS, _REVISION),
    "QuoteValidationFailed": Telling("Quote", "The offer did not pass validation.", DEALS, _REVISION),
    "QuoteSubmittedForApproval": Telling(
        "Quote", "Approval of the offer was asked for.", DEALS, ("quoteVersion", "approvalCaseId"), material=True
    ),
    "QuoteApproved": Telling("Quote", "The offer was approved.", (*_APPROVAL, SUPPORT), _REVISION, material=True),
    "QuoteRejected": Telling("Quote", "The offer was not approved.", (*_APPROVAL, SUPPORT), _REVISION, material=True),
    "QuotePresented": Telling(
        "Quote",
        "The offer was shown to the customer.",
        DEALS,
        ("quoteVersion", "proposalDocumentHash", "termsVersion"),
        "You received an offer.",
        material=True,
    ),
    "QuoteAccepted": Telling(
        "Quote",
        "The customer accepted the offer.",
        (SALES, SUPPORT, FINANCE, COMPLIANCE),
        ("quoteVersion", "proposalDocumentHash", "termsVersion"),
        "You accepted the offer.",
        material=True,
    ),
    "QuoteExpired": Telling("Quote", "The offer expired.", DEALS, _REVISION, "The offer expired.", material=True),
    "QuoteCancelled": Telling(
        "Quote", "The offer was taken back.", DEALS, _REVISION, "The offer was withdrawn.", material=True
    ),
    "QuoteSuperseded": Telling(
        "Quote",
        "Another offer took the place of this one.",
        DEALS,
        ("supersededVersion", "supersededByQuoteId", "supersededByVersion"),
        material=True,
    ),
    "QuoteConvertedToOrder": Telling(
        "Quote",
        "The accepted offer became an order.",
        (SALES, SUPPORT, FINANCE, COMPLIANCE),
        ("quoteVersion", "orderId", "orderNumber"),
        "Your order was placed.",
        material=True,
    ),
    "QuoteConversionFailed": Telling(
        "Quote", "The accepted offer could not become an order.", DEALS, ("failureCode", "stage", "orderId")
    ),
    "QuoteCorrectionRequested": Telling("Quote", "A correction of the offer was asked for.", DEALS, _REVISION),
    "QuoteCorrectionApproved": Telling("Quote", "The correction of the offer was approved.", DEALS, _REVISION),
    "QuoteCorrectionApplied": Telling(
        "Quote", "The offer was corrected; what was there stays readable.", DEALS, _REVISION, material=True
    ),
    "PriceCalculated": Telling("PriceCalculation", "A price was calculated.", DEALS, ("attempt", "priceBookVersion")),
    "PriceCalculationFailed": Telling(
        "PriceCalculation", "No price could be calculated, and none was guessed.", DEALS, ("attempt", "failureCode")
    ),
    "ApprovalRequested": Telling("ApprovalCase", "An exception was asked for.", _APPROVAL, ("level",)),
    "ApprovalDecided": Telling("ApprovalCase", "The exception was decided on.", _APPROVAL, ("level", "outcome")),
    "ApprovalEscalated": Telling(
        "ApprovalCase", "Somebody with more authority was asked.", _APPROVAL, ("fromLevel", "level", "cause")
    ),
    "ApprovalExpired": Telling(
        "ApprovalCase", "Nobody decided in time; the exception is not allowed.", _APPROVAL, ("level",)
    ),
    "EvidenceAttached": Telling(
        "EvidencePackage", "A piece of evidence was added.", PROOF, ("kind", "contentHash", "sequence")
    ),
    "EvidencePackageAssembled": Telling(
        "EvidencePackage", "The evidence is complete.", PROOF, ("packageHash", "evidenceCount")
    ),
    "EvidencePackageFailed": Telling("EvidencePackage", "The evidence is not complete.", PROOF, ("failureCode",)),
}
