"""Folds on the engine: facts in by group, derived records out, deadlines as timers.

One processor runs any number of folds (`domain.fold`), each with a space of its own among the group ids:
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
from streams.grouped import CHUNK, Kept, index_key, pack, pack_names, place_at, store_key, unpack, unpack_names
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
        self._folds = {fold.space: fold for fold in folds}
        if len(self._folds) != len(folds):
            message = f"Two folds share a space: {', '.join(sorted(f.space for f in folds))}."
            raise ConfigurationError(message, remediation="Give each fold of an application a space of its own.")
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
        for place in work.to_derive():
            self._derive(place, work, microseconds(now), out)
        work.keep()
        return counts

    def on_timer(self, timer: Timer, state: TimedState, out: list[Output]) -> None:
        """The deadline is believed: time has reached it, and what follows is said."""
        place = place_at(timer.key)
        work = _Work(state)
        opened = work.open(place)
        opened.kept.reached_us = max(opened.kept.reached_us, timer.deadline_us)
        self._derive(place, work, timer.deadline_us, out)
        work.keep()

    def _hear(self, group: str, event: Heard, work: _Work) -> Outcome:
        fold = self._fold(group)
        outcomes = {Outcome.STALE}
        for place in fold.places(event) if event.kind in fold.kinds else ():
            if place.group == group:
                opened = work.open(place)
                outcome = opened.facts.hear(event, fold.says(event, place))
                opened.heard_us = max(opened.heard_us, event.recorded_us)
                if outcome is Outcome.APPLIED:
                    work.touched(place)
                outcomes.add(outcome)
        return next(o for o in (Outcome.APPLIED, Outcome.DUPLICATE, Outcome.STALE) if o in outcomes)

    def _fold(self, group: str) -> Fold:
        fold = self._folds.get(group.partition(":")[2].partition("/")[0])
        if fold is None:
            message = f"No fold has a space for {group!r}."
            raise RecordError(
                "NO_SPACE", message, stage="apply", remediation="Start the application that this release feeds."
            )
        return fold

    def _derive(self, place: Place, work: _Work, now_us: int, out: list[Output]) -> None:
        fold = self._fold(place.group)
        opened = work.open(place)
        nothing = Facts()
        shared = work.open(Place(place.group)).facts if place.member else opened.facts
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
        self._opened: dict[Place, _Open] = {}
        self._touched: dict[Place, None] = {}

    def open(self, place: Place) -> _Open:
        opened = self._opened.get(place)
        if opened is None:
            key = store_key(place)
            stored = self._state.get(key)
            opened = self._opened[place] = _Open(key, unpack(key, stored))
            if place.member and stored is None:
                self._join(place)
        return opened

    def touched(self, place: Place) -> None:
        """Derive it at the end of the batch."""
        self._touched[place] = None

    def to_derive(self) -> list[Place]:
        """What has changed, and the members of every group whose shared facts have."""
        found = dict(self._touched)
        for place in self._touched:
            if not place.member:
                found.update(dict.fromkeys(self._members(place.group)))
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

    def _join(self, place: Place) -> None:
        group = self.open(Place(place.group)).kept
        key = index_key(place.group, group.members // CHUNK)
        self._state.put(key, pack_names([*unpack_names(key, self._state.get(key)), place.member]))
        group.members += 1

    def _members(self, group: str) -> Iterable[Place]:
        count = self.open(Place(group)).kept.members
        for number in range(-(-count // CHUNK)):
            key = index_key(group, number)
            for member in unpack_names(key, self._state.get(key)):
                yield Place(group, member)
