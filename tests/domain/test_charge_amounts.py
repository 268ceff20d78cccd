"""What is due for some days: amounts computed by hand, to the cent (R521-R525, R531, R533-R535, R273-R277)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_calendar import Days, later, midnight, period_of, periods_in, utc_day
from domain.charge.invoice import discount_percent, invoice_amount, invoice_lines
from domain.charge.schedule import Basis, Schedule
from domain.commercial import ChargeKind, Discount, Period, PriceComponent, UsageTier
from domain.currency import EXPONENTS, exponent, rounded
from domain.money import Money


def component(amount: str, period: Period | None = Period.MONTH, **fields: Any) -> PriceComponent:
    currency = fields.pop("currency", "EUR")
    fields.setdefault("kind", ChargeKind.RECURRING if period else ChargeKind.ONE_TIME)
    return PriceComponent(
        component_id="c", price=Money(amount=Decimal(amount), currency=currency), period=period, **fields
    )


def basis(start: str, price: PriceComponent, until: str | None = None) -> Basis:
    return Basis(date.fromisoformat(start), price, date.fromisoformat(until) if until else None)


def days(start: str, end: str) -> Days:
    return Days(date.fromisoformat(start), date.fromisoformat(end))


def due(schedule: Schedule, start: str, end: str, usage: str | None = None) -> str:
    return str(invoice_amount(schedule, days(start, end), None if usage is None else Decimal(usage)).amount)


def steps(*found: tuple[int | None, str]) -> tuple[UsageTier, ...]:
    return tuple(UsageTier(up_to=end, price=Money(amount=Decimal(p), currency="EUR")) for end, p in found)


def test_a_one_time_charge_is_due_once_in_full() -> None:
    """R521."""
    schedule = Schedule((basis("2026-03-15", component("250.00", None)),))
    assert due(schedule, "2026-03-01", "2026-04-01") == "250.00"
    assert due(schedule, "2026-02-01", "2026-03-01") == due(schedule, "2026-04-01", "2026-05-01") == "0"
    assert due(schedule.ended(date(2026, 3, 15)), "2026-03-01", "2026-04-01") == "0"
    assert due(schedule.ended(date(2026, 3, 16)), "2026-03-01", "2026-04-01") == "250.00"


def test_a_month_is_due_by_its_days() -> None:
    """R522: 349.00 x 2; from the 11th of April 20 of 30 days, 465.333..."""
    schedule = Schedule((basis("2026-04-11", component("349.00", quantity=2)),))
    assert due(schedule, "2026-04-01", "2026-05-01") == "465.33"
    assert due(schedule, "2026-05-01", "2026-06-01") == "698.00"
    assert due(schedule, "2026-03-01", "2026-04-01") == "0"
    (line,) = invoice_lines(schedule, days("2026-04-01", "2026-05-01"))
    assert (line.days, line.period_days, line.quantity) == (20, 30, 2)
    assert (line.covers_from, line.covers_until) == (midnight(date(2026, 4, 11)), midnight(date(2026, 5, 1)))


def test_a_year_in_advance() -> None:
    """R523: 1200 a year; from the 15th of March 292 of 365 days; a leap year counts 366."""
    assert due(Schedule((basis("2026-01-01", component("1200.00", Period.YEAR)),)), "2026-01-01", "2027-01-01") == (
        "1200.00"
    )
    late = Schedule((basis("2026-03-15", component("1200.00", Period.YEAR)),))
    assert due(late, "2026-01-01", "2027-01-01") == "960.00"  # 1200 x 292 / 365
    assert due(late, "2027-01-01", "2028-01-01") == "1200.00"
    leap = Schedule((basis("2028-02-29", component("1200.00", Period.YEAR)),))
    assert due(leap, "2028-01-01", "2029-01-01") == "1006.56"  # 307 / 366: 1006.557...


def test_quarters() -> None:
    """From the 15th of May 47 of the 91 days of April to June: 300 x 47 / 91 = 154.945..."""
    schedule = Schedule((basis("2026-05-15", component("300.00", Period.QUARTER)),))
    assert due(schedule, "2026-04-01", "2026-07-01") == "154.95"
    assert due(schedule, "2026-04-01", "2026-10-01") == "454.95"


def test_tiered_usage() -> None:
    """R524: the first 1000 at 0.10, up to 5000 at 0.08, then 0.05: 100 + 320 + 25.05."""
    for last in (None, 9000):
        price = component(
            "0.10", None, kind=ChargeKind.USAGE, tiers=steps((1000, "0.10"), (5000, "0.08"), (last, "0.05"))
        )
        schedule = Schedule((basis("2026-01-01", price),))
        assert due(schedule, "2026-03-01", "2026-04-01", "5501") == "445.05"
        assert due(schedule, "2026-03-01", "2026-04-01", "1000") == "100.00"
        assert due(schedule, "2026-03-01", "2026-04-01", "1000.5") == "100.04"
        assert due(schedule, "2026-03-01", "2026-04-01", "0") == "0"
        assert due(schedule, "2025-12-01", "2026-01-01", "10") == "0"
        assert due(schedule, "2026-03-01", "2026-04-01", "10000") == "670.00"  # 420 + 5000 x 0.05
    plain = Schedule((basis("2026-01-01", component("0.0035", None, kind=ChargeKind.USAGE)),))
    assert due(plain, "2026-03-01", "2026-04-01", "12345") == "43.21"  # 43.2075


def test_volume_discount() -> None:
    """R525: pricing gave 15 % for sixty units; more units later keep what was accepted for them."""
    price = component("10.00", quantity=60, discounts=(Discount(percent=Decimal(15)),))
    schedule = Schedule((basis("2026-01-01", price),))
    assert due(schedule, "2026-03-01", "2026-04-01") == "510.00"
    more = component("10.00", quantity=100, discounts=(Discount(percent=Decimal("17.5")),))
    # sixteen days of 510 and fifteen of 825, of thirty-one: 263.225... + 399.193...
    assert due(schedule.amended(basis("2026-03-17", more)), "2026-03-01", "2026-04-01") == "662.42"


@pytest.mark.parametrize(
    ("amount", "currency", "days_billed", "expected"),
    [
        ("0.05", "EUR", 15, "0.02"),  # 0.025 goes to the even cent
        ("0.15", "EUR", 15, "0.08"),  # 0.075 goes to the even cent
        ("0.07", "EUR", 15, "0.04"),  # 0.035
        ("1001", "JPY", 15, "500"),  # 500.5
        ("1003", "JPY", 15, "502"),  # 501.5
        ("10.001", "KWD", 15, "5.000"),  # 5.0005
        ("10.0001", "CLF", 10, "3.3334"),  # 3.33336...
    ],
)
def test_rounding_is_half_even_at_the_minor_unit(amount: str, currency: str, days_billed: int, expected: str) -> None:
    """R531: in a month of 30 days."""
    schedule = Schedule((basis("2026-04-01", component(amount, currency=currency)),))
    end = date(2026, 4, 1) + timedelta(days=days_billed)
    assert str(invoice_amount(schedule, Days(date(2026, 4, 1), end)).amount) == expected


def test_an_amendment_is_prorated() -> None:
    """R533: 100 for 15 of 30 days, 160 for the other 15."""
    schedule = Schedule((basis("2026-01-01", component("100.00")),)).amended(basis("2026-04-16", component("160.00")))
    assert due(schedule, "2026-04-01", "2026-05-01") == "130.00"
    assert due(schedule, "2026-03-01", "2026-06-01") == "390.00"
    assert [str(line.amount.amount) for line in invoice_lines(schedule, days("2026-04-01", "2026-05-01"))] == [
        "50.00",
        "80.00",
    ]


def test_a_downgrade_leaves_a_credit() -> None:
    """R534: 1200 for the year were claimed; 600 from the 1st of July on make 595.07 + 302.47 due, 302.46 too little."""
    schedule = Schedule((basis("2026-01-01", component("1200.00", Period.YEAR)),))
    assert due(schedule, "2026-01-01", "2027-01-01") == "1200.00"
    changed = schedule.amended(basis("2026-07-01", component("600.00", Period.YEAR)))
    # 1200 x 181 / 365 = 595.068..., 600 x 184 / 365 = 302.465...
    assert due(changed, "2026-01-01", "2027-01-01") == "897.54"


def test_a_renewal_ends_together_with_the_main_contract() -> None:
    """R535: added on the 15th of March to a contract that ends on the 1st of October, then renewed for a year."""
    add_on = Schedule((basis("2026-03-15", component("50.00"), "2026-10-01"),))
    assert due(add_on, "2026-03-01", "2026-04-01") == "27.42"  # 17 / 31: 27.419...
    assert due(add_on, "2026-09-01", "2026-10-01") == "50.00"
    assert due(add_on, "2026-10-01", "2026-11-01") == "0"
    renewed = add_on.amended(basis("2026-10-01", component("45.00"), "2027-10-01"))
    assert due(renewed, "2026-09-01", "2026-11-01") == "95.00"
    assert due(renewed, "2027-09-01", "2027-11-01") == "45.00"
    year = Schedule((basis("2026-03-15", component("365.00", Period.YEAR), "2026-12-31"),))
    assert due(year, "2026-01-01", "2027-01-01") == "291.00"


def test_a_discount_ends_after_its_periods() -> None:
    """R273: 20 % for twelve months from the 15th of March, and 5 % for good: 25 % of 100, then 5 %."""
    price = component("100.00", discounts=(Discount(percent=Decimal(20), periods=12), Discount(percent=Decimal(5))))
    schedule = Schedule((basis("2026-03-15", price),))
    assert due(schedule, "2026-04-01", "2026-05-01") == "75.00"
    assert due(schedule, "2027-02-01", "2027-03-01") == "75.00"
    # 14 of 31 days at 75, 17 of 31 at 95: 33.870... + 52.096...
    assert due(schedule, "2027-03-01", "2027-04-01") == "85.97"
    assert due(schedule, "2027-04-01", "2027-05-01") == "95.00"
    assert discount_percent(schedule.current, date(2027, 3, 14)) == 25
    assert discount_percent(schedule.current, date(2027, 3, 15)) == 5


def test_more_than_everything_is_never_given_away() -> None:
    price = component("100.00", discounts=(Discount(percent=Decimal(80)), Discount(percent=Decimal(40))))
    assert due(Schedule((basis("2026-01-01", price),)), "2026-04-01", "2026-05-01") == "0.00"


def test_a_pause_is_not_billed() -> None:
    """R276: ten of thirty days paused, 99 x 20 / 30; paused in two pieces the same."""
    schedule = Schedule((basis("2026-01-01", component("99.00")),)).paused(date(2026, 4, 6))
    assert due(schedule, "2026-04-01", "2026-05-01") == "16.50"  # 5 / 30
    assert due(schedule, "2026-05-01", "2026-06-01") == "0"
    once = schedule.resumed(date(2026, 4, 16))
    assert due(once, "2026-04-01", "2026-05-01") == "66.00"
    twice = schedule.resumed(date(2026, 4, 11)).paused(date(2026, 4, 21)).resumed(date(2026, 4, 26))
    assert due(twice, "2026-04-01", "2026-05-01") == "66.00"


def test_a_correction_counts_for_the_days_of_what_it_corrects() -> None:
    """R500: 100 was wrong from the beginning, 90 is right; the terms before stay."""
    schedule = Schedule((basis("2026-01-01", component("80.00")),)).amended(basis("2026-03-01", component("100.00")))
    right = schedule.corrected(basis("2026-03-01", component("90.00")))
    assert due(right, "2026-02-01", "2026-04-01") == "170.00"
    later_start = schedule.corrected(basis("2026-04-01", component("90.00")))
    assert due(later_start, "2026-03-01", "2026-05-01") == "170.00"
    earlier = schedule.corrected(basis("2025-12-01", component("90.00")))
    assert earlier.start == date(2025, 12, 1)
    assert due(earlier, "2026-01-01", "2026-02-01") == "90.00"


def test_currencies_and_their_minor_units() -> None:
    assert (exponent("EUR"), exponent("JPY"), exponent("KWD"), exponent("CLF")) == (2, 0, 3, 4)
    assert len(EXPONENTS) > 150
    for code in ("XXX", "XAU", "eur", "ZZZ"):
        with pytest.raises(ValueError, match="no ISO 4217"):
            rounded(Fraction(1), code)


def test_days_are_utc_days() -> None:
    late = datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert utc_day(late) == date(2026, 2, 28)
    assert utc_day(datetime(2026, 3, 1, tzinfo=UTC)) == date(2026, 3, 1)


def test_the_edges_of_the_calendar_are_days_too() -> None:
    west, east = timezone(timedelta(hours=-5)), timezone(timedelta(hours=5))
    assert utc_day(datetime(9999, 12, 31, 23, tzinfo=west)) == date.max
    assert utc_day(datetime(1, 1, 1, 1, tzinfo=east)) == date.min
    schedule = Schedule((Basis(date.max, component("10.00", None)),))
    assert invoice_amount(schedule, Days(date(9999, 12, 1), date.max)).amount == 0
    endless = component("31.00", discounts=(Discount(percent=Decimal(50), periods=10**6),))
    assert due(Schedule((basis("9999-12-01", endless),)), "9999-12-01", "9999-12-31") == "15.50"


def test_months_are_clipped_to_their_last_day() -> None:
    assert later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert later(date(2027, 11, 30), 3) == date(2028, 2, 29)
    assert later(date(9999, 6, 1), 12) == date.max


DATES = st.dates(date(2024, 1, 1), date(2029, 12, 31))


@given(DATES, DATES, st.sampled_from(Period))
def test_periods_cover_a_range_without_gap(start: date, end: date, period: Period) -> None:
    found = list(periods_in(Days(start, end), period))
    assert sum(p.within(Days(start, end)).count for p in found) == max(0, (end - start).days)
    assert all(a.end == b.start for a, b in pairwise(found))
    assert all(period_of(p.start, period) == p for p in found)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    made = Schedule((Basis(draw(DATES), _price(draw)),))
    for _ in range(draw(st.integers(0, 3))):
        start = made.current.effective_from + timedelta(days=draw(st.integers(0, 200)))
        made = made.amended(Basis(start, _price(draw)))
    if draw(st.booleans()):
        day = made.start + timedelta(days=draw(st.integers(0, 300)))
        made = made.paused(day).resumed(day + timedelta(days=draw(st.integers(0, 90))))
    if draw(st.booleans()):
        made = made.ended(made.start + timedelta(days=draw(st.integers(0, 900))))
    return made


def _price(draw: st.DrawFn) -> PriceComponent:
    percents = draw(st.lists(st.integers(0, 100), max_size=2))
    lasting = st.none() | st.integers(1, 24)
    return component(
        str(Decimal(draw(st.integers(0, 99_999))) / 100),
        draw(st.sampled_from(Period)),
        quantity=draw(st.integers(1, 9)),
        discounts=tuple(Discount(percent=Decimal(p), periods=draw(lasting)) for p in percents),
    )


def _day_by_day(schedule: Schedule, window: Days) -> Fraction:
    """What is due, by asking of each single day what it costs."""
    found = Fraction(0)
    for number in range(window.count):
        day = window.start + timedelta(days=number)
        known = [b for b in schedule.bases if b.effective_from <= day]
        ended = schedule.ended_on is not None and day >= schedule.ended_on
        if not known or ended or any(p.start <= day < p.end for p in schedule.pauses):
            continue
        price = known[-1].component
        assert price.period is not None
        whole = Fraction(price.price.amount) * price.quantity * (100 - Fraction(discount_percent(known[-1], day))) / 100
        found += whole / period_of(day, price.period).count
    return found


@given(schedules(), DATES, st.integers(1, 400))
@settings(max_examples=150, deadline=None)
def test_lines_are_what_the_days_cost(schedule: Schedule, start: date, count: int) -> None:
    """Each line is off by half a cent at most, and their sum by no more than they are many."""
    window = Days(start, start + timedelta(days=count))
    lines = invoice_lines(schedule, window)
    amount = invoice_amount(schedule, window).amount
    assert amount == sum(line.amount.amount for line in lines)
    assert abs(Fraction(amount) - _day_by_day(schedule, window)) <= Fraction(len(lines), 200)
    assert all(0 < (line.days or 0) <= (line.period_days or 0) for line in lines)
