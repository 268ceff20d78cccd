"""Making, pricing and approving an offer (R280-R288, R291, R487, R488, R510, R563, R565)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.approval_case.authority import AuthorityLimit
from domain.approval_case.states import ApprovalOutcome
from domain.command import Command
from domain.errors import Category
from domain.order_state.states import Action
from domain.quote import commands as c
from domain.quote.states import QuoteState
from domain.quote.structure import CustomerSnapshot, QuoteLine
from tests.domain.machine_walk import NOW
from tests.domain.price_books import ENTRIES, book, entry, policy, request
from tests.domain.quotes import (
    CONTEXT,
    CREATION,
    CUSTOMER,
    DAY,
    PATHS,
    QuoteDesk,
    access_bundle,
    draft,
    evidence,
    price_of,
    quote_in,
    terms,
)

DEARER = book(entries=(entry("access", "monthly", "359.00", rule_version="2"), *ENTRIES[1:]))


def code(desk: QuoteDesk, kind: type[Command], **fields: Any) -> str:
    return desk.refused(kind, **fields).code


def price_fields(desk: QuoteDesk, **more: Any) -> dict[str, Any]:
    found = price_of(desk.quote, desk.now)
    return {"price": found.price.model_copy(update=more), "lines": found.lines}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((draft("access", 1), draft("access", 2)), "STRUCTURAL_DUPLICATE_LINE"),
        ((draft("access", 1), draft("router", 1)), "STRUCTURAL_DUPLICATE_LINE"),
        ((draft("router", 1, parent_line_id="ghost"),), "STRUCTURAL_UNKNOWN_LINE"),
        ((draft("router", 1, billed_through_line_id="ghost"),), "STRUCTURAL_UNKNOWN_LINE"),
        ((draft("a", 1, parent_line_id="line-b"), draft("b", 2, parent_line_id="line-a")), "STRUCTURAL_CYCLIC_BUNDLE"),
        ((draft("a", 1, depends_on=("line-a",)),), "STRUCTURAL_CYCLIC_DEPENDENCY"),
        ((draft("a", 1, action=Action.MODIFY),), "STRUCTURAL_PRODUCT_INSTANCE"),
        ((draft("a", 1, action=Action.REPLACE),), "STRUCTURAL_PRODUCT_INSTANCE"),
        ((draft("a", 1, product_instance_id="acme:x"),), "STRUCTURAL_PRODUCT_INSTANCE"),
    ],
)
def test_lines_that_could_never_be_ordered_are_not_offered(lines: Any, expected: str) -> None:
    """R411, R460-R465, R548."""
    assert code(QuoteDesk(), c.ReviseQuote, lines=lines) == expected


def test_parties_are_kept_apart_and_the_customer_is_the_one_of_the_quote() -> None:
    """R455, R456, R488: eight fields of the customer as they were."""
    assert len(CustomerSnapshot.model_fields) == 8
    assert QuoteDesk().last.terms.parties.bill_to_id == "acme:billto-1"
    other = terms(customer=CUSTOMER.model_copy(update={"account_id": "acme:acc-2"}))
    assert code(QuoteDesk(), c.ReviseQuote, terms=other) == "CONFLICT_PARTIES"


def test_nothing_of_another_tenant_is_named() -> None:
    """R511."""
    desk = QuoteDesk()
    assert code(desk, c.ReviseQuote, catalog_publication_id="other:p") == "AUTHORIZATION_TENANT"
    assert code(desk, c.SupersedeQuote, by_quote_id="other:q") == "AUTHORIZATION_TENANT"
    assert code(desk, c.SupersedeQuote, by_quote_id=desk.quote.quote_id) == "STRUCTURAL_SUPERSEDED_BY_ITSELF"
    assert code(quote_in(QuoteState.ACCEPTED), c.ConvertQuoteToOrder, order_id="other:o") == "AUTHORIZATION_TENANT"
    desk.state = None
    assert code(desk, c.CreateQuote, **CREATION, quote_family_id="other:f") == "AUTHORIZATION_TENANT"
    assert code(desk, c.CreateQuote, **CREATION, cloned_from_quote_id="acme:q") == "STRUCTURAL_QUOTE_VERSION"
    assert code(desk, c.CreateQuote, **{**CREATION, "terms": terms(valid_until=NOW)}) == "STRUCTURAL_TIME_PAST"


def test_a_configuration_is_reproducible_from_its_snapshot() -> None:
    """R283: chosen values, members and their fingerprint; the order of the choices is no matter."""
    event = quote_in(QuoteState.CONFIGURED).last
    access = event.lines[0]
    assert access.configuration == {"speed": "1000"}
    assert access.bundled_line_ids == ("line-router", "line-static-ip")
    assert all(line.configuration_fingerprint for line in event.lines)
    again = QuoteDesk()
    again.send(c.ConfigureQuote, configurations=())
    assert again.last.configuration_fingerprint != event.configuration_fingerprint
    again.send(c.ConfigureQuote)
    assert again.last.configuration_fingerprint == event.configuration_fingerprint


def test_a_price_is_taken_over_whole_and_unchanged() -> None:
    """R285, R286: 349.00 less 25 percent is 261.75, plus 2 x 12.50 less 20 percent is 20.00: 281.75 a month."""
    desk = quote_in(QuoteState.PRICED)
    event = desk.last
    assert event.price_fingerprint == price_of(desk.quote, desk.now).price.price_fingerprint
    assert (event.discount_percent, event.discount_limit_percent) == (25, 20)
    assert event.calculation_id == "acme:calculation-1"
    monthly = next(charge for charge in event.charges if charge.period)
    assert str(monthly.amount.amount) == "281.75"
    assert event.lines[0].override.evidence_ref is None
    assert [d.periods for d in event.lines[0].discount_schedule if d.component_id == "monthly"] == [12]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"price_fingerprint": "0" * 64}, "CONFLICT_PRICE_FINGERPRINT"),
        ({"currency": "USD"}, "CONFLICT_PRICE_FINGERPRINT"),
        ({"discount_percent": Decimal(0)}, "CONFLICT_DISCOUNT"),
        ({"expires_at": NOW}, "STALENESS_PRICE"),
    ],
)
def test_a_price_that_was_tampered_with_is_refused(change: dict[str, Any], expected: str) -> None:
    """R95, R450."""
    desk = quote_in(QuoteState.CONFIGURED)
    assert code(desk, c.PriceQuote, **price_fields(desk, **change)) == expected


def test_a_price_is_for_the_lines_and_the_configuration_there_are() -> None:
    """R285, R450."""
    desk = quote_in(QuoteState.CONFIGURED)
    stale = price_fields(desk)
    some = {**stale, "lines": stale["lines"][1:]}
    assert code(desk, c.PriceQuote, **some) == "CONFLICT_PRICED_LINES"
    cheaper = stale["lines"][0].model_copy(update={"components": stale["lines"][0].components[:1]})
    assert (
        code(desk, c.PriceQuote, **{**stale, "lines": (cheaper, *stale["lines"][1:])}) == "CONFLICT_PRICE_FINGERPRINT"
    )
    desk.send(c.ConfigureQuote, configurations=(c.LineConfiguration(line_id="line-router", configuration={"w": "6"}),))
    assert code(desk, c.PriceQuote, **stale) == "STALENESS_CONFIGURATION"
    yen = quote_in(QuoteState.CONFIGURED, terms=terms(currency="JPY"), lines=(draft("access", 1),))
    euro = quote_in(QuoteState.CONFIGURED, lines=(draft("access", 1),))
    assert code(yen, c.PriceQuote, **price_fields(euro)) == "CONFLICT_CURRENCY"


def test_choosing_anew_takes_the_price_away() -> None:
    """R328: what is derived goes when its source changes."""
    desk = quote_in(QuoteState.VALIDATED)
    desk.go(c.ConfigureQuote)
    assert (desk.quote.state, desk.quote.price) == (QuoteState.CONFIGURED, None)
    assert desk.quote.lines["line-access"].price_components == ()


def test_a_draft_may_be_priced_anew_and_a_presented_price_only_confirmed() -> None:
    """R565, R287: the catalog's new price reaches a draft; what was shown stays, or the quote is revised."""
    desk = quote_in(QuoteState.VALIDATED)
    first = desk.quote.price
    dearer = price_of(desk.quote, desk.now, DEARER)
    desk.send(c.PriceQuote, price=dearer.price, lines=dearer.lines)
    assert desk.quote.state is QuoteState.PRICED
    assert desk.quote.price != first
    shown = quote_in(QuoteState.PRESENTED)
    dearer = price_of(shown.quote, shown.now, DEARER)
    assert code(shown, c.PriceQuote, price=dearer.price, lines=dearer.lines) == "STALENESS_PRICE_CHANGED"
    before = shown.quote.price
    assert before is not None
    shown.now += DAY
    shown.go(c.PriceQuote)
    after = shown.quote.price
    assert after is not None
    assert shown.quote.state is QuoteState.PRESENTED
    assert after.price_fingerprint == before.price_fingerprint
    assert after.expires_at > before.expires_at


