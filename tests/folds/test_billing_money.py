"""Money at risk against an oracle of its own: every day counted by itself, in fractions (R241, R273, R276)."""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_verdict.fold import BillingHandoffs
from domain.billing_verdict.remembered import place_of
from domain.fold.facts import Facts
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from tests.domain.orders import price
from tests.folds.billing_story import MONTHLY, Story, at, us

PRODUCT = "acme:order-0/a"
PLACES = {"EUR": 2, "JPY": 0, "KWD": 3}
ONE_DAY = timedelta(days=1)
FAR = date(9999, 12, 31)


@dataclass(frozen=True)
class Terms:
    """What is agreed or charged: an amount for each period, and reductions with the periods they last."""

    amount: Decimal
    quantity: int
    period: str
    discounts: tuple[tuple[Decimal, int | None], ...]


@dataclass(frozen=True)
class Happening:
    """From a day on something else holds: BEGIN and AMEND bring terms, SUSPEND, RESUME and END do not."""

    day: date
    what: str
    terms: Terms | None = None


def _after_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])) if year < 9999 else FAR


def _period_days(day: date, period: str) -> int:
    if period == "YEAR":
        return 366 if isleap(day.year) else 365
    months = [day.month] if period == "MONTH" else range((day.month - 1) // 3 * 3 + 1, (day.month - 1) // 3 * 3 + 4)
    return sum(monthrange(day.year, month)[1] for month in months)


def due_on(day: date, happenings: list[Happening]) -> Fraction:
    """What one side makes of a day, read off what happened up to it."""
    terms, anchor, paused = None, day, False
    for one in happenings:
        if one.day > day:
            break
        if one.what in ("BEGIN", "AMEND"):
            terms, anchor = one.terms, one.day
        elif one.what == "END":
            terms, paused = None, False
        else:
            paused = one.what == "SUSPEND"
    if terms is None or paused:
        return Fraction(0)
    length = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[terms.period]
    off = sum(
        (percent for percent, n in terms.discounts if n is None or day < _after_months(anchor, n * length)), Decimal(0)
    )
    whole = Fraction(terms.amount) * terms.quantity * (1 - Fraction(min(off, Decimal(100))) / 100)
    return whole / _period_days(day, terms.period)


def half_even(amount: Fraction, places: int) -> Decimal:
    units, rest = divmod(amount * 10**places, 1)
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and units % 2 == 1)
    return Decimal(int(units) + up).scaleb(-places)


def at_risk(agreed: list[Happening], charges: list[list[Happening]], until: date) -> tuple[Fraction, Fraction]:
    leakage = overbilling = Fraction(0)
    day = min(one.day for side in (agreed, *charges) for one in side)
    while day < until:
        apart = due_on(day, agreed) - sum(due_on(day, charge) for charge in charges)
        leakage += max(apart, Fraction(0))
        overbilling += max(-apart, Fraction(0))
        day += ONE_DAY
    return leakage, overbilling


TERMS = st.builds(
    Terms,
    st.sampled_from([Decimal("100"), Decimal("33.33"), Decimal("0.05"), Decimal("1234.5")]),
    st.integers(1, 3),
    st.sampled_from(["MONTH", "MONTH", "QUARTER", "YEAR"]),
    st.lists(
        st.tuples(st.sampled_from([Decimal(10), Decimal("33.3"), Decimal(70)]), st.sampled_from([None, 1, 2, 12])),
        max_size=2,
    ).map(tuple),
)
GAP = st.sampled_from([0, 1, 2, 13, 28, 29, 30, 31, 59, 200])
STARTS = st.sampled_from(
    [date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 28), date(2025, 3, 30), date(2027, 6, 1)]
)


@st.composite
def courses(draw: st.DrawFn) -> list[Happening]:
    """Terms over time on one side."""
    day = draw(STARTS) + ONE_DAY * draw(GAP)
    found = [Happening(day, "BEGIN", draw(TERMS))]
    paused = False
    for what in draw(st.lists(st.sampled_from(["AMEND", "PAUSE", "END"]), max_size=4)):
        day += ONE_DAY * draw(GAP)
        if what == "AMEND":
            found.append(Happening(day, "AMEND", draw(TERMS)))
        elif what == "PAUSE":
            found.append(Happening(day, "RESUME" if paused else "SUSPEND"))
            paused = not paused
        else:
            found.append(Happening(day, "END"))
            break
    return found


ACTIONS = {"BEGIN": "ADD", "AMEND": "MODIFY", "SUSPEND": "SUSPEND", "RESUME": "RESUME", "END": "DELETE"}
CHARGES = {
    "BEGIN": "ChargeActivated",
    "AMEND": "ChargeAmended",
    "SUSPEND": "ChargeSuspended",
    "RESUME": "ChargeResumed",
    "END": "ChargeTerminated",
}


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _component(terms: Terms, currency: str) -> dict[str, Any]:
    discounts = [{"percent": percent, "periods": periods} for percent, periods in terms.discounts]
    money = {"amount": terms.amount, "currency": currency}
    base = {"componentId": "monthly", "kind": "RECURRING", "price": money, "quantity": terms.quantity}
    return {**base, "period": terms.period, "discounts": discounts, "billedThroughItemId": None}


def _told(kind: str, subject: str, version: int, when: datetime, data: dict[str, Any], sub: int) -> Heard:
    # several things of one noon happen in their order
    time_us = us(when) + sub
    return Heard(kind, subject, "", version, f"{subject}/{version}", version, time_us, time_us, data, kind)


