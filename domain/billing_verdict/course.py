"""Terms over time, on either side: what a component is billed by on which day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from domain.billing_verdict.differing import Differing
from domain.billing_verdict.moments import day_of
from domain.charge.schedule import Schedule
from domain.commercial import ChargeKind


class Note(NamedTuple):
    """What is said of terms besides what they come to: their text, who is invoiced, from when they should count.

    `astray` are fields of the agreement that did not reach billing, or the installed product, as they were accepted.
    """

    text: str
    billing_account_id: str | None
    trigger_us: int | None
    astray: tuple[Differing, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """Terms over time on either side: a schedule, and a note for each of its bases by the day it begins."""

    schedule: Schedule
    notes: dict[date, Note]

    def note(self, number: int) -> Note:
        """The note of the basis of this number."""
        return self.notes[self.schedule.bases[number].effective_from]

    def in_force(self, day: date) -> int | None:
        """Number of the basis that holds on a day, pauses aside; None when none does."""
        schedule = self.schedule
        for number in range(len(schedule.bases) - 1, -1, -1):
            if schedule.bases[number].effective_from <= day:
                return number if day < schedule.in_force(number).end else None
        return None

    def paused(self, day: date) -> bool:
        """Whether it pauses on a day."""
        return any(pause.start <= day < pause.end for pause in self.schedule.pauses)

    def billing(self, day: date) -> int | None:
        """Number of the basis that is billed on a day; None when nothing is. What is due once is never paused."""
        number = self.in_force(day)
        return None if number is None or self.paused(day) else number

    @property
    def once(self) -> bool:
        """Whether it is due once and for all."""
        return self.schedule.current.component.kind is ChargeKind.ONE_TIME

    @property
    def voided(self) -> bool:
        """Whether it ended before it billed anything."""
        ended = self.schedule.ended_on
        return ended is not None and ended <= self.schedule.start

    def since(self, day: date) -> date:
        """Since when it bills without a break, and by terms that come to the same, as it does on a day it bills.

        Terms with discounts that end are not the same when they begin anew.
        """
        number = self.in_force(day)
        assert number is not None
        bases = self.schedule.bases
        while number > 0 and self._carries_on(number):
            number -= 1
        pauses = (pause.end for pause in self.schedule.pauses if pause.end <= day)
        return max(bases[number].effective_from, *pauses, date.min)

    def _carries_on(self, number: int) -> bool:
        former, basis = self.note(number - 1), self.note(number)
        unbroken = self.schedule.in_force(number - 1).end == self.schedule.bases[number].effective_from
        lasting = all(d.periods is None for d in self.schedule.bases[number].component.discounts)
        return unbroken and lasting and former[:2] == basis[:2]

    def triggers(self, day: date) -> set[date]:
        """The days from which the terms of a day, or equal ones before them, should count."""
        number = self.in_force(day)
        found: set[date] = set()
        while number is not None:
            trigger = self.note(number).trigger_us
            if trigger is not None:
                found.add(day_of(trigger))
            number = number - 1 if number > 0 and self._carries_on(number) else None
        return found


def change_days(course: Course) -> Iterable[date]:
    """The days on which what is due by a course may change, discounts that end aside."""
    schedule = course.schedule
    for basis in schedule.bases:
        yield basis.effective_from
        if basis.effective_until is not None:
            yield basis.effective_until
    for pause in schedule.pauses:
        yield pause.start
        yield pause.end
    if schedule.ended_on is not None:
        yield schedule.ended_on
