"""The verdict of one row on a day: what is expected held against what is live, in order of precedence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from domain.billing_verdict.charged import Charged
from domain.billing_verdict.compare import START, Side, agreed, differing, side
from domain.billing_verdict.differing import HANDED_OVER, Differing
from domain.billing_verdict.expected import Expected
from domain.billing_verdict.verdicts import MISMATCHES, Expectation, Verdict
from domain.tolerance import Tolerance

V, E = Verdict, Expectation


class Judged(NamedTuple):
    """What a row comes to on a day; `found` are all mismatches, the first of which decides."""

    expectation: Expectation
    verdict: Verdict
    found: tuple[Verdict, ...] = ()
    expected: Side | None = None
    actual: Side | None = None
    charge: Charged | None = None
    live: tuple[Charged, ...] = ()
    differences: tuple[Differing, ...] = ()

    @property
    def mismatch(self) -> bool:
        """Whether both sides disagree."""
        return self.verdict in MISMATCHES


def judge_orphan(charge: Charged, day: date) -> Judged:
    """The verdict of a charge that no item ever asked for."""
    number = charge.live(day)
    if number is None or charge.course is None:
        return Judged(E.NONE, V.NOT_BILLABLE, charge=charge)
    actual = side(charge.course, number, day)
    return Judged(E.NONE, V.ORPHAN_CHARGE, (V.ORPHAN_CHARGE,), None, actual, charge, (charge,))


def judge(wanted: Expected, charges: Sequence[Charged], day: date, tolerance: Tolerance) -> Judged:
    """The verdict of the charges of a component that items name."""
    on = wanted.on(day)
    ahead = on is E.ACTIVE and wanted.once
    live = [(c, n) for c in charges if (n := c.live(day, ahead=ahead)) is not None and c.course is not None]
    ours = _expected_side(wanted, day)
    theirs = [(c, side(c.course, n, day)) for c, n in live if c.course is not None]
    charge, actual = _closest(theirs, ours, tolerance) if theirs else (_newest(charges), None)
    differences = tuple(differing(ours, actual, tolerance)) if ours is not None and actual is not None else ()
    if on is not E.ACTIVE:
        differences = ()
    elif charge is not None and actual is not None:
        differences += tuple(_unasked(wanted, charge))
    found = tuple(_mismatches(wanted, on, ours, actual, len(live), differences))
    if not found:  # a start that differs and is no mismatch is that of terms that went on
        differences = tuple(d for d in differences if d.tolerated)
    verdict = found[0] if found else _good(wanted, on, day, tolerated=bool(differences))
    return Judged(on, verdict, found, ours, actual, charge, tuple(c for c, _ in live), differences)


def _unasked(wanted: Expected, charge: Charged) -> Iterator[Differing]:
    """A charge that says it rests on a request which nobody made, or which was taken back (R262)."""
    asked = {(request.order_id, request.item_id) for request in wanted.requests}
    if charge.handoff_id is not None and (charge.order_id, charge.item_id) not in asked:
        yield Differing(f"{HANDED_OVER}request", charge.handoff_id, None)


def _expected_side(wanted: Expected, day: date) -> Side | None:
    """The agreed terms on a day; before they count those that will, after they ended those that did."""
    due = wanted.due(day)
    if due is not None:
        return side(*due, day)
    if not wanted.spells:
        return None if wanted.terms is None else agreed(wanted.terms, wanted.deciding.billing_account_id)
    spell = wanted.spell(day) or wanted.spells[-1]
    number = spell.in_force(day)
    return side(spell, len(spell.schedule.bases) - 1 if number is None else number, day)


def _newest(charges: Sequence[Charged]) -> Charged | None:
    return max(charges, key=lambda charge: (charge.changed_us, charge.charge_id), default=None)


def _closest(theirs: list[tuple[Charged, Side]], ours: Side | None, tolerance: Tolerance) -> tuple[Charged, Side]:
    """Of several live charges the one that is meant: it rests on the handoff, or differs least."""

    def distance(one: tuple[Charged, Side]) -> tuple[int, bool, date, str]:
        charge, found = one
        apart = 0 if ours is None else sum(not d.tolerated for d in differing(ours, found, tolerance))
        return apart, charge.handoff_id is None, found.start or date.max, charge.charge_id

    return theirs[0] if len(theirs) == 1 else min(theirs, key=distance)


def _mismatches(
    wanted: Expected,
    on: Expectation,
    ours: Side | None,
    actual: Side | None,
    live: int,
    differences: Sequence[Differing],
) -> list[Verdict]:
    """Every mismatch that holds, by precedence."""
    found = [V.DUPLICATE_CHARGE] if live > 1 else []
    if live and on is E.ENDED:
        found.append(V.CHARGE_AFTER_TERMINATION)
    if live and on in (E.NONE, E.SUSPENDED):
        found.append(V.UNDUE_CHARGE)
    if live and on is E.NOT_YET:
        found.append(V.EARLY_START)
    if on is not E.ACTIVE:
        return found
    if actual is None or ours is None:
        return [V.MISSING_CHARGE]
    early = late = False
    if actual.start is not None and ours.start is not None and not ours.once:
        late = actual.start > ours.start
        early = actual.start < ours.start and _early(wanted, ours, actual, actual.start)
    if early:
        found.append(V.EARLY_START)
    if any(not d.tolerated and d.field != START for d in differences):
        found.append(V.BASIS_MISMATCH)
    elif late:
        found.append(V.LATE_START)
    return found


def _early(wanted: Expected, ours: Side, actual: Side, start: date) -> bool:
    """Whether billing began before it was to, and does not only go on by terms that should have changed."""
    before = wanted.due(start)
    if before is None:
        return True
    spell, number = before
    return actual.text == ours.text and spell.note(number).text != ours.text


def _good(wanted: Expected, on: Expectation, day: date, *, tolerated: bool) -> Verdict:
    if on is E.NONE:
        return V.WAIVED if wanted.reason(day) is not None else V.NOT_BILLABLE
    if on is not E.ACTIVE:
        return V.NOT_DUE
    return V.MATCHED_WITHIN_TOLERANCE if tolerated else V.MATCHED
