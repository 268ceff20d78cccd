"""As of when a table is complete: on a model of the log, against what is really in the table at each moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from compose.serving.completeness import Completeness, Look, Stage

T0 = datetime(2026, 1, 1, tzinfo=UTC)
OWNED, FED, DERIVED = "owned", "fed", "derived"
STAGES = {FED: Stage("placing", (OWNED, DERIVED)), DERIVED: Stage("folding", (FED,))}
"""Facts are placed, folded, and what comes of them is placed and folded once more."""


class Platform:
    """Facts on their way: each owner's fact is placed, folded, and comes back once; `shown` are those in the table."""

    def __init__(self) -> None:
        self.published: list[int] = []
        self.fed: list[tuple[int, int]] = []
        self.derived: list[tuple[int, int]] = []
        self.placed = {OWNED: 0, DERIVED: 0}
        self.folded = self.stored = 0

    def publish(self, at: int) -> None:
        self.published.append(at)

    def place(self, source: str) -> None:
        log: list[tuple[int, int]] = [(at, 0) for at in self.published] if source == OWNED else self.derived
        if self.placed[source] < len(log):
            at, rounds = log[self.placed[source]]
            self.placed[source] += 1
            if rounds < 2:
                self.fed.append((at, rounds))

    def fold(self) -> None:
        if self.folded < len(self.fed):
            at, rounds = self.fed[self.folded]
            self.folded += 1
            self.derived.append((at, rounds + 1))

    def store(self) -> None:
        self.stored = min(len(self.derived), self.stored + 1)

    def look(self, at: int) -> Look:
        committed = {("placing", t): {0: o} for t, o in self.placed.items()} | {("folding", FED): {0: self.folded}}
        ends = {OWNED: {0: len(self.published)}, FED: {0: len(self.fed)}, DERIVED: {0: len(self.derived)}}
        return Look(T0 + timedelta(seconds=at), committed, ends, {DERIVED: {0: self.stored}})

    def missing_before(self, at: int) -> list[int]:
        """Facts published before a moment of which something is not in the table."""
        shown = self.derived[: self.stored]
        return [fact for fact in self.published if fact < at and {(fact, 1), (fact, 2)} - set(shown)]


STEPS = st.lists(st.sampled_from(["publish", "place", "place again", "fold", "store", "look"]), max_size=120)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_nothing_is_missing_that_was_published_before(steps: list[str]) -> None:
    platform, known = Platform(), Completeness(STAGES, {OWNED})
    for at, step in enumerate(steps):
        match step:
            case "publish":
                platform.publish(at)
            case "place":
                platform.place(OWNED)
            case "place again":
                platform.place(DERIVED)
            case "fold":
                platform.fold()
            case "store":
                platform.store()
            case _:
                known.add(platform.look(at))
        moment = known.complete_as_of(DERIVED)
        if moment is not None:
            assert platform.missing_before(round((moment - T0).total_seconds())) == []


def test_at_rest_everything_is_complete_as_of_the_newest_look() -> None:
    platform, known = Platform(), Completeness(STAGES, {OWNED})
    for at in range(3):
        platform.publish(at)
    for _ in range(20):
        platform.place(OWNED)
        platform.place(DERIVED)
        platform.fold()
        platform.store()
    known.add(platform.look(50))
    assert known.complete_as_of(DERIVED) == T0 + timedelta(seconds=50)


def test_a_stage_that_stands_makes_everything_behind_it_older() -> None:
    platform, known = Platform(), Completeness(STAGES, {OWNED})
    known.add(platform.look(1))
    platform.publish(2)
    known.add(platform.look(3))
    assert known.complete_as_of(DERIVED) == T0 + timedelta(seconds=1), "the sink has all there is, and that is not all"


def test_nothing_is_known_of_a_topic_nobody_is_known_to_fill() -> None:
    known = Completeness({}, {OWNED})
    known.add(Look(T0, {}, {DERIVED: {0: 0}}, {DERIVED: {0: 0}}))
    assert known.complete_as_of(DERIVED) is None
    assert known.complete_as_of("never seen") is None


def test_old_looks_are_thinned_and_forgotten() -> None:
    known = Completeness(
        {DERIVED: Stage("g", (OWNED,))},
        {OWNED},
        dense=timedelta(seconds=10),
        sparse=timedelta(seconds=5),
        memory=timedelta(seconds=60),
    )
    for second in range(100):
        ends = {OWNED: {0: second}, DERIVED: {0: 0}}
        known.add(Look(T0 + timedelta(seconds=second), {("g", OWNED): {0: 70}}, ends, {}))
    found = known.complete_as_of(DERIVED)
    assert found is not None
    assert T0 + timedelta(seconds=65) <= found <= T0 + timedelta(seconds=70)