def test_within_the_limit_no_approval_is_needed_and_above_it_nothing_is_presented() -> None:
    """R288, R291, R532, R563."""
    assert quote_in(QuoteState.VALIDATED, "20").send(c.PresentQuote) == ["QuotePresented"]
    desk = quote_in(QuoteState.VALIDATED, "40")
    refusal = desk.refused(c.PresentQuote)
    assert (refusal.code, refusal.category) == ("POLICY_DISCOUNT_UNAPPROVED", Category.POLICY)
    assert "40" in refusal.message
    assert "20" in refusal.message
    desk.go(c.SubmitQuoteForApproval, c.ApproveQuote)
    assert desk.send(c.PresentQuote) == ["QuotePresented"]


def test_nobody_approves_what_they_made_or_asked_for() -> None:
    """R510."""
    desk = quote_in(QuoteState.IN_REVIEW)
    made = evidence(desk.quote, decided_by=desk.quote.author)
    assert code(desk, c.ApproveQuote, evidence=made) == "AUTHORIZATION_SEGREGATION_OF_DUTIES"
    asked = evidence(desk.quote, requested_by="max", decided_by="max")
    assert code(desk, c.ApproveQuote, evidence=asked) == "AUTHORIZATION_SEGREGATION_OF_DUTIES"
    borrowed = {"role": "deal-desk", "actor_id": "desk-1"}
    assert code(desk, c.ApproveQuote, **borrowed) == "AUTHORIZATION_DECISION_OF_ANOTHER"
    own = evidence(desk.quote, decided_by="desk-1")
    assert desk.send(c.ApproveQuote, evidence=own, **borrowed) == ["QuoteApproved"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"approval_case_id": "acme:other"}, "CONFLICT_APPROVAL_CASE"),
        ({"quote_id": "acme:other"}, "CONFLICT_APPROVAL_CASE"),
        ({"quote_version": 2}, "STALENESS_APPROVAL"),
        ({"price_fingerprint": "other"}, "STALENESS_APPROVAL"),
        ({"discount_percent": Decimal(10)}, "STALENESS_APPROVAL"),
        ({"outcome": ApprovalOutcome.REJECTED}, "CONFLICT_APPROVAL_OUTCOME"),
        ({"valid_until": NOW}, "STALENESS_APPROVAL"),
        (
            {"authority_limit": AuthorityLimit(level="sales-manager", discount_percent=Decimal("24.9999"))},
            "AUTHORIZATION_LIMIT",
        ),
    ],
)
def test_an_approval_covers_one_price_of_one_revision(change: dict[str, Any], expected: str) -> None:
    """R97, R447, R563."""
    desk = quote_in(QuoteState.IN_REVIEW)
    assert code(desk, c.ApproveQuote, evidence=evidence(desk.quote, **change)) == expected


