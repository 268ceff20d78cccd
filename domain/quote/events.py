"""The facts a Quote publishes on `cpq.quotes.v1` (R1-R5, R11-R18, R42-R44)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.approval_case.evidence import ApprovalEvidence
from domain.event import OwnerEvent
from domain.model import Classification, Doc, Model
from domain.money import CurrencyCode, Percent
from domain.pricing.terms import NetCharge
from domain.product_order.structure import Finding
from domain.quote.states import CheckResult, QuoteState
from domain.quote.structure import Correction, QuoteLine, QuoteTerms

OWNER = "cpq"
AGGREGATE = "Quote"
SECRET = Classification.CONFIDENTIAL


class QuoteEvent(OwnerEvent):
    """What every Quote event carries."""

    quote_id: Annotated[str, Doc("Identity of the quote.")]
    quote_number: Annotated[str, Doc("Number people know the quote by.", Classification.PUBLIC)]
    quote_family_id: Annotated[str, Doc("Family of alternative quotes of which one can be accepted (R289).")]
    quote_version: Annotated[int, Doc("Revision of the offer, from 1; not the version of the aggregate.")]
    state: Annotated[QuoteState, Doc("State of the revision after this event.")]
    from_state: Annotated[QuoteState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[QuoteState | None, Doc("State it entered; null when the state stayed.")] = None
    account_id: Annotated[str, Doc("Commercial account of the quote.")]
    catalog_publication_id: Annotated[str, Doc("Catalog publication the offer is made from (R280).")]


class QuoteCreated(QuoteEvent):
    """An offer was begun."""

    cloned_from_quote_id: Annotated[str | None, Doc("Quote it was copied from.")] = None
    cloned_from_version: Annotated[int | None, Doc("Revision it was copied from.")] = None
    terms: Annotated[QuoteTerms, Doc("What holds for the whole quote.")]
    lines: Annotated[tuple[QuoteLine, ...], Doc("What is offered.")]


class QuoteRevised(QuoteEvent):
    """A new revision was begun; configuration, price, validation and approval are those of before no more."""

    terms: Annotated[QuoteTerms, Doc("What holds for the whole revision.")]
    lines: Annotated[tuple[QuoteLine, ...], Doc("What is offered now.")]


class QuoteConfigured(QuoteEvent):
    """Every line has its configuration."""

    lines: Annotated[tuple[QuoteLine, ...], Doc("The lines with their configurations.")]
    configuration_fingerprint: Annotated[str, Doc("Fingerprint of all configurations (R96).")]


class _OfPrice(QuoteEvent):
    """What events that rest on a price name of it."""

    price_fingerprint: Annotated[str, Doc("Fingerprint of all prices (R95).")]
    configuration_fingerprint: Annotated[str, Doc("Fingerprint of all configurations (R96).")]
    discount_percent: Annotated[Percent, Doc("Largest reduction the seller took off.", SECRET)]
    discount_limit_percent: Annotated[Percent, Doc("What may be taken off without approval.", SECRET)]


class QuotePriced(_OfPrice):
    """The lines have a price, or the price they had still holds."""

    calculation_id: Annotated[str, Doc("Calculation the price is from.")]
    currency: Annotated[CurrencyCode, Doc("Currency of every price.")]
    tax_boundary: Annotated[str, Doc("Which taxes the prices contain, and who determines the others.")]
    price_expires_at: Annotated[datetime, Doc("Until when it may be accepted without being calculated again.")]
    lines: Annotated[tuple[QuoteLine, ...], Doc("The lines with their prices.")]
    charges: Annotated[tuple[NetCharge, ...], Doc("What the quote comes to, by kind and period.")]


class LineResult(Model):
    """What validation found of one line."""

    line_id: Annotated[str, Doc("The line.")]
    eligibility: Annotated[CheckResult, Doc("Whether this customer may have it.")]
    validation: Annotated[CheckResult, Doc("Whether it passed.")]
    selling_override_ref: Annotated[str | None, Doc("Who let an offering out of sale be sold (R282).")] = None


class _OfValidation(QuoteEvent):
    """What both outcomes of a validation carry."""

    checked_at: Annotated[datetime, Doc("When what was checked against was known.")]
    line_results: Annotated[tuple[LineResult, ...], Doc("What was found of each line.")]
    findings: Annotated[tuple[Finding, ...], Doc("What was found, stage by stage.")] = ()


class QuoteValidated(_OfValidation):
    """Nothing keeps it from being offered."""


class QuoteValidationFailed(_OfValidation):
    """It cannot be offered like this."""


class QuoteSubmittedForApproval(_OfPrice):
    """An exception is asked for, or a second look."""

    approval_case_id: Annotated[str, Doc("Case that decides.")]
    submitted_by: Annotated[str, Doc("Who asked; may not approve (R510).", SECRET)]


class _OfDecision(QuoteEvent):
    """What both outcomes of an approval carry."""

    approval_case_id: Annotated[str, Doc("Case that decided.")]
    evidence: Annotated[ApprovalEvidence, Doc("The decision, by whom and with what authority.")]
    approval_fingerprint: Annotated[str, Doc("Fingerprint of the decision (R97).")]


class QuoteApproved(_OfDecision):
    """The price of this revision was allowed."""


class QuoteRejected(_OfDecision):
    """The price of this revision was not allowed."""


class QuotePresented(_OfPrice):
    """The customer was shown the offer."""

    proposal_document_ref: Annotated[str, Doc("Proposal that was shown.")]
    document_content_hash: Annotated[str, Doc("Hash of the document's own content.")]
    terms_version: Annotated[str, Doc("Version of the terms and conditions (R117).")]
    proposal_document_hash: Annotated[str, Doc("Hash of the whole package: document, terms, price (R98).")]
    approval_fingerprint: Annotated[str, Doc("Fingerprint of the approval, or of none being needed (R97).")]
    presented_to: Annotated[str, Doc("Who was shown it.", Classification.PII)]
    valid_until: Annotated[datetime, Doc("Last moment at which it can be accepted.")]


class QuoteAccepted(_OfPrice):
    """The customer said yes; from here on this is the commitment (R1, R284, R290)."""

    terms: Annotated[QuoteTerms, Doc("What holds for the whole quote.")]
    lines: Annotated[tuple[QuoteLine, ...], Doc("The accepted lines, each whole (R487).")]
    charges: Annotated[tuple[NetCharge, ...], Doc("What was accepted in all, by kind and period.")]
    calculation_id: Annotated[str, Doc("Calculation the price is from (R113).")]
    approval_fingerprint: Annotated[str, Doc("Fingerprint of the approval, or of none being needed (R97).")]
    approval_case_id: Annotated[str | None, Doc("Case that allowed the price; null when none was needed.")] = None
    proposal_document_ref: Annotated[str, Doc("Proposal that was accepted.")]
    proposal_document_hash: Annotated[str, Doc("Hash of the accepted package (R98, R111).")]
    terms_version: Annotated[str, Doc("Version of the terms and conditions (R117).")]
    accepted_by: Annotated[str, Doc("Who said yes.", Classification.PII)]
    signature_envelope_id: Annotated[str | None, Doc("Envelope of the electronic signature (R116).")] = None
    valid_until: Annotated[datetime, Doc("Last moment at which it can be converted.")]


class QuoteExpired(QuoteEvent):
    """Its time was over before it was converted."""

    valid_until: Annotated[datetime, Doc("When its time was over.")]


class QuoteCancelled(QuoteEvent):
    """Somebody took it back."""


class QuoteSuperseded(QuoteEvent):
    """Another revision or another quote takes its place; it cannot be accepted or converted any more."""

    superseded_version: Annotated[int, Doc("Revision that was replaced.")]
    superseded_by_quote_id: Annotated[str, Doc("Quote that takes its place; the same one for a new revision.")]
    superseded_by_version: Annotated[int | None, Doc("Revision that takes its place, where it is known.")] = None


class QuoteConvertedToOrder(QuoteEvent):
    """The accepted revision became an order."""

    order_id: Annotated[str, Doc("The order.")]
    order_number: Annotated[str, Doc("Number people know the order by.", Classification.PUBLIC)]
    converted_at: Annotated[datetime, Doc("When order management took it.")]
    price_fingerprint: Annotated[str, Doc("Fingerprint of the prices that were ordered.")]
    proposal_document_hash: Annotated[str, Doc("Hash of the package that was ordered.")]


class QuoteConversionFailed(QuoteEvent):
    """Order management did not take it; the quote stays accepted."""

    failure_code: Annotated[str, Doc("Code of the refusal.")]
    stage: Annotated[str, Doc("Stage that refused.")]
    message: Annotated[str, Doc("What was wrong.", SECRET)]
    order_id: Annotated[str | None, Doc("Order that was refused; null when there was none.")] = None


class _OfCorrection(QuoteEvent):
    """What every step of a correction carries: what was there stays readable."""

    correction: Annotated[Correction, Doc("The correction as it stands.")]

    @property
    def justification(self) -> str:
        """How the mistake is known; audit asks every event by this name (R121)."""
        return self.correction.justification

    @property
    def approved_by(self) -> str | None:
        """Who approved, once somebody has (R121)."""
        return self.correction.approved_by

    @property
    def evidence_ref(self) -> str | None:
        """What proves it (R121)."""
        return self.correction.evidence_ref


class QuoteCorrectionRequested(_OfCorrection):
    """Somebody says that a commitment was recorded wrongly."""


class QuoteCorrectionApproved(_OfCorrection):
    """Somebody else agrees."""


class QuoteCorrectionApplied(_OfCorrection):
    """The correction is part of the record, beside the original."""


EVENTS: tuple[type[QuoteEvent], ...] = (
    QuoteCreated,
    QuoteRevised,
    QuoteConfigured,
    QuotePriced,
    QuoteValidated,
    QuoteValidationFailed,
    QuoteSubmittedForApproval,
    QuoteApproved,
    QuoteRejected,
    QuotePresented,
    QuoteAccepted,
    QuoteExpired,
    QuoteCancelled,
    QuoteSuperseded,
    QuoteConvertedToOrder,
    QuoteConversionFailed,
    QuoteCorrectionRequested,
    QuoteCorrectionApproved,
    QuoteCorrectionApplied,
)
