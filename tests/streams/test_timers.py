"""Timers against a model, and the promise that they bring: the same end whatever came first."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ContractError, RecordError, UnavailableError
from streams.clock import LIVE
from streams.engine import step
from streams.engine.firing import TimerDeadLetters, WithTimers, fire
from streams.engine.processor import Counts, Output, TimedProcessor, Timer
from streams.engine.replay import Replayed, pass_time, replay
from streams.engine.store import MemoryStore
from streams.engine.timers import TIMER_PREFIX, TimedView, Timers
from tests.streams.expecting import ANSWER, Expecting, answered, asked
from tests.streams.wire import NOW, Raw, batch

OUT = "out"
KEYS = [b"acme:1", b"acme:2", b"sim-7:1", b"sim-8:1"]
CLOCKS = {b"acme:1": LIVE, b"acme:2": LIVE, b"sim-7:1": "sim-7", b"sim-8:1": "sim-8"}


def letters() -> TimerDeadLetters:
    return TimerDeadLetters("dlq", "clock", 3, "tests", datetime(2026, 1, 1, tzinfo=UTC))


class Model:
    """Timers as a dict, undone by copying."""

    def __init__(self) -> None:
        self.now: dict[tuple[bytes, str], int] = {}
        self.committed: dict[tuple[bytes, str], int] = {}

    def take(self, clock: str, until: int) -> Timer | None:
        due = [Timer(d, key, name) for (key, name), d in self.now.items() if CLOCKS[key] == clock and d <= until]
        if not due:
            return None
        first = min(due)
        del self.now[first.key, first.name]
        return first


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(KEYS), st.sampled_from(["a", "b"]), st.integers(-5, 30)),
        st.tuples(st.just("cancel"), st.sampled_from(KEYS), st.sampled_from(["a", "b"])),
        st.tuples(st.just("take"), st.sampled_from(sorted(set(CLOCKS.values()))), st.integers(-5, 30)),
        st.tuples(st.sampled_from(["commit", "undo", "restore"])),
    ),
    max_size=60,
)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_timers_are_what_a_plain_dict_says_through_moves_undoing_and_restoring(steps: list[tuple[object, ...]]) -> None:
    store, timers, model = MemoryStore(), Timers(), Model()
    for what, *rest in steps:
        match what, rest:
            case "set", [bytes(key), str(name), int(deadline)]:
                timers.set(store, Timer(deadline, key, name))
                model.now[key, name] = deadline
                assert timers.deadline(store, key, name) == deadline
            case "cancel", [bytes(key), str(name)]:
                timers.cancel(store, key, name)
                model.now.pop((key, name), None)
                assert timers.deadline(store, key, name) is None
            case "take", [str(clock), int(until)]:
                while (expected := model.take(clock, until)) is not None:
                    assert timers.take_due(store, clock, until) == expected
                assert timers.take_due(store, clock, until) is None
            case "commit", _:
                store.release()
                store.committed()
                timers.committed()
                model.committed = dict(model.now)
            case "undo", _:
                store.undo_transaction()
                timers.undone()
                model.now = dict(model.committed)
            case "restore", _:
                kept = list(store.starting_with(TIMER_PREFIX))
                store, timers = MemoryStore(), Timers()
                for own_key, value in kept:
                    store.load(own_key, value)
                timers.load(kept)
                model.committed = dict(model.now)
    assert {i for i, _ in store.starting_with(TIMER_PREFIX)} == {
        TIMER_PREFIX + key + b"\0" + name.encode() for key, name in model.now
    }


def test_a_deadline_that_moves_on_with_every_event_has_one_entry() -> None:
    store, timers = MemoryStore(), Timers()
    for moment in range(10_000):
        timers.set(store, Timer(moment, b"acme:1", ANSWER))
    assert len(timers._heaps[LIVE]) == 1
    assert timers.take_due(store, LIVE, 9_998) is None
    assert timers.take_due(store, LIVE, 9_999) == Timer(9_999, b"acme:1", ANSWER)


def test_a_deadline_that_only_moves_nearer_does_not_fill_memory() -> None:
    store, timers = MemoryStore(), Timers()
    for moment in range(10_000, 0, -1):
        timers.set(store, Timer(moment, b"acme:1", ANSWER))
    assert len(timers._heaps[LIVE]) < 2_000
    assert timers.take_due(store, LIVE, 20_000) == Timer(1, b"acme:1", ANSWER)
    assert timers.take_due(store, LIVE, 20_000) is None


def test_impossible_deadlines_and_names_are_refused() -> None:
    with pytest.raises(RecordError) as caught:
        Timers().set(MemoryStore(), Timer(2**63, b"acme:1", ANSWER))
    assert caught.value.code == "BAD_DEADLINE"
    with pytest.raises(ContractError, match="zero byte"):
        Timers().set(MemoryStore(), Timer(1, b"acme:1", "a\0b"))


def test_timers_are_among_the_changes_told_to_the_changelog() -> None:
    store, timers = MemoryStore(), Timers()
    TimedView(store, timers).set_timer(b"acme:1", ANSWER, 7)
    store.release()
    assert dict(store.changes()) == {TIMER_PREFIX + b"acme:1\0answer": (7).to_bytes(8, "big")}


# Firing.


def statuses(outputs: list[Output]) -> dict[bytes, dict[str, object]]:
    return {o.key: orjson.loads(o.value or b"") for o in outputs}


FACTS = st.lists(
    st.one_of(
        st.builds(asked, st.sampled_from(KEYS), st.integers(1, 3), st.integers(0, 20), st.integers(0, 10)),
        st.builds(answered, st.sampled_from(KEYS), st.integers(4, 6), st.integers(0, 30)),
    ),
    max_size=12,
    unique_by=lambda fact: (fact.key, orjson.loads(fact.value or b"")["version"]),
)
FINAL = {LIVE: 25, "sim-7": 15}


@settings(max_examples=400, deadline=None)
@given(FACTS, st.data(), st.integers(0, 3))
def test_facts_and_firings_in_any_order_end_in_the_same_record(
    facts: list[Raw], data: st.DataObject, grace: int
) -> None:
    """Permuted, duplicated, cut into any batches, with time passing anywhere between."""
    processor = Expecting(OUT, grace)
    expected = replay(processor, [batch(facts)], NOW, FINAL)

    again = data.draw(st.lists(st.sampled_from(facts), max_size=4)) if facts else []
    arriving = data.draw(st.permutations([*facts, *again]))
    walked, reached = Replayed(), {LIVE: -1, "sim-7": -1}
    runner = WithTimers(processor, walked.timers)
    for fact in arriving:
        reached = {n: max(us, data.draw(st.integers(-1, FINAL[n]))) for n, us in reached.items()}
        pass_time(processor, walked, NOW, reached)
        result = step.run(runner, batch([fact]), NOW, walked.store, consumer="tests", dead_letter_topic="dlq")
        walked.outputs += result.outputs
        walked.counts.add(result.counts)
    pass_time(processor, walked, NOW, FINAL)

    assert statuses(walked.outputs) == statuses(expected.outputs)
    assert walked.counts.balanced
    assert {k for k, _ in walked.store.starting_with(TIMER_PREFIX)} == {
        k for k, _ in expected.store.starting_with(TIMER_PREFIX)
    }


def test_what_is_due_fires_in_the_order_of_deadline_and_key_once_and_carries_its_deadline() -> None:
    facts = [
        asked(b"acme:2", 1, 0, 5),
        asked(b"acme:1", 1, 0, 5),
        asked(b"acme:3", 1, 0, 2),
        asked(b"acme:4", 1, 0, 99),
    ]
    state = replay(Expecting(OUT), [batch(facts)], NOW, {})
    before = len(state.outputs)
    pass_time(Expecting(OUT), state, NOW, {LIVE: 50})
    pass_time(Expecting(OUT), state, NOW, {LIVE: 50})
    fired = state.outputs[before:]
    assert [o.key for o in fired] == [b"acme:3", b"acme:1", b"acme:2"]
    assert [orjson.loads(o.value or b"")["missedAt"] for o in fired] == [2, 5, 5]
    assert state.fired == 3


def test_grace_and_the_clock_of_another_tenant_hold_a_timer_back() -> None:
    state = replay(Expecting(OUT, grace_us=10), [batch([asked(b"sim-7:1", 1, 0, 5)])], NOW, {LIVE: 10**18, "sim-7": 14})
    assert state.fired == 0
    pass_time(Expecting(OUT, grace_us=10), state, NOW, {"sim-7": 15})
    assert state.fired == 1


def test_a_fact_read_before_completeness_suppresses_the_firing_and_one_read_after_takes_it_back() -> None:
    question = asked(b"acme:1", 1, 0, 5)
    in_time = answered(b"acme:1", 2, 4)
    early = replay(Expecting(OUT), [batch([question]), batch([in_time], offset=1)], NOW, {LIVE: 50})
    assert early.fired == 0
    assert statuses(early.outputs)[b"acme:1"]["status"] == "ANSWERED"

    late = replay(Expecting(OUT), [batch([question])], NOW, {LIVE: 50})
    assert statuses(late.outputs)[b"acme:1"]["status"] == "MISSING"
    runner = WithTimers(Expecting(OUT), late.timers)
    result = step.run(runner, batch([in_time], offset=1), NOW, late.store, consumer="tests", dead_letter_topic="dlq")
    assert statuses(result.outputs) == statuses(early.outputs)


def poisoned(key: bytes, deadline: int) -> Raw:
    fact = asked(key, 1, 0, deadline)
    return fact._replace(value=orjson.dumps({**orjson.loads(fact.value or b""), "poison": True}))


def test_a_firing_that_fails_is_dead_lettered_and_its_neighbours_fire() -> None:
    facts = [asked(b"acme:1", 1, 0, 1), poisoned(b"acme:2", 2), asked(b"acme:3", 1, 0, 3)]
    state = replay(Expecting(OUT), [batch(facts)], NOW, {})
    fired = fire(Expecting(OUT), state.timers, state.store, {LIVE: 9}, letters())
    assert [o.key for o in fired.outputs] == [b"acme:1", b"acme:3"]
    (letter,) = fired.dead_letters
    assert (letter.topic, letter.key, letter.value) == ("dlq", b"acme:2", None)
    assert dict(letter.headers) | {
        "dlq_timer": b"answer",
        "dlq_deadline": b"1970-01-01T00:00:00.000002Z",
        "dlq_error_code": b"POISON",
        "dlq_stage": b"timer",
        "dlq_consumer": b"tests",
    } == dict(letter.headers)
    assert (fired.fired, fired.drained) == (2, True)
    assert fire(Expecting(OUT), state.timers, state.store, {LIVE: 9}, letters()).fired == 0
    assert not list(state.store.starting_with(TIMER_PREFIX)), "what failed is not tried for ever"


class Away(Expecting):
    def on_timer(self, timer: Timer, state: object, out: list[Output]) -> None:
        raise UnavailableError("A part is away.")


def test_a_part_that_is_away_is_no_fault_of_the_timer() -> None:
    processor: TimedProcessor = Away(OUT)
    state = replay(processor, [batch([asked(b"acme:1", 1, 0, 1)])], NOW, {})
    state.store.committed()
    state.timers.committed()
    with pytest.raises(UnavailableError):
        fire(processor, state.timers, state.store, {LIVE: 9}, letters())
    state.store.undo_transaction()
    state.timers.undone()
    assert fire(Expecting(OUT), state.timers, state.store, {LIVE: 9}, letters()).fired == 1


def test_a_round_is_bounded_and_says_when_more_is_due() -> None:
    facts = [asked(b"acme:%d" % i, 1, 0, i) for i in range(10)]
    state = replay(Expecting(OUT), [batch(facts)], NOW, {})
    rounds = [fire(Expecting(OUT), state.timers, state.store, {LIVE: 9}, letters(), 4) for _ in range(3)]
    assert [(r.fired, r.drained) for r in rounds] == [(4, False), (4, False), (2, True)]


class Periodic:
    """Fires every ten microseconds, for as long as time passes."""

    grace_us = 0

    def process(self, given: object, now: datetime, state: TimedView, out: list[Output]) -> Counts:
        state.set_timer(b"acme:1", "tick", 0)
        return Counts(1, 1)

    def on_timer(self, timer: Timer, state: TimedView, out: list[Output]) -> None:
        out.append(Output(OUT, timer.key, b"%d" % timer.deadline_us, []))
        state.set_timer(timer.key, timer.name, timer.deadline_us + 10)


def test_a_timer_that_sets_itself_anew_catches_up() -> None:
    state = replay(Periodic(), [batch([Raw(b"acme:1", b"", [])])], NOW, {LIVE: 35})  # type: ignore[arg-type]
    assert [o.value for o in state.outputs] == [b"0", b"10", b"20", b"30"]


def test_a_record_that_fails_takes_its_timer_along() -> None:
    class Failing(Expecting):
        def _keep(self, key: bytes, facts: dict[str, object], state: object, out: list[Output]) -> None:
            super()._keep(key, facts, state, out)  # type: ignore[arg-type]
            if key == b"acme:2":
                raise RecordError("AFTERWARDS", "It fails after its timer was set.", stage="apply")

    facts = [asked(b"acme:1", 1, 0, 1), asked(b"acme:2", 1, 0, 2), asked(b"acme:3", 1, 0, 3)]
    state = replay(Failing(OUT), [batch(facts)], NOW, {})
    assert state.counts == Counts(read=3, applied=2, dead_lettered=1)
    pass_time(Failing(OUT), state, NOW, {LIVE: 9})
    assert [o.key for o in state.outputs[-2:]] == [b"acme:1", b"acme:3"]
    assert state.fired == 2
