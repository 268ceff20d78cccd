"""The conditions of commitment: what must hold to accept, to convert and to correct (R287-R293, R497-R503)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.conditions import not_ahead, same_tenant
from domain.ownership.corrections import CORRECTION_RULES, CorrectionKind
from domain.product_order.structure import Parties
from domain.quote import commands as c
from domain.quote.guards import refusal
from domain.quote.quote import Quote
from domain.quote.states import CorrectionStatus


def _this_revision(quote: Quote, command: c.AcceptQuote | c.ConvertQuoteToOrder | c.FailQuoteConversion) -> None:
    """The newest revision is meant (R293)."""
    if command.quote_version != quote.quote_version:
        message = f"Quote {quote.quote_id} is at revision {quote.quote_version}, not {command.quote_version}."
        raise refusal("STALENESS_QUOTE_VERSION", message, "Look at the newest revision and decide anew.")


def _this_family(quote: Quote, command: c.AcceptQuote) -> None:
    """The claim on the family is made under its own name and place (R289)."""
    named = (command.quote_family_id, command.supersedes_version)
    if named != (quote.quote_family_id, quote.last_accepted_version):
        message = (
            f"Quote {quote.quote_id} is of family {quote.quote_family_id} and was accepted before as revision "
            f"{quote.last_accepted_version}; the acceptance says {named[0]} and {named[1]}."
        )
        raise refusal("CONFLICT_QUOTE_FAMILY", message, "Name family and superseded revision as they are.")


def _this_price(quote: Quote, command: c.AcceptQuote | c.ConvertQuoteToOrder) -> None:
    """What the customer saw is what it costs (R287, R538)."""
    if quote.price is None or command.price_fingerprint != quote.price.price_fingerprint:
        message = f"{command.name} names another price than quote {quote.quote_id} has."
        raise refusal("STALENESS_PRICE_FINGERPRINT", message, "Look at the offer as it is and decide anew.")


def _this_proposal(quote: Quote, command: c.AcceptQuote) -> None:
    """The proposal that was presented is the one accepted (R292, R448)."""
    if quote.proposal is None or command.proposal_document_hash != quote.proposal.document_hash:
        message = f"The accepted proposal is not the one presented with quote {quote.quote_id}."
        raise refusal("CONFLICT_PROPOSAL_HASH", message, "Accept the proposal that was presented.")


def _converted_in_time(quote: Quote | None, command: c.ConvertQuoteToOrder, now: datetime) -> None:
    """Order management took it while it was valid, and before this is said (R293, R323)."""
    assert quote is not None
    not_ahead(command, "convertedAt", command.converted_at, now)
    if command.converted_at > quote.terms.valid_until:
        message = f"Quote {quote.quote_id} was valid until {quote.terms.valid_until.isoformat()}."
        raise refusal("STALENESS_QUOTE_EXPIRED", message, "Expire it, cancel the order, and make a new offer.")


def _order_of_tenant(_: Quote, command: c.ConvertQuoteToOrder) -> None:
    """The order belongs to the quote's tenant (R511)."""
    same_tenant(command, orderId=command.order_id)


CORRECTABLE = frozenset(CorrectionKind) - {CorrectionKind.OPERATIONAL, CorrectionKind.FINANCIAL}
"""Kinds a quote can have: deliveries are corrected where they happen (R498), charges by billing (R500)."""
CORRECTION_APPROVER_ROLES = frozenset(role for kind in CORRECTABLE for role in CORRECTION_RULES[kind].approvers)


def _correctable(quote: Quote, command: c.RequestQuoteCorrection) -> None:
    """The mistake is the quote's to correct, and what proves it is named where it must be (R497-R502)."""
    kind = command.correction_kind
    if kind not in CORRECTABLE:
        message = f"A mistake of kind {kind} is not corrected in quote {quote.quote_id}."
        raise refusal("POLICY_CORRECTION_OWNER", message, "Have its owner correct it.")
    if CORRECTION_RULES[kind].evidence and not command.evidence_ref:
        message = f"Correction {command.correction_id} of quote {quote.quote_id} names no evidence."
        raise refusal("STRUCTURAL_EVIDENCE_MISSING", message, "Send an evidenceRef.")


