"""The conditions of offering: what must hold while a revision is made, priced, approved and presented (R154)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.approval_case.states import ApprovalOutcome
from domain.command import Command
from domain.conditions import has_reason, same_tenant, still_ahead
from domain.errors import Refusal
from domain.fingerprints import line_price_fingerprint, price_fingerprint
from domain.quote import commands as c
from domain.quote.lines import check_lines
from domain.quote.quote import Quote
from domain.quote.states import SETTLED_STATES, QuoteState


def refusal(code: str, message: str, remediation: str) -> Refusal:
    """A refusal of the commercial stage."""
    return Refusal(code, message, remediation=remediation, stage="COMMERCIAL")


def _shape(command: c.CreateQuote | c.ReviseQuote) -> None:
    check_lines(command.lines)
    customer, parties = command.terms.customer, command.terms.parties
    if (customer.account_id, customer.customer_id) != (parties.account_id, parties.customer_id):
        message = f"Customer snapshot and parties of {command.aggregate_id} name different customers or accounts."
        raise refusal("CONFLICT_PARTIES", message, "Take the snapshot of the customer the quote is for.")
    same_tenant(command, catalogPublicationId=command.catalog_publication_id, accountId=parties.account_id)


def _family(command: c.CreateQuote) -> None:
    same_tenant(command, quoteFamilyId=command.quote_family_id, clonedFromQuoteId=command.cloned_from_quote_id)
    if (command.cloned_from_quote_id is None) != (command.cloned_from_version is None):
        message = f"Quote {command.aggregate_id} names a quote it was copied from without its revision, or the reverse."
        raise refusal("STRUCTURAL_QUOTE_VERSION", message, "Name both or neither.")


def _valid_ahead(_: Quote | None, command: c.CreateQuote | c.ReviseQuote, now: datetime) -> None:
    """An offer can be accepted for some time."""
    still_ahead(command, "validUntil", command.terms.valid_until, now)


def _reason_once_shown(quote: Quote, command: Command) -> None:
    """What others have seen is not changed without saying why (R171, R503)."""
    if quote.state in (QuoteState.PRESENTED, QuoteState.ACCEPTED):
        has_reason(quote, command)


def _has_lines(quote: Quote, _: Command) -> None:
    """There is something to offer."""
    if not quote.lines:
        raise refusal("STRUCTURAL_NO_LINES", f"Quote {quote.quote_id} has no lines.", "Revise it with lines.")


def _lines_known(quote: Quote, command: c.ConfigureQuote) -> None:
    """Configurations are for lines it has."""
    if unknown := sorted({x.line_id for x in command.configurations} - set(quote.lines)):
        message = f"Quote {quote.quote_id} has no lines {unknown}."
        raise refusal("REFERENCE_LINE_UNKNOWN", message, f"Its lines are {sorted(quote.lines)}.")


def _prices_the_lines(quote: Quote, command: c.PriceQuote) -> None:
    """Every line is priced once, in the configuration it has now (R285)."""
    ids = [line.line_id for line in command.lines]
    if sorted(ids) != sorted(quote.lines):
        message = f"The calculation prices lines {sorted(ids)}, quote {quote.quote_id} has {sorted(quote.lines)}."
        raise refusal("CONFLICT_PRICED_LINES", message, "Price exactly the lines of this revision.")
    for line in command.lines:
        if line.configuration_fingerprint != quote.lines[line.line_id].configuration_fingerprint:
            message = f"Line {line.line_id} of quote {quote.quote_id} was priced in another configuration."
            raise refusal("STALENESS_CONFIGURATION", message, "Calculate the price again.")


def _price_genuine(quote: Quote, command: c.PriceQuote) -> None:
    """Fingerprints, discount and currency are those of the lines (R95, R450)."""
    prints = {line.line_id: line_price_fingerprint(line.line_id, line.components) for line in command.lines}
    wrong = sorted(line.line_id for line in command.lines if line.price_fingerprint != prints[line.line_id])
    if wrong or command.price.price_fingerprint != price_fingerprint(command.price.currency, prints):
        message = f"The price fingerprint of quote {quote.quote_id} is not that of its lines {wrong}."
        raise refusal("CONFLICT_PRICE_FINGERPRINT", message, "Hand over the calculation unchanged.")
    currencies = {x.price.currency for line in command.lines for x in line.components} | {command.price.currency}
    if currencies != {quote.terms.currency}:
        message = f"Quote {quote.quote_id} is in {quote.terms.currency}, the price in {sorted(currencies)}."
        raise refusal("CONFLICT_CURRENCY", message, "Price it in the currency of the quote.")
    if max(line.manual_discount_percent for line in command.lines) != command.price.discount_percent:
        message = f"The discount of quote {quote.quote_id} is not the largest of its lines."
        raise refusal("CONFLICT_DISCOUNT", message, "Hand over the calculation unchanged.")


def _price_stays(quote: Quote, command: c.PriceQuote) -> None:
    """A price somebody relies on is confirmed or the quote is revised; it never drifts (R287, R565)."""
    if quote.state not in SETTLED_STATES or quote.price is None:
        return
    if command.price.price_fingerprint != quote.price.price_fingerprint:
        message = f"Quote {quote.quote_id} is {quote.state} and would cost something else now."
        raise refusal("STALENESS_PRICE_CHANGED", message, "Revise the quote.")


def _price_valid_ahead(_: Quote | None, command: c.PriceQuote, now: datetime) -> None:
    """A price that has lapsed is no price."""
    if command.price.expires_at <= now:
        message = f"Calculation {command.price.calculation_id} lapsed at {command.price.expires_at.isoformat()}."
        raise refusal("STALENESS_PRICE", message, "Calculate the price again.")


def price_fresh(quote: Quote | None, _: Command, now: datetime) -> None:
    """The price has not lapsed (R287, R538)."""
    assert quote is not None
    assert quote.price is not None
    if quote.price.expires_at <= now:
        message = f"The price of quote {quote.quote_id} lapsed at {quote.price.expires_at.isoformat()}."
        raise refusal("STALENESS_PRICE", message, "Calculate it again; the same price keeps the quote as it is.")


def within_validity(quote: Quote | None, _: Command, now: datetime) -> None:
    """The quote's time is not over (R293, R323)."""
    assert quote is not None
    if quote.terms.valid_until < now:
        message = f"Quote {quote.quote_id} was valid until {quote.terms.valid_until.isoformat()}."
        raise refusal("STALENESS_QUOTE_EXPIRED", message, "Expire it, and make a new offer.")


