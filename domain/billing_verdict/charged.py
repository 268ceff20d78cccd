"""What billing does about one charge: its terms over time, as its events tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from domain.billing_calendar import Days
from domain.billing_verdict.moments import day_of
from domain.billing_verdict.terms import component_of
from domain.charge.schedule import Basis, Schedule
from domain.charge.states import ChargeState
from domain.commercial import ChargeKind
from domain.fold.facts import Entry


class Note(NamedTuple):
    """What is said of terms besides what they come to: their text, who is invoiced, from when they should count."""

    text: str
    billing_account_id: str | None
    trigger_us: int | None


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


@dataclass(frozen=True, slots=True)
class Charged:
    """One charge; without a course when billing rejected it, or its beginning did not come.

    Order and item are those of its newest change.
    """

    charge_id: str
    component_id: str
    state: ChargeState
    course: Course | None
    order_id: str | None
    item_id: str | None
    account_id: str | None
    handoff_id: str | None
    changed_us: int
    invoiced_until_us: int | None = None

    def live(self, day: date, *, ahead: bool = False) -> int | None:
        """Number of the basis it bills by on a day; None when it does not bill.

        What is due once is live from its day on for good, with `ahead` before it, too.
        """
        if self.course is None:
            return None
        if not self.course.once:
            return self.course.billing(day)
        due = ahead or self.course.schedule.start <= day
        return len(self.course.schedule.bases) - 1 if due and not self.course.voided else None


@dataclass(slots=True)
class _Told:
    component_id: str = ""
    state: ChargeState = ChargeState.ACTIVE
    schedule: Schedule | None = None
    notes: dict[date, Note] = field(default_factory=dict)
    begun: dict[str, Any] = field(default_factory=dict)


def charged(charge_id: str, entries: list[Entry], invoiced_until_us: int | None) -> Charged:
    """A charge from its events, by rising version; what follows on events that did not come is left out."""
    told = _Told()
    for entry in entries:
        told.component_id = entry.value["component"] or told.component_id
        _tell(told, entry.kind, entry.value)
    return Charged(
        charge_id,
        told.component_id,
        told.state,
        None if told.schedule is None else Course(told.schedule, told.notes),
        entries[-1].value["order"],
        entries[-1].value["item"],
        told.begun.get("account"),
        told.begun.get("handoff"),
        max(entry.time_us for entry in entries),
        invoiced_until_us,
    )


def _tell(told: _Told, kind: str, value: dict[str, Any]) -> None:
    schedule = told.schedule
    begins = None if value["from"] is None else day_of(value["from"])
    match kind:
        case "ChargeRejected":
            told.state, told.schedule, told.begun = ChargeState.REJECTED, None, value
        case "ChargeActivated" if begins is not None:
            told.state, told.begun = ChargeState.ACTIVE, value
            told.schedule, told.notes = Schedule((_basis(begins, value),)), {begins: _note(value)}
        case "ChargeAmended" if begins is not None:
            told.begun = value
            told.notes = {**told.notes, begins: _note(value)}
            basis = _basis(begins, value)
            if schedule is None:
                told.schedule = Schedule((basis,))
            else:
                told.schedule = schedule.corrected(basis) if value["corrects"] else schedule.amended(basis)
        case "ChargeSuspended" if schedule is not None and begins is not None:
            told.state, told.schedule = ChargeState.SUSPENDED, schedule.paused(begins)
        case "ChargeResumed" if schedule is not None and begins is not None and schedule.pauses:
            told.state, told.schedule = ChargeState.ACTIVE, schedule.resumed(begins)
        case "ChargeTerminated" if schedule is not None and value["until"] is not None:
            told.state, told.schedule = ChargeState.TERMINATED, schedule.ended(day_of(value["until"]))


def _basis(begins: date, value: dict[str, Any]) -> Basis:
    until = None if value["until"] is None else day_of(value["until"])
    return Basis(begins, component_of(value["terms"]), until)


def _note(value: dict[str, Any]) -> Note:
    return Note(value["terms"], value["billingAccount"], value["trigger"])


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


def whole(course: Course) -> Days:
    """From the first to the last day it may bill."""
    ended = course.schedule.ended_on
    return Days(course.schedule.start, date.max if ended is None else ended)