def _correction_new(quote: Quote, command: c.RequestQuoteCorrection) -> None:
    """A correction has an id of its own and changes something that was published."""
    if command.correction_id in quote.corrections:
        message = f"Quote {quote.quote_id} already has a correction {command.correction_id}."
        raise refusal("CONFLICT_CORRECTION_ID", message, "Use an id of its own.")
    if command.original == command.corrected:
        message = f"Correction {command.correction_id} of quote {quote.quote_id} changes nothing."
        raise refusal("STRUCTURAL_CORRECTION_EMPTY", message, "Say what should have been there.")
    if command.corrected_version > quote.version:
        message = f"Quote {quote.quote_id} has {quote.version} events, not {command.corrected_version}."
        raise refusal("REFERENCE_VERSION_UNKNOWN", message, "Name the version of the event that was wrong.")
    if command.line_id is not None and command.line_id not in quote.lines:
        message = f"Quote {quote.quote_id} has no line {command.line_id}."
        raise refusal("REFERENCE_LINE_UNKNOWN", message, f"Its lines are {sorted(quote.lines)}.")


def _identity_known(quote: Quote, command: c.RequestQuoteCorrection) -> None:
    """A merged identity replaces the one a party role has now (R501)."""
    if command.correction_kind is not CorrectionKind.IDENTITY:
        return
    if command.subject not in Parties.model_fields:
        message = f"{command.subject} is no party role of quote {quote.quote_id}."
        raise refusal("STRUCTURAL_CORRECTION_SUBJECT", message, f"Name one of {sorted(Parties.model_fields)}.")
    if getattr(quote.terms.parties, command.subject) != command.original:
        message = f"{command.subject} of quote {quote.quote_id} is not {command.original}."
        raise refusal("CONFLICT_CORRECTION_ORIGINAL", message, "Name what is there now.")
    same_tenant(command, corrected=command.corrected)


def _expect(quote: Quote, correction_id: str, status: CorrectionStatus) -> None:
    correction = quote.corrections.get(correction_id)
    if correction is None:
        message = f"Quote {quote.quote_id} has no correction {correction_id}."
        raise refusal("REFERENCE_CORRECTION_UNKNOWN", message, f"It has {sorted(quote.corrections)}.")
    if correction.status is not status:
        message = f"Correction {correction_id} of quote {quote.quote_id} is {correction.status}, not {status}."
        raise refusal("STATE_CORRECTION", message, "A correction is requested, approved and applied, once each.")


def _correction_requested(quote: Quote, command: c.ApproveQuoteCorrection) -> None:
    """Only what was asked for, by somebody else, is approved (R510)."""
    _expect(quote, command.correction_id, CorrectionStatus.REQUESTED)
    kind = quote.corrections[command.correction_id].kind
    if command.actor.role not in CORRECTION_RULES[kind].approvers:
        message = f"{command.actor.role} may not approve correction {command.correction_id}, which is {kind}."
        roles = ", ".join(sorted(CORRECTION_RULES[kind].approvers))
        raise refusal("AUTHORIZATION_CORRECTION_APPROVER", message, f"Roles that may: {roles}.")
    if command.actor.actor_id == quote.corrections[command.correction_id].requested_by:
        message = f"{command.actor.actor_id} asked for correction {command.correction_id} and may not approve it."
        raise refusal("AUTHORIZATION_SEGREGATION_OF_DUTIES", message, "Have somebody else approve it.")


def _correction_approved(quote: Quote, command: c.ApplyQuoteCorrection) -> None:
    """Only what was approved is applied, and not by the approver (R510)."""
    _expect(quote, command.correction_id, CorrectionStatus.APPROVED)
    if command.actor.actor_id == quote.corrections[command.correction_id].approved_by:
        message = f"{command.actor.actor_id} approved correction {command.correction_id} and may not apply it."
        raise refusal("AUTHORIZATION_SEGREGATION_OF_DUTIES", message, "Have somebody else apply it.")


COMMITMENT_GUARDS: Mapping[str, Callable[[Quote, Any], None]] = {
    "this-revision": _this_revision,
    "this-family": _this_family,
    "this-price": _this_price,
    "this-proposal": _this_proposal,
    "order-of-tenant": _order_of_tenant,
    "correctable": _correctable,
    "correction-new": _correction_new,
    "identity-known": _identity_known,
    "correction-requested": _correction_requested,
    "correction-approved": _correction_approved,
}
TIMED_COMMITMENT_GUARDS: Mapping[str, Callable[[Quote | None, Any, datetime], None]] = {
    "converted-in-time": _converted_in_time,
}
