"""Money at risk: the days on which what is due and what is charged differ, and exactly by how much (R241, R276).

Amounts are fractions, each day its share of its calendar period; they are added up exactly and rounded once, so that
neither the number of days nor the order of adding changes a cent (docs/adr/0059).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from domain.billing_calendar import Days, periods_in
from domain.billing_verdict.charged import Charged
from domain.billing_verdict.course import Course, change_days
from domain.billing_verdict.expected import Expected
from domain.billing_verdict.known import Item
from domain.billing_verdict.verdicts import Expectation, Verdict
from domain.charge.invoice import discount_ends, exactly_due
from domain.charge.schedule import Basis
from domain.commercial import ChargeKind, Period
from domain.tolerance import Tolerance

Sums = dict[str, Fraction]
"""Exact amounts by currency."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Days that are not billed as agreed: what goes unclaimed and what is claimed without being due."""

    days: Days
    verdict: Verdict
    item: Item | None
    leakage: Sums
    overbilling: Sums


def exposures(
    wanted: Expected | None, charges: Sequence[Charged], days: Days, tolerance: Tolerance
) -> Iterator[Exposure]:
    """The exposed days among some days, in order; `wanted` is None for charges nobody asked for.

    What is due once is exposed as a whole on the day it is due. Usage has no amount before it is rated.
    """
    billed = [c for c in charges if c.course is not None]
    if wanted.once if wanted is not None else any(c.course.once for c in billed if c.course is not None):
        yield from _once(wanted, billed, days)
        return
    cuts = _cuts(wanted, billed)
    first = max(days.start, min(cuts, default=days.end))
    inner = sorted(day for day in cuts if first < day < days.end)
    for start, end in pairwise((first, *inner, days.end) if first < days.end else ()):
        found = _exposed(wanted, billed, Days(start, end), tolerance)
        if found is not None:
            yield found


def cut_days(wanted: Expected | None, charges: Iterable[Charged]) -> set[date]:
    """Every day on which something about a row may change without an event."""
    return _cuts(wanted, [c for c in charges if c.course is not None])


def _cuts(wanted: Expected | None, billed: Sequence[Charged]) -> set[date]:
    courses = [c.course for c in billed if c.course is not None]
    found: set[date] = set()
    if wanted is not None:
        courses += wanted.spells
        found.update(day for reason in wanted.reasons for day in (reason.days.start, reason.days.end))
        found.update(step.day for step in wanted.steps)
    for course in courses:
        found.update(change_days(course))
        found.update(end for basis in course.schedule.bases for end in discount_ends(basis))
    return found


def _exposed(wanted: Expected | None, billed: Sequence[Charged], days: Days, tolerance: Tolerance) -> Exposure | None:
    due = None if wanted is None else wanted.due(days.start)
    live = [c for c in billed if c.live(days.start) is not None]
    if due is None and not live:
        return None
    ours = None if due is None else due[0].schedule.bases[due[1]]
    theirs = [basis for charge in live if (basis := _basis(charge, days.start)) is not None]
    leakage, overbilling = _difference(ours, theirs, days, tolerance)
    if not leakage and not overbilling:
        return None
    item = None if wanted is None else wanted.decided(days.start)
    return Exposure(days, _verdict(wanted, billed, live, days.start), item, leakage, overbilling)


def _basis(charge: Charged, day: date) -> Basis | None:
    number = charge.live(day)
    return None if charge.course is None or number is None else charge.course.schedule.bases[number]


def _difference(ours: Basis | None, theirs: Sequence[Basis], days: Days, tolerance: Tolerance) -> tuple[Sums, Sums]:
    """What is left to claim and what is claimed too much for days on which neither side's terms change."""
    if ours is not None and len(theirs) == 1 and _agree(ours, theirs[0], days.start, tolerance):
        return {}, {}
    leakage: Sums = {}
    overbilling: Sums = {}
    for piece in _pieces([*theirs, *([ours] if ours else [])], days):
        balance: Sums = {}
        for basis, sign in (*((basis, -1) for basis in theirs), *([(ours, 1)] if ours else [])):
            currency = basis.component.price.currency
            balance[currency] = balance.get(currency, Fraction(0)) + sign * due_for(basis, piece)
        for currency, amount in balance.items():
            into = leakage if amount > 0 else overbilling
            if amount:
                into[currency] = into.get(currency, Fraction(0)) + abs(amount)
    return leakage, overbilling


def _agree(ours: Basis, theirs: Basis, day: date, tolerance: Tolerance) -> bool:
    """Whether two bases come to the same on a day, or nearly enough."""
    one, other = ours.component, theirs.component
    if (one.period, one.price.currency, one.kind) != (other.period, other.price.currency, other.kind):
        return False
    return tolerance.allows(_for_a_period(ours, day), _for_a_period(theirs, day))


