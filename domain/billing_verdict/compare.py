"""The commercial bases of both sides held together, field by field (R237, R272-R277)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from domain.billing_verdict.course import Course
from domain.billing_verdict.differing import AMOUNT, Differing, texts_apart
from domain.billing_verdict.terms import component_of
from domain.commercial import ChargeKind, PriceComponent
from domain.tolerance import Tolerance

START = "start"
TRIGGER = "billingTriggerDate"


class Side(NamedTuple):
    """By what one side bills on a day, and since when; `astray` is what of the agreement was handed on wrongly."""

    component: PriceComponent
    text: str
    billing_account_id: str | None
    trigger_us: int | None
    triggers: frozenset[date]
    start: date | None
    once: bool
    astray: tuple[Differing, ...] = ()


def side(course: Course, number: int, day: date) -> Side:
    """What a course bills by on a day, by the basis of this number."""
    note, basis = course.note(number), course.schedule.bases[number]
    start = course.schedule.start if course.once or course.in_force(day) is None else course.since(day)
    triggers = frozenset(course.triggers(day))
    about = note.text, note.billing_account_id, note.trigger_us
    return Side(basis.component, *about, triggers, start, course.once, note.astray)


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
    yield from expected.astray
    if expected.once:
        return
    if expected.start is not None and actual.start is not None and expected.start != actual.start:
        yield Differing(START, expected.start.isoformat(), actual.start.isoformat())
    if expected.triggers and actual.triggers and not expected.triggers & actual.triggers:
        yield Differing(TRIGGER, max(expected.triggers).isoformat(), max(actual.triggers).isoformat())


def _terms(expected: PriceComponent, actual: PriceComponent, tolerance: Tolerance) -> Iterator[Differing]:
    same_currency = expected.price.currency == actual.price.currency
    agreed = Fraction(expected.price.amount), Fraction(actual.price.amount)
    for found in texts_apart(expected, actual):
        yield found._replace(tolerated=found.field == AMOUNT and same_currency and tolerance.allows(*agreed))
