"""The contract of a derivation: which group an event belongs to, what of it is remembered, what follows from that.

A fold is data and pure functions; `streams/` runs it on Kafka, `verify` runs it again over the raw events, and tests
run it in any order. What follows may depend on three things only: the facts, the place, and how far the group's time
has `reached`, which never is what a clock says but the last deadline that was believed (`Derived.wake_us`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from domain.fold.facts import Entry, Facts
from domain.fold.heard import Heard

BEFORE_TIME = 0
"""`reached_us` of a group of which no deadline has passed."""


class Place(NamedTuple):
    """Where something is remembered: an id all events of a matter have in common, and the member it concerns.

    `group` begins with `<tenant>:`. Facts without a member are shared by all members of their group, as an account is
    by the orders that name it; most folds have no members.
    """

    group: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A derived record: `record` names its contract, `key` is its identity, `data` its fields by wire names.

    `data` has neither `version` nor `derivation`: whoever publishes adds them. `cites` picks the events it names as
    its inputs; None names the newest of every kind remembered. A row is published again when its data or these events
    change, so one that cites only what it rests on is published less often.
    """

    record: str
    key: str
    data: Mapping[str, Any]
    cites: Callable[[Entry], bool] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Derived:
    """What follows from the facts of a place, and when that changes although nothing comes.

    A row that was said before and is not said any more is withdrawn. `wake_us` is the earliest moment (platform
    clock, microseconds) after `reached_us` at which something else would follow; None when there is none.
    """

    rows: tuple[Row, ...] = ()
    wake_us: int | None = None


class Fold(Protocol):
    """A derivation. Every method is a pure function of its arguments."""

    @property
    def space(self) -> str:
        """Short name of what its groups are about, such as `order`; folds of one space are given the same copies."""
        ...

    @property
    def rule_id(self) -> str:
        """Rule its records are derived by."""
        ...

    @property
    def rule_version(self) -> str:
        """Version of the rule."""
        ...

    @property
    def kinds(self) -> frozenset[str]:
        """Names of the events it listens to; others are not shown to it."""
        ...

    @property
    def records(self) -> frozenset[str]:
        """Names of the contracts its rows may have."""
        ...

    def places(self, event: Heard) -> Iterable[Place]:
        """Where an event belongs; nowhere is a possible answer."""
        ...

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """What of the event is remembered there, as (register, value); values are plain data.

        Registers belong to the event's aggregate (`Facts`). Decimals are kept as texts, times as microseconds.
        """
        ...

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """What follows. `shared` are the group's facts; `own` the member's, empty when the place has no member.

        May depend on `reached_us` only by asking whether deadlines have passed, each of which it names as `wake_us`
        in its turn: then the result is the same whether a deadline passed before or after the facts came.
        """
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """What a place comes to once its deadlines up to some time have passed."""

    derived: Derived
    reached_us: int


DEADLINES_MAX = 100_000
"""Deadlines of one place; more is a fold that names one again that has passed."""


def settle(
    fold: Fold, place: Place, shared: Facts, own: Facts, until_us: int, reached_us: int = BEFORE_TIME
) -> Settled:
    """Derive, then let each deadline up to `until_us` pass, one after the other. Raises `RuntimeError` without end."""
    for _ in range(DEADLINES_MAX):
        derived = fold.derive(place, shared, own, reached_us)
        if derived.wake_us is None or derived.wake_us > until_us:
            return Settled(derived, reached_us)
        if derived.wake_us <= reached_us:
            break
        reached_us = derived.wake_us
    message = f"{fold.rule_id} names a deadline at {place} that has passed: {reached_us}"
    raise RuntimeError(message)


def cited(shared: Facts, own: Facts, row: Row) -> list[dict[str, Any]]:
    """The inputs a row names: of the events it cites the newest of each kind, by kind."""
    newest: dict[str, Entry] = {}
    for facts in (shared, own):
        for entry in facts.entries():
            if row.cites is not None and not row.cites(entry):
                continue
            held = newest.get(entry.kind)
            if held is None or _age(held) < _age(entry):
                newest[entry.kind] = entry
    return [
        {
            "eventId": entry.event_id,
            "eventType": kind,
            "version": entry.version,
            "topic": entry.topic,
            "partition": entry.partition,
            "offset": entry.offset,
        }
        for kind, entry in sorted(newest.items())
    ]


def _age(entry: Entry) -> tuple[int, int, str]:
    return entry.time_us, entry.version, entry.event_id