def _for_a_period(basis: Basis, day: date) -> Fraction:
    return exactly_due(basis, day, _quantity(basis))


def _pieces(bases: Sequence[Basis], days: Days) -> Iterator[Days]:
    """Days of different periods are worth different shares from month to month; those of one period are not."""
    if len({basis.component.period for basis in bases}) == 1:
        yield days
    else:
        yield from (month.within(days) for month in periods_in(days, Period.MONTH))


def due_for(basis: Basis, days: Days) -> Fraction:
    """What terms make due for days on which they do not change; nothing for what does not recur."""
    period = basis.component.period
    if basis.component.kind is not ChargeKind.RECURRING or period is None:
        return Fraction(0)
    whole = _for_a_period(basis, days.start)
    shares = (Fraction(days.within(calendar).count, calendar.count) for calendar in periods_in(days, period))
    return whole * sum(shares, Fraction(0))


def _quantity(basis: Basis) -> Decimal:
    return Decimal(basis.component.quantity)


def _verdict(wanted: Expected | None, billed: Sequence[Charged], live: Sequence[Charged], day: date) -> Verdict:
    """What the difference of a day is an instance of, in the order of precedence of rows."""
    if wanted is None:
        return Verdict.ORPHAN_CHARGE
    if len(live) > 1:
        return Verdict.DUPLICATE_CHARGE
    on = wanted.on(day)
    if live and on is not Expectation.ACTIVE:
        return _OUT_OF_TURN[on]
    if live:
        return _other_terms(wanted, live[0], day)
    spell = wanted.spell(day)
    later = spell is not None and any(_begins_later(charge, spell, day) for charge in billed)
    return Verdict.LATE_START if later else Verdict.MISSING_CHARGE


_OUT_OF_TURN = {
    Expectation.ENDED: Verdict.CHARGE_AFTER_TERMINATION,
    Expectation.NONE: Verdict.UNDUE_CHARGE,
    Expectation.SUSPENDED: Verdict.UNDUE_CHARGE,
    Expectation.NOT_YET: Verdict.EARLY_START,
}


def _begins_later(charge: Charged, spell: Course, day: date) -> bool:
    assert charge.course is not None
    start = charge.course.schedule.start
    return day < start and spell.in_force(start) is not None and not charge.course.voided


def _other_terms(wanted: Expected, charge: Charged, day: date) -> Verdict:
    """Both sides bill, by terms that differ: the agreed ones too early, too late, or not at all."""
    due, number = wanted.due(day), charge.live(day)
    assert due is not None
    assert charge.course is not None
    assert number is not None
    spell, agreed = due
    text = charge.course.note(number).text
    if text in (spell.note(n).text for n in range(agreed + 1, len(spell.schedule.bases))):
        return Verdict.EARLY_START
    ours = spell.note(agreed).text
    later = (charge.course.note(n).text for n in range(number + 1, len(charge.course.schedule.bases)))
    return Verdict.LATE_START if ours in later else Verdict.BASIS_MISMATCH


def _once(wanted: Expected | None, billed: Sequence[Charged], days: Days) -> Iterator[Exposure]:
    """What is due once, held against every charge for it, whenever that began."""
    due = wanted.spells[-1] if wanted is not None and wanted.spells else None
    live = [c.course.schedule for c in billed if c.course is not None and not c.course.voided]
    begun = due.schedule.start if due is not None else min((schedule.start for schedule in live), default=date.max)
    if not days.start <= begun < days.end:
        return
    excused = wanted is not None and wanted.reason(begun) is not None
    ours = None if due is None or excused else due.schedule.current
    balance: Sums = {}
    for basis, sign in (*((schedule.current, -1) for schedule in live), *([(ours, 1)] if ours else [])):
        currency = basis.component.price.currency
        amount = _for_a_period(basis, basis.effective_from)
        balance[currency] = balance.get(currency, Fraction(0)) + sign * amount
    leakage = {c: amount for c, amount in balance.items() if amount > 0}
    overbilling = {c: -amount for c, amount in balance.items() if amount < 0}
    if leakage or overbilling:
        verdict = _of_once(wanted, len(live), begun)
        item = None if wanted is None else wanted.decided(begun)
        yield Exposure(Days(begun, date.fromordinal(begun.toordinal() + 1)), verdict, item, leakage, overbilling)


def _of_once(wanted: Expected | None, live: int, day: date) -> Verdict:
    if wanted is None:
        return Verdict.ORPHAN_CHARGE
    if live > 1:
        return Verdict.DUPLICATE_CHARGE
    if not live:
        return Verdict.MISSING_CHARGE
    on = wanted.on(day)
    return Verdict.BASIS_MISMATCH if on is Expectation.ACTIVE else _OUT_OF_TURN[on]
