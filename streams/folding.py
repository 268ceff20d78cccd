"""Folds on the engine: facts in by group, derived records out, deadlines as timers.

One processor runs any number of folds (`domain.fold`); each hears the copies of its space, whose groups are named
`<tenant>:<space>/<id>`. A place is derived once for each batch that changed it, and again at each deadline it names;
only rows that changed are published, and those that are not said any more are withdrawn by a tombstone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from avro.moments import microseconds
from domain.errors import ConfigurationError, RecordError
from domain.fold.facts import Facts, Outcome
from domain.fold.fold import Fold, Place
from domain.fold.heard import Heard
from streams.clock import SIMULATED_PREFIX
from streams.engine.batch import RecordBatch
from streams.engine.processor import Counts, Output, TimedState, Timer
from streams.grouped import CHUNK, Kept, Spot, index_key, pack, pack_names, spot_at, store_key, unpack, unpack_names
from streams.hearing import Hearing, SchemaFinder
from streams.rows import Rows

WAKE = "wake"
GRACE_US = 1_000_000
"""How much later than a deadline facts may still be published without being taken back."""


class Contracts(SchemaFinder, Protocol):
    """What of a schema registry is needed; handed in, so that the registry stays outside."""

    def id_for(self, topic: str, record_name: str) -> int:
        """Schema id of a record on a topic; raises `UnavailableError`."""
        ...


class _Open:
    """A place while a batch is applied to it."""

    __slots__ = ("facts", "heard_us", "kept", "key")

    def __init__(self, key: bytes, kept: Kept) -> None:
        self.key = key
        self.kept = kept
        self.facts = kept.known()
        self.heard_us = 0


class Folding:
    """A processor with timers that runs folds; it reads the copies that `streams.placing` makes."""

    grace_us = GRACE_US

    def __init__(self, contracts: Contracts, folds: Sequence[Fold]) -> None:
        self._folds = {fold.rule_id: fold for fold in folds}
        if len(self._folds) != len(folds):
            message = f"Two folds share a rule: {', '.join(sorted(f.rule_id for f in folds))}."
            raise ConfigurationError(message, remediation="Give each fold of an application a rule id of its own.")
        self._spaces: dict[str, list[Fold]] = {}
        for fold in folds:
            self._spaces.setdefault(fold.space, []).append(fold)
        self._hearing = Hearing(contracts, frozenset[str]().union(*(fold.kinds for fold in folds)))
        self._rows = Rows(contracts)

    def process(self, batch: RecordBatch, now: datetime, state: TimedState, out: list[Output]) -> Counts:
        """See `Processor.process`."""
        counts = Counts(read=len(batch))
        work = _Work(state)
        for key, event in self._hearing.of(batch):
            outcome = Outcome.STALE if event is None else self._hear(key.decode(), event, work)
            counts.applied += outcome is Outcome.APPLIED
            counts.duplicate += outcome is Outcome.DUPLICATE
            counts.stale += outcome is Outcome.STALE
        for spot in work.to_derive():
            self._derive(spot, work, microseconds(now), out)
        work.keep()
        return counts

    def on_timer(self, timer: Timer, state: TimedState, out: list[Output]) -> None:
        """The deadline is believed: time has reached it, and what follows is said."""
        spot = spot_at(timer.key)
        work = _Work(state)
        opened = work.open(spot)
        opened.kept.reached_us = max(opened.kept.reached_us, timer.deadline_us)
        self._derive(spot, work, timer.deadline_us, out)
        work.keep()

    def _hear(self, group: str, event: Heard, work: _Work) -> Outcome:
        outcomes = {Outcome.STALE}
        for fold in self._sharing(group):
            for place in fold.places(event) if event.kind in fold.kinds else ():
                if place.group == group:
                    spot = Spot(fold.rule_id, place)
                    opened = work.open(spot)
                    outcome = opened.facts.hear(event, fold.says(event, place))
                    opened.heard_us = max(opened.heard_us, event.recorded_us)
                    if outcome is Outcome.APPLIED:
                        work.touched(spot)
                    outcomes.add(outcome)
        return next(o for o in (Outcome.APPLIED, Outcome.DUPLICATE, Outcome.STALE) if o in outcomes)

    def _sharing(self, group: str) -> list[Fold]:
        folds = self._spaces.get(group.partition(":")[2].partition("/")[0])
        if folds is None:
            message = f"No fold has a space for {group!r}."
            raise RecordError(
                "NO_SPACE", message, stage="apply", remediation="Start the application that this release feeds."
            )
        return folds

    def _derive(self, spot: Spot, work: _Work, now_us: int, out: list[Output]) -> None:
        fold, place = self._folds[spot.rule_id], spot.place
        opened = work.open(spot)
        nothing = Facts()
        shared = work.open(_group_of(spot)).facts if place.member else opened.facts
        own = opened.facts if place.member else nothing
        reached_us = opened.kept.reached_us
        derived = fold.derive(place, shared, own, reached_us)
        calculated_us = now_us
        if place.group.startswith(SIMULATED_PREFIX):
            calculated_us = max(
                reached_us, opened.heard_us, *(e.recorded_us for e in (*own.entries(), *shared.entries()))
            )
        opened.kept.said = self._rows.publish(fold, derived, (shared, own), opened.kept.said, calculated_us, out)
        work.wake(opened.key, derived.wake_us)


class _Work:
    """The places a batch concerns, read from the state once and written back once."""

    def __init__(self, state: TimedState) -> None:
        self._state = state
        self._opened: dict[Spot, _Open] = {}
        self._touched: dict[Spot, None] = {}

    def open(self, spot: Spot) -> _Open:
        opened = self._opened.get(spot)
        if opened is None:
            key = store_key(spot)
            stored = self._state.get(key)
            opened = self._opened[spot] = _Open(key, unpack(key, stored))
            if spot.place.member and stored is None:
                self._join(spot)
        return opened

    def touched(self, spot: Spot) -> None:
        """Derive it at the end of the batch."""
        self._touched[spot] = None

    def to_derive(self) -> list[Spot]:
        """What has changed, and the members of every group whose shared facts have."""
        found = dict(self._touched)
        for spot in self._touched:
            if not spot.place.member:
                found.update(dict.fromkeys(self._members(spot)))
        return list(found)

    def wake(self, key: bytes, wake_us: int | None) -> None:
        """Set the place's timer, or take it away."""
        if wake_us is None:
            self._state.cancel_timer(key, WAKE)
        else:
            self._state.set_timer(key, WAKE, wake_us)

    def keep(self) -> None:
        """Write everything back."""
        for opened in self._opened.values():
            opened.kept.facts = opened.facts.to_plain()
            if opened.kept.facts or opened.kept.members:
                self._state.put(opened.key, pack(opened.kept))

    def _join(self, spot: Spot) -> None:
        group = self.open(_group_of(spot)).kept
        key = index_key(_group_of(spot), group.members // CHUNK)
        self._state.put(key, pack_names([*unpack_names(key, self._state.get(key)), spot.place.member]))
        group.members += 1

    def _members(self, group: Spot) -> Iterable[Spot]:
        count = self.open(group).kept.members
        for number in range(-(-count // CHUNK)):
            key = index_key(group, number)
            for member in unpack_names(key, self._state.get(key)):
                yield Spot(group.rule_id, Place(group.place.group, member))


def _group_of(spot: Spot) -> Spot:
    return Spot(spot.rule_id, Place(spot.place.group))
