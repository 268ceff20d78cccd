"""How far inputs are complete: never back, never beyond what was read, never beyond what a feeder said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro.headers import format_time
from avro.moments import microseconds
from domain.errors import ConfigurationError, RecordError
from streams.clock import LIVE, clock_of
from streams.engine.batch import RecordBatch
from streams.engine.engine import Engine, EngineConfig
from streams.engine.position import Position
from streams.engine.processor import Counts, Output, State, TimedState, Timer
from streams.engine.restore import Partition
from streams.engine.store import MemoryStore
from streams.engine.ticks import TickReader, publish_tick
from streams.engine.timekeeping import TimeConfig, Timekeeping, Turn
from streams.engine.watermark import (
    WATERMARK_HEADER,
    Completeness,
    Feeds,
    Observation,
    advanced,
    lowest,
    to_value,
    watermark_key,
)
from tests.streams.expecting import Expecting, answered, asked
from tests.streams.wire import NOW, Raw, batch

FRONTS = st.dictionaries(st.sampled_from([LIVE, "sim-1", "sim-2"]), st.integers(0, 9))


@given(st.lists(FRONTS, min_size=1, max_size=4))
def test_the_lowest_front_counts_and_a_clock_unknown_to_one_is_unknown(fronts: list[dict[str, int]]) -> None:
    found = lowest(fronts)
    for name in (LIVE, "sim-1", "sim-2"):
        assert found.get(name) == (min(f[name] for f in fronts) if all(name in f for f in fronts) else None)


@given(FRONTS, FRONTS)
def test_a_watermark_never_goes_back(have: dict[str, int], to: dict[str, int]) -> None:
    found = advanced(have, to)
    assert found.keys() == have.keys() | to.keys()
    assert all(found[name] == max(have.get(name, 0), to.get(name, 0)) for name in found)


def test_inputs_are_complete_only_once_every_end_is_reached() -> None:
    inputs = Completeness()
    inputs.observe(Observation({LIVE: 100}, {"a": 5, "b": 3}))
    assert not inputs.wants_observation
    assert inputs.settle({"a": 5}) == {}
    assert inputs.settle({"a": 4, "b": 3}) == {}
    assert inputs.settle({"a": 5, "b": 3}) == {LIVE: 100}
    assert inputs.wants_observation
    inputs.observe(Observation({LIVE: 90}, {"a": 5, "b": 3}))
    assert inputs.settle({"a": 5, "b": 3}) == {LIVE: 100}, "a clock that was put back puts no watermark back"


def test_an_end_behind_the_marks_of_transactions_is_reached_when_the_records_before_them_are_applied() -> None:
    inputs = Completeness()
    inputs.observe(Observation({LIVE: 100}, {"a": 9}))
    inputs.mark_end("a", 7, 9)
    assert inputs.settle({"a": 6}) == {}, "read by the client, not applied yet"
    assert inputs.settle({"a": 7}) == {LIVE: 100}
    inputs.observe(Observation({LIVE: 200}, {"a": 11}))
    assert inputs.settle({"a": 7}) == {LIVE: 100}


def test_a_feeder_that_was_never_heard_knows_no_time() -> None:
    feeds = Feeds()
    feeds.hear("topic", watermark_key("app", 0), to_value({LIVE: 5, "sim-1": 7}))
    assert lowest(feeds.fronts("topic", ["app"], 2)) == {}
    feeds.hear("topic", watermark_key("app", 1), to_value({LIVE: 9}))
    assert lowest(feeds.fronts("topic", ["app"], 2)) == {LIVE: 5}
    feeds.hear("topic", watermark_key("app", 0), to_value({LIVE: 3}))
    assert lowest(feeds.fronts("topic", ["app"], 2)) == {LIVE: 5}, "said again by an earlier life"
    assert lowest(feeds.fronts("topic", ["app", "other"], 2)) == {}


@pytest.mark.parametrize("value", [None, b"", b"[]", b"12", b'{"":"soon"}', b'{"":null}'])
def test_a_watermark_that_cannot_be_read_is_told(value: bytes | None) -> None:
    with pytest.raises(RecordError) as caught:
        Feeds().hear("topic", watermark_key("app", 0), value)
    assert caught.value.code == "BAD_WATERMARK"


def test_a_position_keeps_what_it_knows_of_time_and_reads_older_ones() -> None:
    position = Position({"a": 3}, {"a": Counts(3, 3)})
    assert b"time" not in position.to_bytes(), "applications without timers write what they always wrote"
    position.watermark, position.ticks, position.fired = {LIVE: 5}, {"sim-1": 2}, 4
    position.feeds.hear("topic", watermark_key("app", 0), to_value({LIVE: 5}))
    assert position.copy() == position
    assert Position.from_bytes(b'{"offsets":{"a":1},"counts":{"a":[1,1,0,0,0]}}').watermark == {}


@pytest.mark.parametrize(
    ("key", "clock"),
    [(b"acme:1", LIVE), (b"sim-7:order:1", "sim-7"), (b"sim-7", "sim-7"), (b"simon:1", LIVE), (b"", LIVE)],
)
def test_keys_live_by_the_clock_of_their_tenant(key: bytes, clock: str) -> None:
    assert clock_of(key) == clock


# Ticks.


def ticks(*entries: tuple[bytes | None, bytes | None]) -> RecordBatch:
    return batch([Raw(key, value, []) for key, value in entries], topic="clock")


def test_ticks_set_the_clocks_of_simulated_tenants_and_never_put_them_back() -> None:
    position, out = Position(), list[Output]()
    early, late = format_time(NOW).encode(), format_time(NOW + timedelta(hours=1)).encode()
    given_ticks = ticks((b"sim-1", early), (b"sim-1", late), (b"sim-1", late), (b"sim-1", early), (b"sim-2", early))
    counts = TickReader(position).process(given_ticks, NOW, MemoryStore(), out)
    assert counts == Counts(read=5, applied=3, duplicate=1, stale=1)
    assert position.ticks == {"sim-1": microseconds(NOW + timedelta(hours=1)), "sim-2": microseconds(NOW)}


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"acme", b"2026-01-01T00:00:00Z"), (None, b"2026-01-01T00:00:00Z"), (b"sim-1", b"soon"), (b"sim-1", None)],
)
def test_what_is_no_tick_is_told_and_changes_nothing(key: bytes | None, value: bytes | None) -> None:
    position = Position()
    with pytest.raises(RecordError) as caught:
        TickReader(position).process(ticks((b"sim-2", format_time(NOW).encode()), (key, value)), NOW, MemoryStore(), [])
    assert caught.value.code == "BAD_TICK"
    assert position.ticks == {}


def test_nobody_sets_the_clock_of_a_living_tenant() -> None:
    with pytest.raises(ConfigurationError, match="wall clock"):
        publish_tick({"bootstrap.servers": "127.0.0.1:9"}, "clock", "acme", NOW)


# A partition, from facts to firings, without a broker.


class Forwarding:
    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        return Counts(read=len(given), applied=len(given))


@pytest.fixture
def partition() -> Partition:
    return Partition(MemoryStore(), Position(), Position())


INPUTS = {"owner": "dlq.owner", "clock": "dlq.clock", "fed": "dlq.fed"}


def kept(processor: object, **config: object) -> Timekeeping:
    return Timekeeping("app", TimeConfig(clock="clock", **config), processor, INPUTS)  # type: ignore[arg-type]


def turn(time: Timekeeping, partition: Partition) -> Turn:
    return time.turn(0, partition, 2, lambda: NOW)


def ask(time: Timekeeping, partition: Partition, *facts: Raw) -> None:
    out: list[Output] = []
    time.processor_of(partition).process(batch(list(facts)), NOW, partition.store, out)
    partition.store.release()


def test_a_timer_waits_for_owner_and_feeders_alike(partition: Partition) -> None:
    time = kept(Expecting("out"), fed_by={"fed": ["feeder"]})
    ask(time, partition, asked(b"acme:1", 1, 0, 50))
    for number in (0, 1):
        partition.position.feeds.hear("fed", watermark_key("feeder", number), to_value({LIVE: 40 + 20 * number}))
    partition.completeness.observe(Observation({LIVE: 60}, {"owner": 0}))
    assert turn(time, partition).outputs == []
    assert partition.position.watermark == {LIVE: 40}
    partition.position.feeds.hear("fed", watermark_key("feeder", 0), to_value({LIVE: 50}))
    assert [o.key for o in turn(time, partition).outputs] == [b"acme:1"]
    assert partition.position.watermark == {LIVE: 50}
    assert partition.position.fired == 1


class Tidying(Expecting):
    """Fires and says nothing, as a timer does whose fact has come in time."""

    def on_timer(self, timer: Timer, state: TimedState, out: list[Output]) -> None:
        state.put(timer.key, None)


def test_a_timer_that_says_nothing_has_to_be_committed_all_the_same(partition: Partition) -> None:
    time = kept(Tidying("out"), fed_by={"fed": []})
    ask(time, partition, asked(b"acme:1", 1, 0, 50))
    assert turn(time, partition).empty
    partition.completeness.observe(Observation({LIVE: 60}, {"owner": 0}))
    silent = turn(time, partition)
    assert (silent.outputs, silent.fired, silent.empty) == ([], 1, False)
    assert turn(time, partition).empty


def test_an_owner_that_is_not_read_to_its_end_holds_every_timer_back(partition: Partition) -> None:
    time = kept(Expecting("out"), fed_by={"fed": []})
    ask(time, partition, asked(b"acme:1", 1, 0, 50))
    partition.completeness.observe(Observation({LIVE: 10**9}, {"owner": 2}))
    partition.position.offsets["owner"] = 1
    assert turn(time, partition).outputs == []
    ask(time, partition, answered(b"acme:1", 2, 49))
    partition.position.offsets["owner"] = 2
    assert turn(time, partition).outputs == []
    assert partition.position.watermark == {LIVE: 10**9}
    assert partition.position.fired == 0


def test_feeding_says_how_complete_it_is_to_every_partition_after_the_outputs(partition: Partition) -> None:
    time = kept(Forwarding(), feeds=["onward"], fed_by={"fed": []})
    assert turn(time, partition).empty, "nothing is known yet"
    partition.completeness.observe(Observation({LIVE: 10, "sim-1": 3}, {"owner": 0}))
    said = turn(time, partition).control
    assert [(r.topic, r.partition, r.key, r.headers) for r in said] == [
        ("onward", p, watermark_key("app", 0), [WATERMARK_HEADER]) for p in (0, 1)
    ]
    assert {r.value for r in said} == {b'{"":10,"sim-1":3}'}
    partition.completeness.observe(Observation({LIVE: 11}, {"owner": 0}))
    assert turn(time, partition).empty, "not oftener than it was told to"
    time.adopted()
    assert turn(time, partition).control, "after a rebalance it is said again"


def test_the_watermark_waits_until_nothing_due_is_left(partition: Partition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.engine.firing.fire.__defaults__", (2,))
    time = kept(Expecting("out"), feeds=["onward"], fed_by={"fed": []})
    ask(time, partition, *(asked(b"acme:%d" % i, 1, 0, i) for i in range(3)))
    partition.completeness.observe(Observation({LIVE: 10}, {"owner": 0}))
    first = turn(time, partition)
    assert (len(first.outputs), first.control, partition.position.watermark) == (2, [], {})
    second = turn(time, partition)
    assert (len(second.outputs), len(second.control), partition.position.watermark) == (1, 2, {LIVE: 10})


def test_an_application_with_timers_must_read_the_clock() -> None:
    for processor, config in ((Expecting("out"), TimeConfig()), (Forwarding(), TimeConfig(feeds=["onward"]))):
        with pytest.raises(ConfigurationError, match="does not read the platform clock"):
            Timekeeping("app", config, processor, {"owner": "dlq"})
    with pytest.raises(ConfigurationError, match="who feeds fed"):
        Timekeeping("app", TimeConfig(fed_by={"fed": ["x"]}), Forwarding(), {"owner": "dlq"})
    assert not Timekeeping("app", TimeConfig(), Forwarding(), {"owner": "dlq"}).tracks


def test_a_broker_that_does_not_answer_moves_no_watermark(
    partition: Partition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.engine.timekeeping.ENDS_SECONDS_MAX", 0.5)
    config = EngineConfig(
        "app", "0", {"bootstrap.servers": "127.0.0.1:9"}, "changelog", INPUTS, time=TimeConfig(clock="clock")
    )
    engine = Engine(config, Expecting("out"))

    async def life() -> None:
        await engine.adopt(1, {0: partition})
        await engine.observe_ends()
        await engine.commit()

    asyncio.run(life())
    assert partition.completeness.wants_observation
    assert partition.position.watermark == {}


def test_end_marks_of_an_earlier_assignment_are_thrown_away(partition: Partition, tmp_path: Path) -> None:
    config = EngineConfig(
        "app", "0", {"bootstrap.servers": "127.0.0.1:9"}, "changelog", INPUTS, time=TimeConfig(clock="clock")
    )
    engine = Engine(config, Expecting("out"))
    asyncio.run(engine.adopt(2, {0: partition}))
    partition.completeness.observe(Observation({LIVE: 1}, {"owner": 5}))
    engine.mark_end(1, "owner", 0, 0, 5)
    engine.mark_end(2, "owner", 3, 0, 5)
    assert partition.completeness.settle({}) == {}
    engine.mark_end(2, "owner", 0, 0, 5)
    assert partition.completeness.settle({}) == {LIVE: 1}


def test_recorded_times_are_utc() -> None:
    assert orjson.loads(to_value({LIVE: microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))})) == {LIVE: 1_000_000}
