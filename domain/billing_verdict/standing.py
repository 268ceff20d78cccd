"""Where one row stands: its verdict now, since when it is not good, and whether the wait for it is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from domain.billing_calendar import Days
from domain.billing_verdict.charged import Charged
from domain.billing_verdict.course import Course
from domain.billing_verdict.expected import Expected, components, expected
from domain.billing_verdict.exposure import Exposure, cut_days, exposures
from domain.billing_verdict.judge import Judged, judge, judge_orphan
from domain.billing_verdict.known import Item, Known, Remembered, known, known_us
from domain.billing_verdict.moments import day_of, midnight_us
from domain.billing_verdict.remembered import INVOICE
from domain.billing_verdict.rule import BillingRule
from domain.billing_verdict.verdicts import Verdict
from domain.charge.states import ChargeState
from domain.tolerance import Tolerance


class Subject(NamedTuple):
    """What a row is about: a component items name, or with `charge_id` a charge of one they do not."""

    component_id: str
    charge_id: str | None = None


class Look(NamedTuple):
    """A row as it is on a day, by what is known; `disputed` unless one charge follows the agreement day by day."""

    subject: Subject
    wanted: Expected | None
    charges: Sequence[Charged]
    judged: Judged
    disputed: bool
    day: date
    tolerance: Tolerance

    def exposed(self, start: date, end: date) -> Iterator[Exposure]:
        """The exposed days from a day on up to, and without, another."""
        if self.disputed:
            yield from exposures(self.wanted, self.charges, Days(start, end), self.tolerance)

    @property
    def bad(self) -> bool:
        """Whether both sides disagree, or did on days past and nobody put it right."""
        return self.judged.mismatch or next(self.exposed(date.min, self.day), None) is not None

    @property
    def wrong(self) -> Verdict:
        """What is wrong about a bad row: the mismatch of the moment, or else the last one of the days past."""
        if self.judged.mismatch:
            return self.judged.verdict
        return [exposure.verdict for exposure in self.exposed(date.min, self.day)][-1]


class Standing(NamedTuple):
    """A row that is not good: since when, until when it may settle, and whether that is over."""

    since_us: int
    deadline_us: int
    settled: bool


def subjects(here: Known) -> list[Subject]:
    """The rows a product has: its components, and charges of components no item named."""
    named = list(components(here))
    orphans = sorted(c.charge_id for k, charges in here.charges.items() if k not in set(named) for c in charges)
    by_id = {c.charge_id: c.component_id for charges in here.charges.values() for c in charges}
    return [*(Subject(component_id) for component_id in named), *(Subject(by_id[c], c) for c in orphans)]


def look(here: Known, subject: Subject, now_us: int, rule: BillingRule) -> Look | None:
    """A row at a moment; None when nothing is known of it."""
    day = day_of(now_us)
    charges = here.charges.get(subject.component_id, [])
    wanted = expected(here, subject.component_id)
    if subject.charge_id is not None and wanted is None:
        charges = [charge for charge in charges if charge.charge_id == subject.charge_id]
    if wanted is None and not charges:
        return None
    judged = judge_orphan(charges[0], day) if wanted is None else judge(wanted, charges, day, rule.tolerance)
    disputed = wanted is None or not _undisputed(wanted, charges)
    return Look(subject, wanted, charges, judged, disputed, day, rule.tolerance)


def _undisputed(wanted: Expected, charges: Sequence[Charged]) -> bool:
    """Whether one charge follows the agreement day by day, so that no day can be exposed."""
    courses = [charge.course for charge in charges if charge.course is not None]
    if wanted.reasons or len(wanted.spells) != len(courses) or len(courses) > 1:
        return False
    return not courses or _alike(wanted.spells[0], courses[0])


def _alike(one: Course, other: Course) -> bool:
    ours, theirs = one.schedule, other.schedule
    return (
        ours.ended_on == theirs.ended_on
        and ours.pauses == theirs.pauses
        and [(b.effective_from, b.effective_until) for b in ours.bases]
        == [(b.effective_from, b.effective_until) for b in theirs.bases]
        and all(one.note(n).text == other.note(n).text for n in range(len(ours.bases)))
    )


def ahead_of(here: Known, seen: Look) -> Item | None:
    """The open item for which billing did what it was asked to before the item was completed, if there is one."""
    changed_for = {identity for charge in seen.charges for identity in charge.changed_for}
    open_still = (
        item
        for item in here.items
        if item.outcome is None and item.identity in changed_for and here.request(item, seen.subject.component_id)
    )
    return max(open_still, key=lambda item: (item.accepted_us, item.identity), default=None)


def standing(
    here: Known, seen: Look, remembered: Sequence[Remembered], now_us: int, reached_us: int, rule: BillingRule
) -> Standing:
    """Since when a bad row is bad: it is looked at as it was known after each event and on each day it could change.

    A charge that billing rejected is not waited for: the answer has come. An item that was not completed yet is
    waited for longer.
    """
    times = {known_us(entry) for _, name, entry in remembered if name != INVOICE}
    days = cut_days(seen.wanted, seen.charges)
    if not seen.judged.mismatch:  # days past are at risk once they are past
        days.update(_day_after(exposure.days.start) for exposure in seen.exposed(date.min, seen.day))
    changes = [*here.believed_us, *(midnight_us(day) for day in days)]
    points = sorted(times.union(us for us in changes if us <= now_us))
    since = points[-1]
    for point in reversed(points):
        before = look(known(remembered, point, rule.unfinished_us), seen.subject, point, rule)
        if before is None or not before.bad:
            break
        since = point
    deadline = since + (rule.settle_us if ahead_of(here, seen) is None else rule.unfinished_us)
    rejected = seen.judged.verdict is Verdict.MISSING_CHARGE and any(
        charge.state is ChargeState.REJECTED for charge in seen.charges
    )
    return Standing(since, deadline, rejected or deadline <= reached_us)


def next_change_us(here: Known, seen: Look, stands: Standing | None, now_us: int, reached_us: int) -> int | None:
    """When a row changes although nothing comes: a wait ends, a day begins, or one more day is exposed."""
    changes = [*here.believed_us, *(midnight_us(day) for day in cut_days(seen.wanted, seen.charges))]
    found = [us for us in changes if us > now_us]
    if stands is not None and not stands.settled:
        found.append(stands.deadline_us)
    counted = day_of(reached_us) if stands is not None and stands.settled else seen.day
    exposure = next(seen.exposed(counted, _day_after(seen.day)), None)
    if exposure is not None:
        found.append(midnight_us(_day_after(exposure.days.start)))
    return min(found, default=None)


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
