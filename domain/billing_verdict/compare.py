"""The commercial bases of both sides held together, field by field (R237, R272-R277)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from domain.billing_verdict.course import Course
from domain.billing_verdict.terms import component_of
from domain.commercial import ChargeKind, PriceComponent
from domain.tolerance import Tolerance

START = "start"
AMOUNT = "amount"
TRIGGER = "billingTriggerDate"


class Side(NamedTuple):
    """By what one side bills on a day, and since when."""

    component: PriceComponent
    text: str
    billing_account_id: str | None
    trigger_us: int | None
    triggers: frozenset[date]
    start: date | None
    once: bool


class Differing(NamedTuple):
    """A field in which both sides differ, as texts; `tolerated` when the difference is small enough."""

    field: str
    expected: str | None
    actual: str | None
    tolerated: bool = False


def side(course: Course, number: int, day: date) -> Side:
    """What a course bills by on a day, by the basis of this number."""
    note, basis = course.note(number), course.schedule.bases[number]
    start = course.schedule.start if course.once or course.in_force(day) is None else course.since(day)
    triggers = frozenset(course.triggers(day))
    return Side(basis.component, note.text, note.billing_account_id, note.trigger_us, triggers, start, course.once)


def agreed(text: str, billing_account_id: str | None) -> Side:
    """Terms that were accepted and do not count yet."""
    component = component_of(text)
    once = component.kind is ChargeKind.ONE_TIME
    return Side(component, text, billing_account_id, None, frozenset(), None, once)


def differing(expected: Side, actual: Side, tolerance: Tolerance) -> Iterator[Differing]:
    """Every field in which billing departs from what was agreed; what the agreement leaves open cannot differ.

    A price due once has no start to keep: it is compared by what it comes to.
    """
    if expected.text != actual.text:
        yield from _terms(expected.component, actual.component, tolerance)
    if expected.billing_account_id not in (None, actual.billing_account_id):
        yield Differing("billingAccountId", expected.billing_account_id, actual.billing_account_id)
    if expected.once:
        return
    if expected.start is not None and actual.start is not None and expected.start != actual.start:
        yield Differing(START, expected.start.isoformat(), actual.start.isoformat())
    if expected.triggers and actual.triggers and not expected.triggers & actual.triggers:
        yield Differing(TRIGGER, max(expected.triggers).isoformat(), max(actual.triggers).isoformat())


def _terms(expected: PriceComponent, actual: PriceComponent, tolerance: Tolerance) -> Iterator[Differing]:
    same_currency = expected.price.currency == actual.price.currency
    for name, wanted, found in zip(_FIELDS, _texts(expected), _texts(actual), strict=True):
        if wanted == found or (name == "priceFingerprint" and wanted is None):
            continue
        agreed = Fraction(expected.price.amount), Fraction(actual.price.amount)
        yield Differing(name, wanted, found, name == AMOUNT and same_currency and tolerance.allows(*agreed))


_FIELDS = ("kind", AMOUNT, "currency", "period", "quantity", "discounts", "tiers", "priceFingerprint")


def _texts(component: PriceComponent) -> tuple[str | None, ...]:
    discounts = [f"{d.percent:f} %{'' if d.periods is None else f' for {d.periods}'}" for d in component.discounts]
    tiers = [f"{t.price.amount:f} {t.price.currency} to {t.up_to or 'the end'}" for t in component.tiers]
    return (
        component.kind.value,
        f"{component.price.amount:f}",
        component.price.currency,
        None if component.period is None else component.period.value,
        str(component.quantity),
        ", ".join(discounts) or None,
        ", ".join(tiers) or None,
        component.price_fingerprint,
    )