def _of_this_case(quote: Quote, command: c.ApproveQuote | c.RejectQuote) -> None:
    """The decision is of the case that was asked, about this price of this revision (R97, R447)."""
    found = command.evidence
    if (found.approval_case_id, found.quote_id) != (quote.approval_case_id, quote.quote_id):
        message = f"Quote {quote.quote_id} waits for {quote.approval_case_id}, not {found.approval_case_id}."
        raise refusal("CONFLICT_APPROVAL_CASE", message, "Send the decision of that case.")
    decided = (found.quote_version, found.price_fingerprint, found.discount_percent, found.discount_limit_percent)
    price = quote.price
    ours = price and (
        quote.quote_version,
        price.price_fingerprint,
        price.discount_percent,
        price.discount_limit_percent,
    )
    if decided != ours:
        message = f"Case {found.approval_case_id} decided on another price or revision of quote {quote.quote_id}."
        raise refusal("STALENESS_APPROVAL", message, "Have this revision approved.")


def _approving(quote: Quote, command: c.ApproveQuote) -> None:
    """A case that said no approves nothing."""
    if command.evidence.outcome is not ApprovalOutcome.APPROVED:
        message = f"Case {command.evidence.approval_case_id} did not approve quote {quote.quote_id}."
        raise refusal("CONFLICT_APPROVAL_OUTCOME", message, "Reject the quote.")


def _rejecting(quote: Quote, command: c.RejectQuote) -> None:
    """A case that said yes rejects nothing."""
    if command.evidence.outcome is not ApprovalOutcome.REJECTED:
        message = f"Case {command.evidence.approval_case_id} did not reject quote {quote.quote_id}."
        raise refusal("CONFLICT_APPROVAL_OUTCOME", message, "Approve the quote.")