def ordered(agreed: list[Happening], currency: str) -> list[Heard]:
    found = []
    for number, one in enumerate(agreed):
        order = f"acme:order-{number}"
        components = [_component(one.terms, currency)] if one.terms else []
        item = {"itemId": "a", "action": ACTIONS[one.what], "productInstanceId": PRODUCT, "priceComponents": components}
        accepted = {"orderId": order, "intent": "AMENDMENT", "items": [item], "parties": {"billingAccountId": "acme:b"}}
        done = {"orderId": order, "itemId": "a", "productInstanceId": PRODUCT, "serviceActivationDate": _noon(one.day)}
        found.append(_told("ProductOrderAccepted", order, 1, _noon(one.day), accepted, 2 * number))
        found.append(_told("ProductOrderItemCompleted", order, 2, _noon(one.day), done, 2 * number + 1))
    return found


def charged(identity: str, charge: list[Happening], currency: str) -> list[Heard]:
    found = []
    for version, one in enumerate(charge, 1):
        data: dict[str, Any] = {"componentId": "monthly", "productInstanceId": PRODUCT, "billingAccountId": "acme:b"}
        data["effectiveUntil" if one.what == "END" else "effectiveFrom"] = _noon(one.day)
        if one.terms is not None:
            data |= {"component": _component(one.terms, currency), "billingTriggerDate": _noon(one.day)}
        found.append(_told(CHARGES[one.what], identity, version, _noon(one.day), data, version))
    return found


def row_of(heard: list[Heard], until: datetime) -> dict[str, Any]:
    """The row once everything has come and the time is reached; a fold may be asked for any time at once."""
    fold, facts = BillingHandoffs(), Facts()
    place = place_of("acme", PRODUCT)
    for event in heard:
        facts.hear(event, fold.says(event, place))
    derived = fold.derive(place, facts, Facts(), us(until))
    return dict(next(row.data for row in derived.rows if row.record == "BillingHandoffVerdict"))


@settings(max_examples=50, deadline=None)
@given(courses(), st.lists(courses(), max_size=2), st.sampled_from(sorted(PLACES)), GAP)
def test_money_at_risk_is_that_of_every_day_by_itself(
    agreed: list[Happening], charges: list[list[Happening]], currency: str, gap: int
) -> None:
    last = max(one.day for side in (agreed, *charges) for one in side)
    until = last + ONE_DAY * (gap + 2)
    heard = ordered(agreed, currency)
    for number, charge in enumerate(charges):
        heard += charged(f"acme:charge-{number}", charge, currency)
    # a while into the day, so that a difference of the day before has had its time to settle
    row = row_of(heard, _noon(until))
    for name, exact in zip(("leakage", "overbilling"), at_risk(agreed, charges, until), strict=True):
        wanted = {"amount": half_even(exact, PLACES[currency]), "currency": currency} if exact else None
        assert row[name] == wanted, name


@settings(max_examples=25, deadline=None)
@given(courses(), st.integers(0, 3))
def test_who_charges_what_was_agreed_puts_nothing_at_risk(agreed: list[Happening], gap: int) -> None:
    heard = [*ordered(agreed, "EUR"), *charged("acme:charge-1", agreed, "EUR")]
    row = row_of(heard, _noon(agreed[-1].day + ONE_DAY * (gap + 1)))
    assert (row["leakage"], row["overbilling"], row["history"]) == (None, None, [])
    assert row["verdict"] in ("MATCHED", "NOT_DUE")


def test_money_grows_day_by_day_and_not_within_one() -> None:
    story = Story().sold(price("310.00"), when=at(1, 10))
    amounts = [
        (story.row(when)["leakage"] or {}).get("amount") for when in (at(1, 10, 20), at(1, 11, 0), at(1, 11, 23))
    ]
    assert amounts == [None, 10, 10]
    assert story.row(at(1, 12, 0))["leakage"]["amount"] == 20


@pytest.mark.parametrize(
    ("begin", "until", "amount"),
    [
        (at(2, 28, 0, 2024), at(3, 1, 0, 2024), "2.00"),  # two of a leap February's 29 days
        (at(1, 31, 0), at(2, 1, 0), "0.94"),
        (at(1, 1, 0), at(4, 1, 0), "87.00"),
    ],
)
def test_shares_of_months_by_hand(begin: Any, until: Any, amount: str) -> None:
    row = Story().sold(price("29.00"), when=begin).row(until)
    assert row["leakage"] == {"amount": Decimal(amount), "currency": "EUR"}


def test_a_currency_nobody_can_pay_in_is_rounded_to_the_scale_of_the_wire() -> None:
    terms = Terms(Decimal(100), 1, "MONTH", ())
    row = row_of(ordered([Happening(date(2026, 1, 31), "BEGIN", terms)], "XXX"), at(2, 2))
    assert row["leakage"]["amount"] == Decimal("6.7972")


def test_reaching_a_time_day_by_day_is_reaching_it_at_once() -> None:
    story = Story().sold(price("100.00"), when=at(1, 10))
    until = at(1, 20)
    stepwise = rows_of(BillingHandoffs(), story.heard, us(until))["BillingHandoffVerdict", MONTHLY].data
    fold, facts = BillingHandoffs(), Facts()
    place = place_of("acme", "acme:order-1/a")
    for event in story.heard:
        if place in fold.places(event):
            facts.hear(event, fold.says(event, place))
    at_once = fold.derive(place, facts, Facts(), us(until))
    assert at_once.rows[0].data == stepwise
