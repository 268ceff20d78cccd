"""The fold of the billing handoff: one group for each product, one row for each of its components (R237-R239)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from domain.billing_verdict import findings, remembered, rows
from domain.billing_verdict.exposure import cut_days
from domain.billing_verdict.known import Known, Remembered, known, known_us, registers
from domain.billing_verdict.moments import day_of, midnight_us
from domain.billing_verdict.rule import BILLING_RULE, RULE_ID, RULE_VERSION, BillingRule
from domain.billing_verdict.standing import Look, Subject, look, next_change_us, standing, subjects
from domain.fold.facts import Entry, Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard


class BillingHandoffs:
    """Holds what orders make of billing against what billing does.

    The clock of a row is the later of two moments: how far the group's time has reached, and the newest event, which
    proves that its time has come. What says that something is *missing* waits for the former alone.
    """

    space = remembered.SPACE
    rule_id = RULE_ID
    rule_version = RULE_VERSION
    kinds = remembered.KINDS
    records = frozenset({rows.RECORD, findings.RECORD})

    def __init__(self, rule: BillingRule = BILLING_RULE) -> None:
        self._rule = rule

    def places(self, event: Heard) -> Iterable[Place]:
        """The products an event is about; a charge that names none is about itself."""
        return remembered.places(event)

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """What of an event is compared, one register for each version."""
        return remembered.says(event, place)

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """A row for each component, and a finding for each that stands in disagreement."""
        told = registers(shared)
        if not told:
            return Derived()
        now_us = max(reached_us, *(known_us(entry) for _, _, entry in told))
        here = known(told, now_us, self._rule.unfinished_us)
        found: list[Row] = []
        wakes: list[int] = []
        for subject in subjects(here):
            seen = look(here, subject, now_us, self._rule)
            if seen is not None:
                wake = self._row(remembered.instance_of(place), here, seen, told, now_us, reached_us, found)
                wakes += [] if wake is None else [wake]
        return Derived(tuple(found), min(wakes, default=None))

    def _row(
        self,
        instance: str,
        here: Known,
        seen: Look,
        told: Sequence[Remembered],
        now_us: int,
        reached_us: int,
        found: list[Row],
    ) -> int | None:
        """Append a row and its finding; returns when they change although nothing comes."""
        rule = self._rule
        stands = standing(here, seen, told, now_us, reached_us, rule) if seen.bad else None
        settled = stands is not None and stands.settled
        exposed = list(seen.exposed(date.min, day_of(reached_us))) if settled else []
        cites = _cites(seen.subject)
        data = rows.row_data(instance, here, seen, stands, exposed, _changed_us(seen, told, cites, now_us))
        found.append(Row(rows.RECORD, data["rowKey"], data, cites))
        if settled:
            found.append(replace(findings.finding(data, here, seen, exposed), cites=cites))
        return next_change_us(here, seen, stands, now_us, reached_us)


def _cites(subject: Subject) -> Callable[[Entry], bool]:
    """Whether an event is about a component: it names it, or has no component to name."""

    def about(entry: Entry) -> bool:
        value = entry.value
        if not isinstance(value, dict):
            return True
        named = value.get("components")
        return subject.component_id in named if named else value.get("component") in (None, subject.component_id)

    return about


def _changed_us(seen: Look, told: Sequence[Remembered], cites: Callable[[Entry], bool], now_us: int) -> int:
    """When a good row came to be as it is: with its newest event or the last day on which something changed."""
    times = [known_us(entry) for _, name, entry in told if name != remembered.INVOICE and cites(entry)]
    days = (midnight_us(day) for day in cut_days(seen.wanted, seen.charges))
    return max([*times, *(us for us in days if us <= now_us)])
