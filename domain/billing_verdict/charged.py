"""What billing does about one charge: its terms over time, as its events tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.billing_verdict.course import Course, Note
from domain.billing_verdict.moments import day_of
from domain.billing_verdict.terms import component_of
from domain.charge.schedule import Basis, Schedule
from domain.charge.states import ChargeState
from domain.fold.facts import Entry


@dataclass(frozen=True, slots=True)
class Charged:
    """One charge; without a course when billing rejected it, or its beginning did not come.

    Order and item are those of its newest change, `changed_for` those of all.
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
    changed_for: frozenset[tuple[str | None, str | None]]
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
        frozenset((entry.value["order"], entry.value["item"]) for entry in entries),
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
