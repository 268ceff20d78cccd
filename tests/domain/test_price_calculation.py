"""Price calculations: what came out, of what, and how to repeat it (R99, R286, R392)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from domain.command import Command
from domain.price_calculation import commands as c
from domain.price_calculation.aggregate import MACHINE, PRICE_CALCULATION
from domain.price_calculation.events import EVENTS
from domain.price_calculation.states import PriceCalculationState
from domain.pricing.calculate import calculate
from tests.domain import machine_walk as walks
from tests.domain.desk import Desk, check_claims, check_foreign, check_wire
from tests.domain.machine_walk import Choose
from tests.domain.orders import creation
from tests.domain.price_books import AT, BOOK, PUBLICATION, ask, book, request

ID = "acme:calculation-1"
ABOUT: dict[str, Any] = {
    "quote_id": "acme:quote-1",
    "quote_version": 2,
    "catalog_publication_id": PUBLICATION,
    "request": request(ask("access", manual_discount_percent=Decimal(25)), ask("router")),
}
WITHOUT_PRICE = request(ask("unheard-of"))
SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.CalculatePrice: {**ABOUT, "price_book": BOOK},
    c.FailPriceCalculation: {**ABOUT, "failure_code": "DOWNSTREAM_TIMEOUT_PRICING"},
    c.RecalculatePrice: {"price_book": BOOK},
}


def sample(_: object, kind: type[Command], command_id: str, choose: Choose) -> Command:
    fields = dict(SAMPLES[kind])
    if "request" in fields:
        fields["request"] = choose((fields["request"], WITHOUT_PRICE))
    if "price_book" in fields:
        fields["price_book"] = choose((BOOK, book(catalog_publication_id="acme:other"), book(version="2026.2")))
    return kind(**walks.envelope(MACHINE, kind, ID, command_id, choose), **fields)


SUBJECT = walks.Subject(MACHINE, EVENTS, PriceCalculationState, sample, walks=60, steps=6)
TestWalk = walks.walk(SUBJECT, examples=30, steps=6)


def desk(*steps: type[Command]) -> Desk:
    return Desk(PRICE_CALCULATION, MACHINE, SAMPLES, ID, *steps)


def test_the_table_is_complete_and_true() -> None:
    walks.check_table(SUBJECT, c)
    walks.check_emissions(SUBJECT)
    walks.check_matrix(SUBJECT)
    walks.check_roles(SUBJECT)
    walks.check_beginning(SUBJECT)
    check_claims(desk())
    check_foreign(desk(c.CalculatePrice), creation())
    check_wire(desk(c.FailPriceCalculation, c.RecalculatePrice))


def test_a_price_carries_all_it_was_made_of() -> None:
    """R99, R286."""
    event = desk(c.CalculatePrice).last
    result = calculate(ABOUT["request"], BOOK)
    assert (event.quote_id, event.quote_version, event.account_id) == ("acme:quote-1", 2, "acme:acc-1")
    assert (event.request, event.effective_date, event.currency) == (ABOUT["request"], AT, "EUR")
    assert (event.rounding_mode, event.tax_boundary.split(":")[0]) == ("HALF_EVEN", "EXCLUDED")
    assert (event.lines, event.trace, event.rule_versions) == (result.lines, result.trace, result.rule_versions)
    assert (event.price_fingerprint, event.output_fingerprint) == (result.price_fingerprint, result.output_fingerprint)
    assert (event.discount_percent, event.discount_limit_percent) == (25, 20)
    assert [f.code for f in event.warnings] == ["POLICY_DISCOUNT_ABOVE_LIMIT"]
    assert event.replay_token == f"book-eu@2026.1#{result.input_fingerprint}"
    assert event.expires_at == result.expires_at


def test_it_can_be_repeated_from_what_was_published() -> None:
    """R582: the request in the event and the book its replay token names give the same output."""
    event = desk(c.CalculatePrice).last
    read = type(event).model_validate_json(event.model_dump_json(by_alias=True))
    again = calculate(read.request, BOOK)
    assert (again.output_fingerprint, again.input_fingerprint) == (event.output_fingerprint, event.input_fingerprint)


def test_no_price_is_a_failure_that_names_what_is_missing() -> None:
    """R392, R546: no line is priced when one cannot be."""
    found = desk()
    assert found.send(c.CalculatePrice, request=WITHOUT_PRICE) == ["PriceCalculationFailed"]
    assert (found.last.failure_code, found.last.retryable) == ("REFERENCE_PRICE_MISSING", True)
    assert [f.code for f in found.last.errors] == ["REFERENCE_PRICE_MISSING"]
    assert found.state.price is None


def test_pricing_that_is_away_fails_openly_and_is_asked_again() -> None:
    """R392: degraded mode has no price; the next try answers the same request."""
    found = desk(c.FailPriceCalculation)
    assert (found.last.retryable, found.last.price_book_id) == (True, None)
    assert found.send(c.RecalculatePrice) == ["PriceCalculated"]
    assert (found.last.attempt, found.last.from_state, found.last.to_state) == (2, "FAILED", "CALCULATED")
    assert found.last.request == ABOUT["request"]
    assert found.refused(c.RecalculatePrice).code == "STATE_ILLEGAL_TRANSITION"


def test_only_the_book_of_the_quotes_publication_prices_it() -> None:
    """R280."""
    other = book(catalog_publication_id="acme:other")
    assert desk().refused(c.CalculatePrice, price_book=other).code == "CONFLICT_PRICE_BOOK"
    assert desk(c.FailPriceCalculation).refused(c.RecalculatePrice, price_book=other).code == "CONFLICT_PRICE_BOOK"


@pytest.mark.parametrize("field", ["quote_id", "catalog_publication_id"])
def test_another_tenants_quote_cannot_be_priced(field: str) -> None:
    """R511."""
    assert desk().refused(c.CalculatePrice, **{field: "other:thing"}).code == "AUTHORIZATION_TENANT"
    assert desk().refused(c.CalculatePrice, request=request()).code == "STRUCTURAL_NO_LINES"
