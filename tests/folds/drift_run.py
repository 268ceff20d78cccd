"""The drift rules over an enterprise as it lives: events in order, deadlines in between, every finding ever said."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from compose.simulate.faults.catalogue import BILLING
from compose.simulate.faults.consequences import follows
from compose.simulate.faults.truth import Truth
from domain.fold.facts import Facts
from domain.fold.fold import BEFORE_TIME, Fold, Place, Row
from domain.fold.heard import Heard

Entity = tuple[str, str, str]
"""Rule, kind of thing, and its identity."""


class Said(NamedTuple):
    """What was found at any time, and what still stands at the end."""

    ever: dict[Entity, dict[str, Any]]
    standing: dict[Entity, dict[str, Any]]


class _Life:
    """One fold, run as the platform does."""

    def __init__(self, fold: Fold) -> None:
        self.fold = fold
        self.facts: dict[Place, Facts] = {}
        self.members: dict[str, dict[Place, None]] = {}
        self.reached: dict[Place, int] = {}
        self.wakes: dict[Place, int | None] = {}
        self.due: list[tuple[int, Place]] = []
        self.rows: dict[Place, tuple[Row, ...]] = {}
        self.ever: dict[Entity, dict[str, Any]] = {}

    def hear(self, event: Heard) -> None:
        """Let deadlines before the event pass, then take it in."""
        self.advance(event.time_us)
        for place in self.fold.places(event):
            self.facts.setdefault(place, Facts()).hear(event, self.fold.says(event, place))
            members = self.members.setdefault(place.group, {})
            if place.member:
                members[place] = None
            for changed in (place, *(() if place.member else members)):
                self.derive(changed)

    def derive(self, place: Place) -> None:
        """Derive a place and note its deadline."""
        nothing = Facts()
        own = self.facts[place]
        shared = self.facts.get(Place(place.group), nothing) if place.member else own
        derived = self.fold.derive(
            place, shared, own if place.member else nothing, self.reached.get(place, BEFORE_TIME)
        )
        self.rows[place] = derived.rows
        self.ever.update((_entity(row), dict(row.data)) for row in derived.rows)
        if derived.wake_us != self.wakes.get(place):
            self.wakes[place] = derived.wake_us
            if derived.wake_us is not None:
                heapq.heappush(self.due, (derived.wake_us, place))

    def advance(self, until_us: int) -> None:
        """Let deadlines pass."""
        while self.due and self.due[0][0] < until_us:
            wake_us, place = heapq.heappop(self.due)
            if self.wakes.get(place) == wake_us:
                self.reached[place] = wake_us
                self.wakes[place] = None
                self.derive(place)


def _entity(row: Row) -> Entity:
    return row.data["ruleId"], row.data["entityType"], row.data["entityId"]


def lived(folds: Iterable[Fold], events: Sequence[Heard]) -> Said:
    """What the folds say while the events come in the order in which they happened, and a year afterwards."""
    ever: dict[Entity, dict[str, Any]] = {}
    standing: dict[Entity, dict[str, Any]] = {}
    for fold in folds:
        life = _Life(fold)
        for event in sorted(events, key=lambda event: event.time_us):
            if event.kind in fold.kinds:
                life.hear(event)
        life.advance(1 << 62)
        ever |= life.ever
        standing |= {_entity(row): dict(row.data) for rows in life.rows.values() for row in rows}
    return Said(ever, standing)


class Case(NamedTuple):
    """A finding as the consequences of faults are judged by."""

    rule: str
    entity_id: str
    order_id: str | None
    account_id: str | None
    product_instance_id: str | None


def missed(said: Said, truths: Iterable[Truth]) -> list[Truth]:
    """Faults of drift rules that were found at no time."""
    return [t for t in truths if t.rule != BILLING and (t.rule, t.entity_type, t.entity_id) not in said.ever]


def unexplained(said: Said, events: Iterable[Heard], truths: Sequence[Truth]) -> list[Entity]:
    """What was found and is neither a fault nor follows from one."""
    accounts = {e.subject: e.data["accountId"] for e in events if e.kind == "ProductOrderCreated"}
    true = {(t.rule, t.entity_type, t.entity_id) for t in truths}
    others = {entity: data for entity, data in said.ever.items() if entity not in true}
    cases = {
        entity: Case(entity[0], entity[2], *(data[name] for name in ("orderId", "accountId", "productInstanceId")))
        for entity, data in others.items()
    }
    return [entity for entity, case in cases.items() if not follows(case, truths, accounts)]