def test_a_rejection_rests_on_a_case_that_said_no() -> None:
    desk = quote_in(QuoteState.IN_REVIEW)
    assert code(desk, c.RejectQuote, evidence=evidence(desk.quote)) == "CONFLICT_APPROVAL_OUTCOME"
    assert code(desk, c.RejectQuote, reason_code=None) == "STRUCTURAL_REASON_MISSING"
    desk.go(c.RejectQuote)
    assert desk.quote.state is QuoteState.REJECTED
    desk.go(c.ReviseQuote)
    assert (desk.quote.quote_version, desk.quote.approval) == (2, None)


def test_a_revision_begins_again_and_keeps_nothing_that_was_decided() -> None:
    """R287, R290: what somebody had seen is superseded first, and a reason is due."""
    desk = quote_in(QuoteState.PRESENTED)
    assert code(desk, c.ReviseQuote, reason_code=None) == "STRUCTURAL_REASON_MISSING"
    assert desk.send(c.ReviseQuote) == ["QuoteSuperseded", "QuoteRevised"]
    superseded, revised = desk.events[-2:]
    assert (superseded.quote_version, superseded.superseded_version, superseded.superseded_by_version) == (1, 1, 2)
    assert (revised.quote_version, revised.state, revised.from_state) == (2, QuoteState.DRAFT, QuoteState.SUPERSEDED)
    quote = desk.quote
    found = (quote.price, quote.approval, quote.proposal, quote.configuration_fingerprint, quote.submitted_by)
    assert found == (None,) * 5
    assert all(line == QuoteLine(**dict(d)) for line, d in zip(quote.lines.values(), access_bundle(), strict=True))
    assert QuoteDesk().send(c.ReviseQuote, reason_code=None) == ["QuoteRevised"]


