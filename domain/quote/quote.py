"""The state of a Quote and how each event changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from domain.approval_case.evidence import ApprovalEvidence
from domain.fingerprints import approval_fingerprint
from domain.model import Model
from domain.ownership.corrections import CorrectionKind
from domain.quote import events as e
from domain.quote.price import QuotePrice
from domain.quote.states import SETTLED_STATES, CorrectionStatus, QuoteState
from domain.quote.structure import Correction, QuoteLine, QuoteTerms

S = QuoteState


class Proposal(NamedTuple):
    """What the customer was shown."""

    document_ref: str
    document_hash: str
    terms_version: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote as CPQ knows it: its newest revision, and what was committed to.

    `accepted` is the commitment of the newest revision; `last_accepted_version` also that of one superseded since.
    """

    quote_id: str
    quote_number: str
    quote_family_id: str
    version: int
    state: QuoteState
    quote_version: int
    catalog_publication_id: str
    terms: QuoteTerms
    lines: Mapping[str, QuoteLine]
    author: str
    configuration_fingerprint: str | None = None
    price: QuotePrice | None = None
    approval_case_id: str | None = None
    submitted_by: str | None = None
    approval: ApprovalEvidence | None = None
    proposal: Proposal | None = None
    accepted: e.QuoteAccepted | None = None
    last_accepted_version: int | None = None
    order_id: str | None = None
    corrections: Mapping[str, Correction] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        """Commercial account of the quote."""
        return self.terms.parties.account_id

    @property
    def approval_covers_price(self) -> bool:
        """Whether the approval it has is for the price it has (R447)."""
        return (
            self.approval is not None
            and self.price is not None
            and self.approval.quote_version == self.quote_version
            and self.approval.price_fingerprint == self.price.price_fingerprint
        )

    @property
    def needs_approval(self) -> bool:
        """Whether its price may not be offered without approval (R288)."""
        return self.price is not None and self.price.needs_approval

    def approval_fingerprint(self) -> str:
        """Fingerprint of the approval of its price, or of none being needed (R97)."""
        if self.approval is not None and self.approval_covers_price:
            return self.approval.fingerprint
        assert self.price is not None
        return approval_fingerprint(
            quote_id=self.quote_id,
            quote_version=self.quote_version,
            price=self.price.price_fingerprint,
            discount_percent=self.price.discount_percent,
            limit_percent=self.price.discount_limit_percent,
            case_id=None,
            decided_by=None,
        )


def evolve(quote: Quote | None, event: Model) -> Quote:
    """The quote after an event."""
    if not isinstance(event, e.QuoteEvent):
        message = f"{type(event).__name__} is no event of a Quote"
        raise TypeError(message)
    if quote is None:
        return _created(event)
    return _FOLDS[type(event)](replace(quote, version=event.version), event)


def _created(event: e.QuoteEvent) -> Quote:
    if not isinstance(event, e.QuoteCreated):
        message = f"the first event of {event.quote_id} is {type(event).__name__}, not QuoteCreated"
        raise ValueError(message)
    return Quote(
        quote_id=event.quote_id,
        quote_number=event.quote_number,
        quote_family_id=event.quote_family_id,
        version=event.version,
        state=S.DRAFT,
        quote_version=event.quote_version,
        catalog_publication_id=event.catalog_publication_id,
        terms=event.terms,
        lines=_by_id(event.lines),
        author=event.actor_id,
    )


def _by_id(lines: tuple[QuoteLine, ...]) -> dict[str, QuoteLine]:
    return {line.line_id: line for line in lines}


def _revised(quote: Quote, event: e.QuoteRevised) -> Quote:
    return Quote(
        quote_id=quote.quote_id,
        quote_number=quote.quote_number,
        quote_family_id=quote.quote_family_id,
        version=event.version,
        state=S.DRAFT,
        quote_version=event.quote_version,
        catalog_publication_id=event.catalog_publication_id,
        terms=event.terms,
        lines=_by_id(event.lines),
        author=event.actor_id,
        last_accepted_version=quote.last_accepted_version,
        corrections=quote.corrections,
    )


