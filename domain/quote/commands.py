"""What may be asked of a Quote (R63, R67, R165): business transitions, never field updates."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.approval_case.evidence import ApprovalEvidence
from domain.command import Command
from domain.model import Model
from domain.ownership.corrections import CorrectionKind
from domain.pricing.terms import PricedLine
from domain.quote.price import QuotePrice
from domain.quote.structure import LineDraft, QuoteTerms
from domain.quote.validation import QuoteValidationContext


class CreateQuote(Command):
    """Begin an offer; a clone names what it was copied from, an alternative the family it belongs to (R165)."""

    quote_number: str
    quote_family_id: str | None = None
    cloned_from_quote_id: str | None = None
    cloned_from_version: int | None = None
    catalog_publication_id: str
    terms: QuoteTerms
    lines: tuple[LineDraft, ...] = ()


class ReviseQuote(Command):
    """Begin a new revision; what was presented or accepted is superseded by it (R290)."""

    catalog_publication_id: str
    terms: QuoteTerms
    lines: tuple[LineDraft, ...]


class LineConfiguration(Model):
    """The configuration chosen for one line."""

    line_id: str
    configuration: dict[str, str]


class ConfigureQuote(Command):
    """Choose configurations; lines that are not named keep theirs (R283)."""

    configurations: tuple[LineConfiguration, ...] = ()


class PriceQuote(Command):
    """Take over the price of a calculation; once somebody relies on a price, only the same one (R285, R287)."""

    price: QuotePrice
    lines: tuple[PricedLine, ...]


class ValidateQuote(Command):
    """Check the lines against what is known of catalog, customer and rules (R280-R282)."""

    context: QuoteValidationContext


class SubmitQuoteForApproval(Command):
    """Ask for the price to be allowed (R63)."""

    approval_case_id: str


class ApproveQuote(Command):
    """Record that the price was allowed, on the evidence of the case (R128, R288)."""

    evidence: ApprovalEvidence


class RejectQuote(Command):
    """Record that the price was not allowed."""

    evidence: ApprovalEvidence


class PresentQuote(Command):
    """Show the customer a proposal (R285)."""

    proposal_document_ref: str
    document_content_hash: Annotated[str, Field(min_length=1)]
    terms_version: str
    presented_to: str


class AcceptQuote(Command):
    """Say yes to exactly what was presented (R287, R291, R292).

    `supersedes_version` is the newest revision of this quote that was accepted before, so that an acceptance of
    another quote of the family can be told from the acceptance of a new revision.
    """

    quote_family_id: str
    quote_version: int
    supersedes_version: int | None = None
    price_fingerprint: str
    proposal_document_hash: str
    accepted_by: str
    signature_envelope_id: str | None = None


class ExpireQuote(Command):
    """Close a quote whose time is over."""


class CancelQuote(Command):
    """Take a quote back before it becomes an order."""


class SupersedeQuote(Command):
    """Close a quote because another one takes its place."""

    by_quote_id: str
    by_version: int | None = None


class ConvertQuoteToOrder(Command):
    """Record that order management took the accepted revision; sent after its order was created (R52, R313)."""

    quote_version: int
    order_id: str
    order_number: str
    converted_at: AwareDatetime
    price_fingerprint: str


class FailQuoteConversion(Command):
    """Record that order management did not take it, and why."""

    quote_version: int
    failure_code: str
    stage: str
    message: str
    order_id: str | None = None


class RequestQuoteCorrection(Command):
    """Say that a commitment was recorded wrongly: what is there, and what should be (R497-R502)."""

    correction_id: str
    correction_kind: CorrectionKind
    corrected_version: Annotated[int, Field(ge=1)]
    subject: str
    line_id: str | None = None
    original: str
    corrected: str
    justification: Annotated[str, Field(min_length=1)]
    evidence_ref: str | None = None


class ApproveQuoteCorrection(Command):
    """Agree to a correction somebody else asked for (R503, R510)."""

    correction_id: str


class ApplyQuoteCorrection(Command):
    """Make an approved correction part of the record."""

    correction_id: str
