"""The quote's table, matrix and walks (R153-R162, R165, R171)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.command import Actor, Command
from domain.ownership.corrections import CORRECTION_RULES, CorrectionKind
from domain.quote import commands as c
from domain.quote.aggregate import MACHINE, QUOTE
from domain.quote.events import EVENTS
from domain.quote.quote import Quote
from domain.quote.states import COMMITTED_STATES, TERMINAL_STATES, CorrectionStatus, QuoteState
from tests.domain import machine_walk as walks
from tests.domain.desk import check_foreign, check_wire
from tests.domain.machine_walk import NOW, Choose
from tests.domain.orders import creation
from tests.domain.quotes import (
    CONTEXT,
    CREATION,
    DAY,
    FIELDS,
    ID,
    PATHS,
    QuoteDesk,
    access_bundle,
    evidence,
    quote_in,
    terms,
)

_ONWARD = {
    QuoteState.DRAFT: "ConfigureQuote",
    QuoteState.CONFIGURED: "PriceQuote",
    QuoteState.PRICED: "ValidateQuote",
    QuoteState.INVALID: "ValidateQuote",
    QuoteState.VALIDATED: "SubmitQuoteForApproval",
    QuoteState.APPROVED: "PresentQuote",
    QuoteState.PRESENTED: "AcceptQuote",
}
REQUESTED, APPROVED = CorrectionStatus.REQUESTED, CorrectionStatus.APPROVED
_CORRECTING = {REQUESTED: "ApproveQuoteCorrection", APPROVED: "ApplyQuoteCorrection"}


def onward(quote: Quote, choose: Choose) -> str:
    if quote.state in COMMITTED_STATES:
        reached = {correction.status for correction in quote.corrections.values()}
        nearest = next((_CORRECTING[s] for s in (APPROVED, REQUESTED) if s in reached), "RequestQuoteCorrection")
        return str(choose((nearest, nearest, nearest, "RequestQuoteCorrection", "ConvertQuoteToOrder")))
    if quote.state is QuoteState.IN_REVIEW:
        return str(choose(("ApproveQuote", "ApproveQuote", "RejectQuote")))
    return _ONWARD.get(quote.state, "ReviseQuote")


def sample(quote: Quote | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    """One command, mostly sensible: now and then with another price, revision, proposal or authority."""
    fields: dict[str, Any] = dict(CREATION) if quote is None or kind is c.CreateQuote else FIELDS[kind](quote, NOW)
    fields.pop("role", None)
    fields.pop("reason_code", None)
    if "lines" in fields and kind is not c.PriceQuote:
        until = choose((NOW + 20 * DAY,) * 5 + (NOW + timedelta(minutes=6),))
        fields |= {"lines": access_bundle(choose(("0", "25", "40"))), "terms": terms(valid_until=until)}
    if kind is c.ValidateQuote:
        fields["context"] = choose((CONTEXT, CONTEXT, CONTEXT.model_copy(update={"account_active": False})))
    if "evidence" in fields and quote is not None:
        other = {"decided_by": choose(("sales-1", "deal-desk-1", "cpq-1"))}
        fields["evidence"] = choose((fields["evidence"],) * 3 + (evidence(quote, **other),))
    if "price_fingerprint" in fields:
        fields["price_fingerprint"] = choose((fields["price_fingerprint"],) * 5 + ("another",))
    if kind is c.RequestQuoteCorrection:
        fields |= {"correction_id": choose(("correction-1", "correction-2"))}
        fields["correction_kind"] = choose((CorrectionKind.COMMERCIAL, *CorrectionKind))
        if fields["correction_kind"] is CorrectionKind.IDENTITY:
            fields |= {"subject": "account_id", "original": "acme:acc-1", "corrected": "acme:acc-2"}
    elif "correction_id" in fields and quote is not None:
        fields["correction_id"] = choose((*quote.corrections, "correction-1"))
    if kind is c.SupersedeQuote:
        fields["by_quote_id"] = choose((ID, ID, ID, "acme:quote-2"))
    sender = walks.envelope(MACHINE, kind, ID, command_id, choose)
    if kind is c.CancelQuote:
        sender["reason_code"] = choose((None, None, None, "NOT_WANTED"))
    found = quote.corrections.get(fields.get("correction_id", "")) if quote else None
    if kind is c.ApproveQuoteCorrection and found is not None and choose((True, True, False)):
        role = choose(sorted(CORRECTION_RULES[found.kind].approvers))
        sender["actor"] = Actor(actor_id=f"{role}-1", role=role, system="cpq")
    if "evidence" in fields and choose((True, True, False)):
        sender["actor"] = Actor(actor_id="cpq-1", role="cpq", system="cpq")
    return kind(**sender, **fields)


SUBJECT = walks.Subject(MACHINE, EVENTS, QuoteState, sample, onward=onward, walks=250, steps=30)
TestWalk = walks.walk(SUBJECT, examples=40, steps=25)


def test_the_table_is_complete_and_true() -> None:
    """R153-R162."""
    walks.check_table(SUBJECT, c)
    walks.check_emissions(SUBJECT)


def test_every_command_goes_exactly_where_the_table_says() -> None:
    """R152, R155."""
    walks.check_matrix(SUBJECT)
    walks.check_roles(SUBJECT)
    walks.check_beginning(SUBJECT)
    check_foreign(QuoteDesk().go(c.ConfigureQuote), creation())


@pytest.mark.parametrize("state", QuoteState)
def test_every_state_is_reached_by_its_commands(state: QuoteState) -> None:
    """R165."""
    assert quote_in(state).quote.state is state


@pytest.mark.parametrize("state", sorted(TERMINAL_STATES))
def test_what_has_ended_takes_corrections_at_most(state: QuoteState) -> None:
    """R160, R290: no new revision, no acceptance, no second conversion."""
    corrections = {"RequestQuoteCorrection", *_CORRECTING.values()}
    assert set(MACHINE.allowed_in(state)) == (corrections if state is QuoteState.CONVERTED else set())


def test_a_quote_goes_from_draft_to_order() -> None:
    """R165: the whole life of a quote that needs approval."""
    desk = QuoteDesk(lines=access_bundle("25"))
    names = [name.removeprefix("Quote") for kind in PATHS[QuoteState.CONVERTED] for name in desk.send(kind)]
    assert names == [
        "Configured",
        "Priced",
        "Validated",
        "SubmittedForApproval",
        "Approved",
        "Presented",
        "Accepted",
        "ConvertedToOrder",
    ]
    assert [event.version for event in desk.events] == list(range(1, 10))
    assert {event.quote_version for event in desk.events} == {1}
    assert {event.quote_family_id for event in desk.events} == {ID}


@pytest.mark.parametrize("state", QuoteState)
def test_what_is_published_is_read_back_the_same(state: QuoteState) -> None:
    check_wire(quote_in(state))


def test_corrections_and_failed_conversions_are_read_back_the_same() -> None:
    desk = quote_in(QuoteState.ACCEPTED).go(c.FailQuoteConversion, c.RequestQuoteCorrection)
    check_wire(desk.go(c.ApproveQuoteCorrection, c.ApplyQuoteCorrection, c.ReviseQuote))


def test_the_transition_of_an_approval_says_why() -> None:
    """R171: from review to approved, with actor, role and reason code."""
    event = quote_in(QuoteState.APPROVED).last
    assert (event.from_state, event.to_state) == (QuoteState.IN_REVIEW, QuoteState.APPROVED)
    assert (event.reason_code, event.actor_role) == ("COMPETITION", "cpq")


def test_claims_are_made_for_keys_and_acceptances_only() -> None:
    """R310."""
    desk = quote_in(QuoteState.PRESENTED)
    for kind in FIELDS:
        claims = QUOTE.claims(desk.command(kind))
        assert [claim.kind.value for claim in claims] == (["QUOTE_ACCEPTANCE"] if kind is c.AcceptQuote else [])
        assert len(QUOTE.claims(desk.command(kind, idempotency_key="k"))) == len(claims) + 1


def test_an_empty_quote_is_configured_with_nothing() -> None:
    desk = QuoteDesk(lines=())
    assert desk.refused(c.ConfigureQuote, configurations=()).code == "STRUCTURAL_NO_LINES"
    wrong = (c.LineConfiguration(line_id="ghost", configuration={}),)
    assert QuoteDesk().refused(c.ConfigureQuote, configurations=wrong).code == "REFERENCE_LINE_UNKNOWN"
    assert Decimal(0) == quote_in(QuoteState.PRICED, "0").last.discount_percent
