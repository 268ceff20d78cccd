"""Golden datasets of pricing (R521-R532): every figure was worked out by hand, with the sum beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from domain.commercial import ChargeKind, Period
from domain.currency import rounded
from domain.order_state.states import Action
from domain.pricing.calculate import calculate, rated
from domain.pricing.terms import PriceResult, TraceStep
from tests.domain.price_books import AT, BOOK, ENTRIES, TIERS, ask, book, entry, policy, price, promotion, request

MONTHLY = (ChargeKind.RECURRING, Period.MONTH)


def charges(result: PriceResult, line: int = 0) -> dict[tuple[ChargeKind, Period | None], str]:
    return {(c.kind, c.period): str(c.amount.amount) for c in result.lines[line].charges}


def discounts(result: PriceResult, line: int = 0, component: int = 0) -> list[tuple[str, int | None, str | None]]:
    found = result.lines[line].components[component].discounts
    return [(str(d.percent), d.periods, d.evidence_ref) for d in found]


def codes(result: PriceResult) -> list[str]:
    return [f.code for f in (*result.errors, *result.warnings)]


def test_simple_one_time_charge() -> None:
    """R521: 99.00 once for each of two units = 198.00."""
    only = book(entries=tuple(e for e in ENTRIES if e.component_id == "install"))
    result = price(ask("access", quantity=2), price_book=only)
    assert charges(result) == {(ChargeKind.ONE_TIME, None): "198.00"}
    assert result.lines[0].components[0].quantity == 2
    assert result.lines[0].components[0].period is None


def test_recurring_monthly_charge() -> None:
    """R522: 349.00 a month beside 99.00 once."""
    result = price(ask("access"))
    assert charges(result) == {MONTHLY: "349.00", (ChargeKind.ONE_TIME, None): "99.00"}
    assert result.lines[0].price_version == "book-eu@2026.1"
    assert result.errors == result.warnings == ()


def test_annual_prepaid_charge() -> None:
    """R523: 3 x 1188.00 a year = 3564.00."""
    assert charges(price(ask("support", quantity=3))) == {(ChargeKind.RECURRING, Period.YEAR): "3564.00"}


def test_tiered_usage() -> None:
    """R524: 650 units = 100 x 0.10 + 400 x 0.08 + 150 x 0.05 = 10.00 + 32.00 + 7.50 = 49.50; the steps are agreed."""
    result = price(ask("traffic", expected_usage=650))
    assert charges(result) == {(ChargeKind.USAGE, None): "49.50"}
    assert result.lines[0].components[0].tiers == TIERS
    assert result.lines[0].components[0].quantity == 1


@pytest.mark.parametrize(
    ("units", "amount"), [(0, "0"), (1, "0.10"), (100, "10.00"), (101, "10.08"), (500, "42.00"), (501, "42.05")]
)
def test_tiers_at_their_edges(units: int, amount: str) -> None:
    """R524: the last unit of a step is charged by that step, the next one by the next."""
    assert rated(units, Decimal("0.10"), TIERS) == Decimal(amount)


def test_usage_beyond_the_last_step_costs_what_the_last_step_costs() -> None:
    """R524: 100 x 0.10 + 400 x 0.08 + 100 x 0.08 = 50.00."""
    assert rated(600, Decimal("0.10"), TIERS[:2]) == Decimal("50.00")


def test_usage_nobody_has_estimated_is_agreed_but_not_summed() -> None:
    result = price(ask("calls"))
    assert charges(result) == {}
    assert codes(result) == ["POLICY_USAGE_NOT_ESTIMATED"]
    assert str(result.lines[0].components[0].price.amount) == "0.0125"
    assert charges(price(ask("calls", expected_usage=1000))) == {(ChargeKind.USAGE, None): "12.50"}


@pytest.mark.parametrize(
    ("seats", "amount", "evidence"),
    [
        (9, "66.15", []),  # 9 x 7.35
        (10, "69.82", [("5", None, "seats@2")]),  # 73.50 x 0.95 = 69.825, half to even 69.82
        (49, "342.14", [("5", None, "seats@2")]),  # 360.15 x 0.95 = 342.1425
        (50, "321.56", [("12.5", None, "seats@2")]),  # 367.50 x 0.875 = 321.5625
    ],
)
def test_volume_discount(seats: int, amount: str, evidence: list[tuple[str, int | None, str | None]]) -> None:
    """R525: the highest step reached counts for every unit."""
    result = price(ask("seat", quantity=seats))
    assert charges(result) == {MONTHLY: amount}
    assert discounts(result) == evidence


def test_bundle_discount() -> None:
    """R526: the router costs 12.50 x 0.8 = 10.00 beside an access, 12.50 alone."""
    assert charges(price(ask("router"))) == {MONTHLY: "12.50"}
    together = price(ask("access"), ask("router"))
    assert charges(together, 1) == {MONTHLY: "10.00"}
    assert discounts(together, 1) == [("20", None, "access-and-router@1")]
    assert charges(together)[MONTHLY] == "349.00"


def test_promotion_stacking() -> None:
    """R527: 10 and 5 percent off 349.00 = 349.00 x 0.85 = 296.65; installation 99.00 x 0 = 0.00."""
    result = price(ask("access"), promotion_ids=("spring", "free-install", "first-year"))
    assert charges(result) == {MONTHLY: "296.65", (ChargeKind.ONE_TIME, None): "0.00"}
    assert discounts(result, component=1) == [("10", 12, "first-year@1"), ("5", None, "spring@1")]
    assert discounts(result, component=0) == [("100", None, "free-install@1")]


def test_promotion_exclusion() -> None:
    """R528: of two that exclude each other the smaller rank stays: 349.00 x 0.75 = 261.75."""
    result = price(ask("access"), promotion_ids=("first-year", "winback"))
    assert charges(result)[MONTHLY] == "261.75"
    assert codes(result) == ["POLICY_PROMOTION_EXCLUDED"]
    assert [t.rule for t in result.trace if t.step is TraceStep.PROMOTION_EXCLUDED] == ["first-year@1"]


def test_one_promotion_of_a_group() -> None:
    """R528: 349.00 x 0.97 = 338.53."""
    result = price(ask("access"), promotion_ids=("loyalty-b", "loyalty-a"))
    assert charges(result)[MONTHLY] == "338.53"


def test_an_expired_promotion_is_left_out_and_an_unknown_one_blocks() -> None:
    """R552."""
    expired = price(ask("access"), promotion_ids=("christmas",))
    assert charges(expired)[MONTHLY] == "349.00"
    assert codes(expired) == ["POLICY_PROMOTION_NOT_IN_FORCE"]
    unknown = price(ask("access"), promotion_ids=("moonshine",))
    assert (unknown.lines, unknown.price_fingerprint) == ((), None)
    assert codes(unknown) == ["REFERENCE_PROMOTION_UNKNOWN"]


def test_contracted_price() -> None:
    """R529, R551: 300.00 for the account that agreed it, in any region; no promotion comes on top."""
    result = price(ask("access"), account_id="acme:acc-9", region="north", promotion_ids=("first-year",))
    assert charges(result)[MONTHLY] == "300.00"
    assert discounts(result, component=1) == []
    by_hand = price(ask("access", manual_discount_percent=Decimal(10)), account_id="acme:acc-9")
    assert charges(by_hand)[MONTHLY] == "270.00"


def test_regional_price_and_currency() -> None:
    """R530: the regional price beats the general one; each currency has prices of its own, none is converted."""
    assert charges(price(ask("access"), region="north"))[MONTHLY] == "329.00"
    assert charges(price(ask("access"), region="south"))[MONTHLY] == "349.00"
    yen = price(ask("access", manual_discount_percent=Decimal("0.0001")), currency="JPY")
    assert charges(yen)[MONTHLY] == "1499998"  # 1500000 x 0.999999 = 1499998.5, half to even
    assert {c.amount.currency for c in yen.lines[0].charges} == {"JPY"}
    assert codes(price(ask("access"), currency="CHF")) == ["REFERENCE_PRICE_MISSING"]
    nowhere = book(entries=(entry("access", "monthly", "1", currency="ZZZ"),))
    assert codes(price(ask("access"), currency="ZZZ", price_book=nowhere)) == ["REFERENCE_CURRENCY_UNKNOWN"]


@pytest.mark.parametrize(
    ("amount", "currency", "charged"),
    [
        ("0.125", "EUR", "0.12"),
        ("0.135", "EUR", "0.14"),
        ("0.1250001", "EUR", "0.13"),
        ("-0.125", "EUR", "-0.12"),
        ("2.5", "JPY", "2"),
        ("3.5", "JPY", "4"),
        ("0.0005", "KWD", "0.000"),
        ("0.0015", "KWD", "0.002"),
    ],
)
def test_rounding_at_the_edge(amount: str, currency: str, charged: str) -> None:
    """R531: halves go to the even digit of the minor unit."""
    assert str(rounded(Fraction(amount), currency)) == charged


def test_each_component_is_rounded_before_it_is_summed() -> None:
    """R531: 0.05 x 0.9 = 0.045 rounds to 0.04; two such components are 0.08, not 0.09."""
    two = (entry("half", "a", "0.05"), entry("half", "b", "0.05"))
    result = price(ask("half", manual_discount_percent=Decimal(10)), price_book=book(entries=two))
    assert charges(result) == {MONTHLY: "0.08"}


@pytest.mark.parametrize(("percent", "needed"), [("20", False), ("20.0000", False), ("20.0001", True), ("40", True)])
def test_approval_threshold(percent: str, needed: bool) -> None:
    """R532, R563: the limit itself needs no approval; anything above it does, and names no evidence yet (R449)."""
    result = price(ask("access", manual_discount_percent=Decimal(percent)))
    assert result.needs_approval is needed
    assert result.discount_limit_percent == 20
    assert result.discount_percent == Decimal(percent)
    assert codes(result) == (["POLICY_DISCOUNT_ABOVE_LIMIT"] if needed else [])
    assert discounts(result)[-1][-1] == (None if needed else "discount-policy@3")


def test_the_limit_follows_the_segment() -> None:
    """R532."""
    own = book(discount_policy=policy(limit_percent_by_segment={"ENTERPRISE": Decimal(30)}))
    line = ask("access", manual_discount_percent=Decimal(25))
    assert price(line, price_book=own, segment="ENTERPRISE").needs_approval is False
    assert price(line, price_book=own, segment="SMALL").needs_approval is True


def test_configuration_decides_the_price() -> None:
    assert charges(price(ask("line", configuration={"speed": "1000"})))[MONTHLY] == "90.00"
    assert codes(price(ask("line", configuration={"speed": "7"}))) == ["REFERENCE_PRICE_MISSING"]


def test_what_the_bundle_pays_for_has_no_price_of_its_own() -> None:
    """R470; what brings nothing new costs nothing."""
    result = price(ask("access"), ask("static-ip", parent_line_id="line-access"), ask("seat", action=Action.NO_CHANGE))
    assert [len(line.components) for line in result.lines] == [2, 0, 0]
    assert codes(price(ask("static-ip"))) == ["REFERENCE_PRICE_MISSING"]


def test_two_prices_at_once_and_a_book_out_of_force_block() -> None:
    """R537, R544: no silent guess (R392)."""
    twice = book(entries=(entry("x", "m", "1", rule_id="x-1"), entry("x", "m", "2", rule_id="x-2")))
    assert codes(price(ask("x"), price_book=twice)) == ["CONFLICT_PRICE_AMBIGUOUS"]
    old = book(effective_until=AT)
    assert codes(price(ask("access"), price_book=old)) == ["STALENESS_PRICE_BOOK"]
    too_much = price(ask("access", manual_discount_percent=Decimal(91)), promotion_ids=("first-year",))
    assert codes(too_much) == ["POLICY_DISCOUNT_TOTAL", "POLICY_DISCOUNT_ABOVE_LIMIT"]
    assert codes(price(ask("access"), ask("access"))) == ["STRUCTURAL_DUPLICATE_LINE"]
    huge = book(entries=(entry("x", "m", "9999999999999999"),))
    assert codes(price(ask("x", quantity=1_000_000), price_book=huge)) == ["STRUCTURAL_AMOUNT_TOO_LARGE"]
    both = (promotion("p", "1", "access"), promotion("p", "2", "access", rule_version="2"))
    assert codes(price(ask("access"), price_book=book(promotions=both), promotion_ids=("p",))) == [
        "CONFLICT_PROMOTION_AMBIGUOUS"
    ]


def test_a_price_lasts_no_longer_than_what_it_is_made_of() -> None:
    """R99."""
    assert price(ask("access")).expires_at == datetime(2026, 3, 31, 9, tzinfo=UTC)
    ends = datetime(2026, 3, 10, tzinfo=UTC)
    short = book(promotions=(promotion("week", "1", "access", effective_until=ends),))
    assert price(ask("access"), price_book=short).expires_at == datetime(2026, 3, 31, 9, tzinfo=UTC)
    assert price(ask("access"), price_book=short, promotion_ids=("week",)).expires_at == ends


def test_the_result_says_how_it_came_about() -> None:
    """R286, R99, R113."""
    result = price(ask("access", manual_discount_percent=Decimal(5)), promotion_ids=("spring",))
    steps = [(t.component_id, t.step.value, t.rule) for t in result.trace if t.component_id == "monthly"]
    assert steps == [
        ("monthly", "LIST_PRICE", "access-monthly-EUR@1"),
        ("monthly", "PROMOTION", "spring@1"),
        ("monthly", "MANUAL_DISCOUNT", "discount-policy@3"),
        ("monthly", "NET_CHARGE", None),
    ]
    amounts = [t.after.amount for t in result.trace if t.component_id == "monthly" and t.after]
    assert amounts == [Decimal("349.00"), Decimal("331.55"), Decimal("314.10"), Decimal("314.10")]
    assert result.rule_versions == {
        "access-install-EUR": "1",
        "access-monthly-EUR": "1",
        "book-eu": "2026.1",
        "calculation": "pricing.v1",
        "discount-policy": "3",
        "spring": "1",
    }


def test_the_same_input_gives_the_same_result_and_any_other_another() -> None:
    """R285, R314."""
    one = request(ask("access"), ask("router"))
    assert calculate(one, BOOK) == calculate(one.model_copy(), BOOK.model_copy())
    dearer = book(entries=(entry("access", "monthly", "350.00", rule_version="2"), *ENTRIES[1:]))
    again = calculate(one, dearer)
    first = calculate(one, BOOK)
    assert again.price_fingerprint != first.price_fingerprint
    assert again.input_fingerprint != first.input_fingerprint
    renamed = calculate(one, book(version="2026.2"))
    assert renamed.price_fingerprint == first.price_fingerprint
    assert renamed.input_fingerprint != first.input_fingerprint