def _somebody_else(quote: Quote, command: c.ApproveQuote | c.RejectQuote) -> None:
    """Who made the offer or asked for approval does not decide; nobody sends another's decision (R510)."""
    found = command.evidence
    if found.decided_by in {quote.author, quote.submitted_by, found.requested_by}:
        message = f"{found.decided_by} made or submitted quote {quote.quote_id} and may not decide on it."
        raise refusal("AUTHORIZATION_SEGREGATION_OF_DUTIES", message, "Have somebody else decide.")
    if command.actor.role != "cpq" and command.actor.actor_id != found.decided_by:
        message = f"{command.actor.actor_id} sends a decision of {found.decided_by}."
        raise refusal("AUTHORIZATION_DECISION_OF_ANOTHER", message, "Send it as whoever decided, or as cpq.")


def _authority_covers(quote: Quote, command: c.ApproveQuote) -> None:
    """The decider's own limit covers the discount (R563)."""
    limit = command.evidence.authority_limit.discount_percent
    if limit < command.evidence.discount_percent:
        message = f"Quote {quote.quote_id} takes off {command.evidence.discount_percent} percent, {limit} are covered."
        raise refusal("AUTHORIZATION_LIMIT", message, "Have somebody with the authority decide.")


def _approval_ahead(_: Quote | None, command: c.ApproveQuote, now: datetime) -> None:
    """An approval that has lapsed approves nothing (R447)."""
    if command.evidence.valid_until <= now:
        message = f"Case {command.evidence.approval_case_id} could be relied on until {command.evidence.valid_until}."
        raise refusal("STALENESS_APPROVAL", message, "Have it approved again.")


def approved_where_needed(quote: Quote, _: Command) -> None:
    """More than the limit is taken off with approval only (R288, R291, R563)."""
    if quote.needs_approval and not quote.approval_covers_price:
        assert quote.price is not None
        message = (
            f"Quote {quote.quote_id} takes off {quote.price.discount_percent} percent; "
            f"{quote.price.discount_limit_percent} are allowed without approval."
        )
        raise refusal("POLICY_DISCOUNT_UNAPPROVED", message, "Submit it for approval.")


def approval_fresh(quote: Quote | None, _: Command, now: datetime) -> None:
    """An approval that is needed has not lapsed (R447)."""
    assert quote is not None
    if quote.needs_approval and quote.approval is not None and quote.approval.valid_until <= now:
        message = f"The approval of quote {quote.quote_id} lapsed at {quote.approval.valid_until.isoformat()}."
        raise refusal("STALENESS_APPROVAL", message, "Revise the quote and have it approved again.")


def _another_quote(quote: Quote, command: c.SupersedeQuote) -> None:
    """Something else takes its place; a new revision of itself is `ReviseQuote`."""
    same_tenant(command, byQuoteId=command.by_quote_id)
    if command.by_quote_id == quote.quote_id:
        message = f"Quote {quote.quote_id} cannot take its own place."
        raise refusal("STRUCTURAL_SUPERSEDED_BY_ITSELF", message, "Name another quote, or revise this one.")


def _time_over(quote: Quote | None, _: Command, now: datetime) -> None:
    """A quote expires after its last moment and not before (R158)."""
    assert quote is not None
    if now <= quote.terms.valid_until:
        message = f"Quote {quote.quote_id} is valid until {quote.terms.valid_until.isoformat()}."
        raise refusal("STATE_QUOTE_STILL_VALID", message, "Wait, or cancel it.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {"shape": _shape, "family": _family}
OFFER_GUARDS: Mapping[str, Callable[[Quote, Any], None]] = {
    "shape-of-revision": lambda _, command: _shape(command),
    "reason-once-shown": _reason_once_shown,
    "has-reason": has_reason,
    "has-lines": _has_lines,
    "lines-known": _lines_known,
    "prices-the-lines": _prices_the_lines,
    "price-genuine": _price_genuine,
    "price-stays": _price_stays,
    "of-this-case": _of_this_case,
    "approving": _approving,
    "rejecting": _rejecting,
    "somebody-else": _somebody_else,
    "authority-covers": _authority_covers,
    "approved-where-needed": approved_where_needed,
    "another-quote": _another_quote,
}
TIMED_GUARDS: Mapping[str, Callable[[Quote | None, Any, datetime], None]] = {
    "valid-ahead": _valid_ahead,
    "price-valid-ahead": _price_valid_ahead,
    "price-fresh": price_fresh,
    "within-validity": within_validity,
    "approval-ahead": _approval_ahead,
    "approval-fresh": approval_fresh,
    "time-over": _time_over,
}