def test_a_lapsed_price_or_quote_is_neither_presented_nor_submitted() -> None:
    """R287, R293."""
    late = quote_in(QuoteState.VALIDATED, "10")
    assert late.quote.price is not None
    late.now = late.quote.price.expires_at
    assert {code(late, kind) for kind in (c.PresentQuote, c.SubmitQuoteForApproval)} == {"STALENESS_QUOTE_EXPIRED"}
    long = quote_in(QuoteState.VALIDATED, "10", terms=terms(valid_until=NOW + 90 * DAY))
    assert long.quote.price is not None
    long.now = long.quote.price.expires_at
    assert {code(long, kind) for kind in (c.PresentQuote, c.SubmitQuoteForApproval)} == {"STALENESS_PRICE"}
    approved = quote_in(QuoteState.APPROVED)
    approved.now = NOW + 15 * DAY
    assert code(approved, c.PresentQuote) == "STALENESS_APPROVAL"


def test_a_quote_expires_after_its_last_moment() -> None:
    """R158, R323: to the microsecond it is one or the other."""
    desk = quote_in(QuoteState.PRESENTED, "10")
    desk.now = desk.quote.terms.valid_until
    assert code(desk, c.ExpireQuote) == "STATE_QUOTE_STILL_VALID"
    desk.now += timedelta(microseconds=1)
    assert code(desk, c.AcceptQuote) == "STALENESS_QUOTE_EXPIRED"
    desk.go(c.ExpireQuote)
    assert desk.quote.state is QuoteState.EXPIRED


def test_a_stricter_limit_found_on_confirmation_needs_approval_before_acceptance() -> None:
    """R288, R291: the price stays, what may be taken off without approval does not."""
    desk = QuoteDesk(lines=access_bundle("10")).go(*PATHS[QuoteState.VALIDATED], c.PresentQuote)
    stricter = price_of(desk.quote, desk.now, book(discount_policy=policy(limit_percent=Decimal(5))))
    desk.send(c.PriceQuote, price=stricter.price, lines=stricter.lines)
    assert desk.quote.state is QuoteState.PRESENTED
    assert code(desk, c.AcceptQuote) == "POLICY_DISCOUNT_UNAPPROVED"


def test_validation_decides_between_two_facts() -> None:
    desk = quote_in(QuoteState.INVALID)
    assert [f.code for f in desk.last.findings] == ["REFERENCE_ACCOUNT_INACTIVE"]
    assert code(desk, c.PresentQuote) == "STATE_ILLEGAL_TRANSITION"
    assert desk.send(c.ValidateQuote, context=CONTEXT) == ["QuoteValidated"]


def test_a_time_without_its_offset_is_no_time() -> None:
    """A command that could not be compared with the clock is never made."""
    naive = NOW.replace(tzinfo=None)
    for make in (
        lambda: terms(valid_until=naive),
        lambda: evidence(quote_in(QuoteState.IN_REVIEW).quote, valid_until=naive),
        lambda: request(effective_date=naive),
        lambda: book(effective_from=naive),
        lambda: quote_in(QuoteState.ACCEPTED).command(c.ConvertQuoteToOrder, converted_at=naive),
    ):
        with pytest.raises(ValueError, match="timezone"):
            make()
