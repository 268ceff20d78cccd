"""The record published on `derived.quote-view.v1`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.derivation import Derivation
from domain.model import Classification, Doc, Model
from domain.money import Percent
from domain.pricing.terms import NetCharge

OWNER = "ordertruth"
SECRET = Classification.CONFIDENTIAL


class StaleReason(StrEnum):
    """Why a quote that is approved or presented cannot be relied on any more (R351)."""

    PUBLICATION_SUPERSEDED = "PUBLICATION_SUPERSEDED"
    PRICE_EXPIRED = "PRICE_EXPIRED"


class ApprovalStep(Model):
    """One event of an approval (R212)."""

    event_id: Annotated[str, Doc("`ce_id` of the event.")]
    event_type: Annotated[str, Doc("What happened.")]
    at: Annotated[datetime, Doc("When.")]
    approval_case_id: Annotated[str, Doc("Case it is about.")]
    quote_version: Annotated[int | None, Doc("Revision the exception is asked for.")] = None
    level: Annotated[str | None, Doc("Level of the approval matrix that is asked.")] = None
    from_level: Annotated[str | None, Doc("Level that was asked before.")] = None
    outcome: Annotated[str | None, Doc("What was decided; null for other steps.")] = None
    requested_by: Annotated[str | None, Doc("Who asked.", SECRET)] = None
    actor_id: Annotated[str | None, Doc("Who took the step.", SECRET)] = None
    actor_role: Annotated[str | None, Doc("In which role.")] = None
    authority_level: Annotated[str | None, Doc("Level the decider's authority is of.")] = None
    authority_discount_percent: Annotated[Percent | None, Doc("How far it goes.", SECRET)] = None
    discount_percent: Annotated[Percent | None, Doc("Discount that is asked for.", SECRET)] = None
    discount_limit_percent: Annotated[Percent | None, Doc("What needs no approval.", SECRET)] = None
    price_fingerprint: Annotated[str | None, Doc("Price it is about.")] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    due_at: Annotated[datetime | None, Doc("When the case lapses undecided.")] = None


class LineFinding(Model):
    """What validation found of one line."""

    line_id: Annotated[str, Doc("The line.")]
    eligibility: Annotated[str | None, Doc("Whether this customer may have it.")] = None
    validation: Annotated[str | None, Doc("Whether it passed.")] = None


class StageFinding(Model):
    """One finding of a validation."""

    code: Annotated[str, Doc("Stable code.")]
    severity: Annotated[str | None, Doc("How grave it is.")] = None
    stage: Annotated[str | None, Doc("Stage that found it.")] = None
    message: Annotated[str | None, Doc("What is wrong, in words.", SECRET)] = None
    remediation: Annotated[str | None, Doc("What to do about it.")] = None


class ValidationResult(Model):
    """One validation of the quote."""

    event_id: Annotated[str, Doc("`ce_id` of the event.")]
    at: Annotated[datetime, Doc("When.")]
    quote_version: Annotated[int | None, Doc("Revision that was checked.")] = None
    passed: Annotated[bool, Doc("Whether nothing keeps it from being offered.")]
    checked_at: Annotated[datetime | None, Doc("When what it was checked against was known.")] = None
    lines: Annotated[tuple[LineFinding, ...], Doc("What was found of each line.")] = ()
    findings: Annotated[tuple[StageFinding, ...], Doc("What was found, stage by stage.")] = ()


class PieceOfEvidence(Model):
    """One piece of the evidence package; its content stays with its owner."""

    evidence_id: Annotated[str, Doc("Identity within the package.")]
    kind: Annotated[str, Doc("What it proves.")]
    content_hash: Annotated[str | None, Doc("Hash of its content.")] = None
    entry_hash: Annotated[str | None, Doc("Hash of its place in the chain.")] = None
    sequence: Annotated[int | None, Doc("Its place in the chain.")] = None
    at: Annotated[datetime, Doc("When it was added.")]


class EvidenceSummary(Model):
    """The evidence package of a quote (R213)."""

    package_id: Annotated[str, Doc("Identity of the package.")]
    state: Annotated[str | None, Doc("Where the package stands.")] = None
    package_hash: Annotated[str | None, Doc("Hash that stands for all of it; null until it is assembled.")] = None
    required_kinds: Annotated[tuple[str, ...], Doc("Kinds it needs to be complete.")] = ()
    missing_kinds: Annotated[tuple[str, ...], Doc("Required kinds that are not there.")] = ()
    piece_count: Annotated[int, Doc("Pieces in the package.")]
    pieces: Annotated[tuple[PieceOfEvidence, ...], Doc("The newest pieces, by place in the chain.")] = ()
    failure_code: Annotated[str | None, Doc("Why it could not be assembled.")] = None


class CalculationSummary(Model):
    """One price calculation; its trace is a record of its own (R214)."""

    calculation_id: Annotated[str, Doc("Identity of the calculation.")]
    at: Annotated[datetime, Doc("When.")]
    quote_version: Annotated[int | None, Doc("Revision that was priced.")] = None
    attempt: Annotated[int | None, Doc("Which try it was.")] = None
    price_book_id: Annotated[str | None, Doc("Price book.")] = None
    price_book_version: Annotated[str | None, Doc("Its version.")] = None
    price_fingerprint: Annotated[str | None, Doc("Fingerprint of the prices; null when there are none.")] = None
    failure_code: Annotated[str | None, Doc("Why there is no price.")] = None


class ConversionFailure(Model):
    """An attempt to make an order that failed."""

    at: Annotated[datetime, Doc("When.")]
    code: Annotated[str | None, Doc("Code of the refusal.")] = None
    stage: Annotated[str | None, Doc("Stage that refused.")] = None
    order_id: Annotated[str | None, Doc("Order that was refused.")] = None


class NamedOrder(Model):
    """An order that names the quote."""

    order_id: Annotated[str, Doc("The order.")]
    order_number: Annotated[str | None, Doc("Its number.", Classification.PUBLIC)] = None
    created_at: Annotated[datetime | None, Doc("When it was captured; null while only the quote tells of it.")] = None


class CorrectionStep(Model):
    """A correction of the quote as it stands."""

    correction_id: Annotated[str, Doc("Identity within the quote.")]
    kind: Annotated[str | None, Doc("What kind of mistake it is.")] = None
    status: Annotated[str | None, Doc("How far it has come.")] = None
    subject: Annotated[str | None, Doc("What was wrong: the name of a field.")] = None
    requested_by: Annotated[str | None, Doc("Who asked.", SECRET)] = None
    approved_by: Annotated[str | None, Doc("Who approved.", SECRET)] = None
    applied_by: Annotated[str | None, Doc("Who applied it.", SECRET)] = None
    evidence_ref: Annotated[str | None, Doc("What proves it.")] = None
    at: Annotated[datetime, Doc("When it came that far.")]


class QuoteView(Model):
    """A quote in the pipeline, from draft to order (R221); lists show the newest and say how many there are."""

    quote_id: Annotated[str, Doc("The quote.")]
    quote_number: Annotated[str | None, Doc("Number people know it by.", Classification.PUBLIC)] = None
    quote_family_id: Annotated[str | None, Doc("Family of which one can be accepted.")] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    catalog_publication_id: Annotated[str | None, Doc("Catalog publication the offer is made from.")] = None
    quote_version: Annotated[int | None, Doc("Newest revision; what follows is of this revision.")] = None
    state: Annotated[str, Doc("State of the newest revision as its owner published it; UNKNOWN while unheard.")]
    created_at: Annotated[datetime | None, Doc("When it was begun.")] = None
    state_since: Annotated[datetime | None, Doc("When the newest event happened.")] = None
    valid_until: Annotated[datetime | None, Doc("Last moment at which it can be accepted and converted.")] = None
    currency: Annotated[str | None, Doc("Currency of every price.")] = None
    term_months: Annotated[int | None, Doc("Contract term in months.")] = None
    line_count: Annotated[int | None, Doc("Lines.")] = None
    amounts: Annotated[tuple[NetCharge, ...], Doc("What it comes to, by kind and period.")] = ()
    discount_percent: Annotated[Percent | None, Doc("Largest reduction the seller took off.", SECRET)] = None
    discount_limit_percent: Annotated[Percent | None, Doc("What needs no approval.", SECRET)] = None
    price_expires_at: Annotated[datetime | None, Doc("Until when the price holds.")] = None
    price_fingerprint: Annotated[str | None, Doc("Fingerprint of all prices (R95).")] = None
    configuration_fingerprint: Annotated[str | None, Doc("Fingerprint of all configurations (R96).")] = None
    approval_fingerprint: Annotated[str | None, Doc("Fingerprint of the approval (R97).")] = None
    proposal_document_hash: Annotated[str | None, Doc("Hash of the presented package (R98).")] = None
    stale: Annotated[bool, Doc("Approved or presented on what is no longer in force (R351).")]
    stale_reasons: Annotated[tuple[StaleReason, ...], Doc("Why.")] = ()
    stale_since: Annotated[datetime | None, Doc("Since when.")] = None
    superseded_by_quote_id: Annotated[str | None, Doc("Quote that took its place.")] = None
    accepted_at: Annotated[datetime | None, Doc("When the newest revision was accepted.")] = None
    converted_order_id: Annotated[str | None, Doc("Order it became.")] = None
    converted_at: Annotated[datetime | None, Doc("When.")] = None
    conversion_failure_count: Annotated[int, Doc("Attempts to convert it that failed.")]
    conversion_failures: Annotated[tuple[ConversionFailure, ...], Doc("The newest of them.")] = ()
    order_count: Annotated[int, Doc("Orders that name it; more than one is drift.")]
    orders: Annotated[tuple[NamedOrder, ...], Doc("Those orders.")] = ()
    approval_step_count: Annotated[int, Doc("Events of its approvals.")]
    approvals: Annotated[tuple[ApprovalStep, ...], Doc("The newest of them, oldest first.")] = ()
    validation_count: Annotated[int, Doc("Validations.")]
    validations: Annotated[tuple[ValidationResult, ...], Doc("The newest of them, oldest first.")] = ()
    evidence: Annotated[EvidenceSummary | None, Doc("Evidence package of the newest revision.")] = None
    calculation_count: Annotated[int, Doc("Price calculations.")]
    calculations: Annotated[tuple[CalculationSummary, ...], Doc("The newest of them, oldest first.")] = ()
    correction_count: Annotated[int, Doc("Corrections.")]
    corrections: Annotated[tuple[CorrectionStep, ...], Doc("The newest of them, oldest first.")] = ()
    version: Annotated[int, Doc("Rises with what is known of the quote.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