def _configured(quote: Quote, event: e.QuoteConfigured) -> Quote:
    return replace(
        quote,
        state=S.CONFIGURED,
        lines=_by_id(event.lines),
        configuration_fingerprint=event.configuration_fingerprint,
        price=None,
    )


def _priced(quote: Quote, event: e.QuotePriced) -> Quote:
    """A price somebody relies on already was only confirmed; otherwise validation comes next."""
    price = QuotePrice(
        calculation_id=event.calculation_id,
        currency=event.currency,
        price_fingerprint=event.price_fingerprint,
        discount_percent=event.discount_percent,
        discount_limit_percent=event.discount_limit_percent,
        tax_boundary=event.tax_boundary,
        expires_at=event.price_expires_at,
    )
    state = quote.state if quote.state in SETTLED_STATES else S.PRICED
    return replace(quote, state=state, lines=_by_id(event.lines), price=price)


def _validated(quote: Quote, event: e.QuoteValidated | e.QuoteValidationFailed) -> Quote:
    results = {result.line_id: result for result in event.line_results}
    lines = {
        line_id: line.model_copy(
            update={
                "eligibility_result": results[line_id].eligibility,
                "validation_result": results[line_id].validation,
                "selling_override_ref": results[line_id].selling_override_ref,
            }
        )
        for line_id, line in quote.lines.items()
    }
    passed = isinstance(event, e.QuoteValidated)
    return replace(quote, state=S.VALIDATED if passed else S.INVALID, lines=lines)


def _submitted(quote: Quote, event: e.QuoteSubmittedForApproval) -> Quote:
    return replace(quote, state=S.IN_REVIEW, approval_case_id=event.approval_case_id, submitted_by=event.submitted_by)


def _presented(quote: Quote, event: e.QuotePresented) -> Quote:
    proposal = Proposal(event.proposal_document_ref, event.proposal_document_hash, event.terms_version)
    return replace(quote, state=S.PRESENTED, proposal=proposal)


def _accepted(quote: Quote, event: e.QuoteAccepted) -> Quote:
    return replace(
        quote,
        state=S.ACCEPTED,
        lines=_by_id(event.lines),
        accepted=event,
        last_accepted_version=event.quote_version,
    )


def _corrected(quote: Quote, event: e.QuoteCorrectionRequested) -> Quote:
    """The ledger grows; only a merged identity is followed, and the accepted snapshot never changes (R501)."""
    correction = event.correction
    terms = quote.terms
    if correction.kind is CorrectionKind.IDENTITY and correction.status is CorrectionStatus.APPLIED:
        parties = terms.parties.model_copy(update={correction.subject: correction.corrected})
        terms = terms.model_copy(update={"parties": parties})
    ledger = {**quote.corrections, correction.correction_id: correction}
    return replace(quote, corrections=ledger, terms=terms)


def _entering(state: QuoteState) -> Callable[[Quote, Any], Quote]:
    return lambda quote, _: replace(quote, state=state)


_FOLDS: Mapping[type[e.QuoteEvent], Callable[[Quote, Any], Quote]] = {
    e.QuoteRevised: _revised,
    e.QuoteConfigured: _configured,
    e.QuotePriced: _priced,
    e.QuoteValidated: _validated,
    e.QuoteValidationFailed: _validated,
    e.QuoteSubmittedForApproval: _submitted,
    e.QuoteApproved: lambda quote, event: replace(quote, state=S.APPROVED, approval=event.evidence),
    e.QuoteRejected: _entering(S.REJECTED),
    e.QuotePresented: _presented,
    e.QuoteAccepted: _accepted,
    e.QuoteExpired: _entering(S.EXPIRED),
    e.QuoteCancelled: _entering(S.CANCELLED),
    e.QuoteSuperseded: _entering(S.SUPERSEDED),
    e.QuoteConvertedToOrder: lambda quote, event: replace(quote, state=S.CONVERTED, order_id=event.order_id),
    e.QuoteConversionFailed: lambda quote, _: quote,
    e.QuoteCorrectionRequested: _corrected,
    e.QuoteCorrectionApproved: _corrected,
    e.QuoteCorrectionApplied: _corrected,
}
