"""The public testing module: what it hands to users must itself hold, and must notice what is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from avro.headers import from_headers
from domain.errors import ConfigurationError, ContractError, RecordError, UnavailableError
from domain.order_capture.events import OrderCaptureAttempted, Outcome
from streams.engine.batch import RecordBatch
from streams.engine.processor import Counts, Output, State, TimedState
from streams.testing import (
    FakeClock,
    Harness,
    MemoryContracts,
    Record,
    Schedule,
    assert_convergent,
    assert_poison_is_set_aside,
    batch,
    event,
    framed,
    poisons,
    random_schedule,
)
from streams.testing.strategies import schedules
from tests.streams.expecting import SECOND_US, Expecting, answered, asked
from tests.streams.wire import histories

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "streams" / "testing" / "README.md"


class Highest:
    """Publishes the highest number of each key."""

    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        counts = Counts(read=len(given))
        for key, value in zip(given.keys, given.values, strict=True):
            if value is None or key is None or not value.isdigit():
                raise RecordError("NO_NUMBER", f"{value!r} is no number.", stage="decode")
            known = state.get(key)
            if known is None or int(value) > int(known):
                counts.applied += 1
                state.put(key, value)
                out.append(Output("highest", key, value, [("at", now.isoformat().encode())]))
            else:
                counts.stale += 1
        return counts


class Newest(Highest):
    """Wrong: what came last wins."""

    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        for key, value in zip(given.keys, given.values, strict=True):
            out.append(Output("highest", key or b"", value, []))
        return Counts(read=len(given), applied=len(given))


class Sum(Highest):
    """Wrong unless nothing is repeated: adds up."""

    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        for key, value in zip(given.keys, given.values, strict=True):
            total = b"%d" % (int(state.get(key or b"") or 0) + int(value or 0))
            state.put(key or b"", total)
            out.append(Output("sum", key or b"", total, []))
        return Counts(read=len(given), applied=len(given))


class Remembering(Highest):
    """Wrong: keeps what it should have put into the state, so that a crash takes it."""

    def __init__(self) -> None:
        self.known: dict[bytes, int] = {}

    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        for key, value in zip(given.keys, given.values, strict=True):
            self.known[key or b""] = max(int(value or 0), self.known.get(key or b"", 0))
            out.append(Output("highest", key or b"", b"%d" % self.known[key or b""], []))
        return Counts(read=len(given), applied=len(given))


class Forgetful(Highest):
    """Wrong: does not count every record."""

    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        super().process(given, now, state, out)
        return Counts(read=len(given), applied=len(given) - 1)


def numbers(*values: int, key: bytes = b"a") -> list[Record]:
    return [Record(key, b"%d" % value) for value in values]


NUMBERS = [*numbers(1, 5, 3), *numbers(2, 9, key=b"b"), *numbers(4, key=b"c")]


def test_the_examples_of_the_readme_run() -> None:
    space: dict[str, Any] = {"__name__": "example"}
    for code in re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL):
        exec(code, space)
    tests = [value for name, value in space.items() if name.startswith("test_")]
    assert len(tests) >= 2
    for test in tests:
        test()


def test_no_kafka_client_and_no_hypothesis_is_imported() -> None:
    code = "import sys, streams.testing; print(*{m.partition('.')[0] for m in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"confluent_kafka", "faust", "aiokafka", "hypothesis"}.isdisjoint(ran.stdout.split())


def test_the_strategies_say_what_to_install() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import streams.testing, streams.testing.strategies"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "needs hypothesis, which is not installed. Install it" in ran.stderr


def test_only_what_was_committed_is_there() -> None:
    harness = Harness(Highest)
    assert [o.value for o in harness.feed(*numbers(1, 2))] == [b"1", b"2"]
    assert harness.newest() == {}
    assert [o.value for o in harness.pending] == [b"1", b"2"]
    harness.commit()
    assert harness.newest() == {b"a": b"2"}
    assert harness.changelog == [(b"a", b"2")]
    assert harness.counts == Counts(read=2, applied=2)
    harness.commit()
    assert len(harness.changelog) == 1, "an empty transaction writes nothing"


@pytest.mark.parametrize("what", ["abort", "crash"])
def test_what_was_taken_back_is_read_again(what: str) -> None:
    harness = Harness(Highest)
    harness.run(*numbers(1, 2))
    harness.feed(*numbers(7))
    before = harness.processor
    getattr(harness, what)()
    assert (harness.processor is before) == (what == "abort")
    assert harness.state(b"a") == b"2"
    assert harness.counts.read == 2
    assert harness.pending == []
    assert harness.run()[0].value == b"7"
    assert harness.counts == Counts(read=3, applied=3)


def test_a_state_that_lost_a_key_is_restored_without_it() -> None:
    class Dropping(Highest):
        def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
            for key, value in zip(given.keys, given.values, strict=True):
                state.put(key or b"", value if value != b"0" else None)
                out.append(Output("kept", key or b"", value if value != b"0" else None, []))
            return Counts(read=len(given), applied=len(given))

    harness = Harness(Dropping)
    harness.run(*numbers(1, 0), batch_size=1)
    harness.crash()
    assert harness.state(b"a") is None
    assert harness.newest() == {}
    assert [o.value for o in harness.outputs] == [b"1", None]


def test_partitions_and_topics_have_positions_of_their_own() -> None:
    harness = Harness(Highest, inputs=("left", "right"), partitions=3)
    for topic in harness.inputs:
        harness.publish(*NUMBERS, topic=topic)
    harness.publish(Record(b"z", b"1"), topic="right", partition=2)
    places = harness.readable()
    assert {topic for topic, _ in places} == {"left", "right"}
    harness.read(1, place=places[0])
    assert harness.counts.read == 1
    harness.run(batch_size=2)
    assert harness.readable() == []
    assert harness.counts.read == 2 * len(NUMBERS) + 1
    assert harness.newest() == {b"a": b"5", b"b": b"9", b"c": b"4", b"z": b"1"}


def test_gaps_in_the_offsets_are_passed_over() -> None:
    seen: list[int] = []

    class Noting(Highest):
        def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
            seen.extend(given.offsets)
            return super().process(given, now, state, out)

    harness = Harness(Noting)
    harness.run(*numbers(1, 2))
    harness.skip_offsets(3)
    harness.run(*numbers(4))
    harness.crash()
    harness.run(*numbers(5))
    assert seen == [0, 1, 5, 6]


def test_a_bad_record_is_dead_lettered_with_the_commit() -> None:
    harness = Harness(Highest, app="bids")
    harness.feed(Record(b"a", b"1"), Record(b"a", b"many", [("h", b"1")]), Record(b"a", b"3"))
    assert harness.dead_letters == []
    harness.commit()
    (letter,) = harness.dead_letters
    headers = dict(letter.headers)
    assert (letter.topic, letter.value, headers["h"], headers["dlq_offset"]) == ("dlq.input", b"many", b"1", b"1")
    assert headers["dlq_consumer"] == b"bids"
    assert harness.counts == Counts(read=3, applied=2, dead_lettered=1)


def test_an_outage_goes_through_and_leaves_nothing() -> None:
    class Away(Highest):
        def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
            super().process(given, now, state, out)
            raise UnavailableError("The registry is away.")

    harness = Harness(Away)
    with pytest.raises(UnavailableError):
        harness.feed(*numbers(1))
    assert harness.state(b"a") is None
    assert harness.readable() == [("input", 0)]


def test_a_processor_that_miscounts_is_told_so() -> None:
    with pytest.raises(AssertionError, match=r"read is not applied \+ duplicate \+ stale"):
        Harness(Forgetful).feed(*numbers(1))


def test_a_sound_processor_converges() -> None:
    assert_convergent(Highest, NUMBERS, partitions=2)
    assert_convergent(Highest, NUMBERS, expected={"a": b"5", "b": b"9", "c": b"4"})
    assert_convergent(Highest, {"left": NUMBERS, "right": numbers(8)}, inputs=("left", "right"))
    assert_convergent(Sum, NUMBERS, duplicates=False)
    assert_convergent(Newest, NUMBERS, duplicates=False, keep_order=True)
    assert_convergent(Highest, [])


@pytest.mark.parametrize("wrong", [Newest, Sum, Remembering], ids=lambda w: w.__name__)
def test_processors_that_do_not_converge_are_found(wrong: type[Highest]) -> None:
    with pytest.raises(AssertionError, match=r"The records differ after schedule \d+: .*\n.*: expected b'\d+', found"):
        assert_convergent(wrong, NUMBERS)


def test_what_the_expected_records_do_not_hold_is_told() -> None:
    with pytest.raises(AssertionError, match=r"(?s) b: no record.* c: a record nobody expected"):
        assert_convergent(Highest, numbers(4, key=b"c"), expected={"b": b"1"})


def test_differences_are_told_field_by_field() -> None:
    def canonical(value: bytes) -> dict[str, Any]:
        return {"bid": {"amount": int(value)}, "seen": [1, 2]}

    expected = {"a": {"bid": {"amount": 6}, "seen": (1, 3)}}
    with pytest.raises(AssertionError) as caught:
        assert_convergent(Highest, numbers(5), canonical, expected=expected)
    assert "bid.amount: expected 6, found 5" in str(caught.value)
    assert "seen[1]: expected 3, found 2" in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(schedules(NUMBERS))
def test_drawn_schedules_converge(schedule: Schedule) -> None:
    assert sorted(a.record for a in schedule.published) == sorted(NUMBERS)
    assert_convergent(Highest, schedule, partitions=2)


@settings(max_examples=100, deadline=None)
@given(schedules(NUMBERS, keep_order=True, duplicates_max=0))
def test_an_order_that_is_kept_is_kept_for_each_key(schedule: Schedule) -> None:
    for key in (b"a", b"b", b"c"):
        of_key = [a.record for a in schedule.arrived if a.record.key == key]
        assert of_key == [r for r in NUMBERS if r.key == key]
    assert_convergent(Newest, schedule)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATER = EPOCH + timedelta(seconds=60)
QUESTIONS = [
    asked(b"acme:1", 1, 0, 10 * SECOND_US),
    asked(b"acme:2", 1, 0, 10 * SECOND_US),
    answered(b"acme:2", 2, 5 * SECOND_US),
    asked(b"sim-7:1", 1, 0, 10 * SECOND_US),
    answered(b"sim-7:1", 2, 20 * SECOND_US),
]
STATUS = {"acme:1": "MISSING", "acme:2": "ANSWERED", "sim-7:1": "LATE"}


def status(value: bytes) -> str:
    return str(orjson.loads(value)["status"])


def waiting() -> Harness:
    harness = Harness(lambda: Expecting("out"))
    harness.run(QUESTIONS[0], QUESTIONS[3])
    return harness


def test_timers_fire_by_the_watermark_of_their_clock_and_with_the_transaction() -> None:
    harness = waiting()
    assert harness.advance_watermark(EPOCH + timedelta(seconds=9)) == []
    assert [o.key for o in harness.advance_watermark(LATER, "sim-7")] == [b"sim-7:1"]
    assert {status(value) for value in harness.newest().values()} == {"WAITING"}, "not committed yet"
    assert [o.key for o in harness.advance_watermark(LATER)] == [b"acme:1"]
    harness.commit()
    assert {status(value) for value in harness.newest().values()} == {"MISSING"}
    assert harness.fired == 2
    assert harness.advance_watermark(LATER + timedelta(days=1)) == []


@pytest.mark.parametrize("what", ["abort", "crash"])
def test_a_firing_that_was_taken_back_happens_again(what: str) -> None:
    harness = waiting()
    assert len(harness.advance_watermark(LATER)) == 2
    getattr(harness, what)()
    assert harness.fired == 0
    assert len(harness.advance_watermark(LATER)) == 2
    harness.commit()
    assert [key for key, _ in harness.changelog] == [b"acme:1", b"sim-7:1"] * 2, "its own records are not shown"


def test_a_firing_that_fails_is_dead_lettered() -> None:
    record = asked(b"acme:1", 1, 0, 1)
    content = orjson.dumps({**orjson.loads(record.value or b""), "poison": True})
    harness = Harness(lambda: Expecting("out"))
    harness.run(record._replace(value=content))
    harness.advance_watermark(LATER)
    harness.commit()
    (letter,) = harness.dead_letters
    assert dict(letter.headers)["dlq_error_code"] == b"POISON"


def test_a_watermark_needs_a_zone() -> None:
    with pytest.raises(ConfigurationError):
        waiting().advance_watermark(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake to be told


def test_a_processor_with_timers_converges_when_facts_come_after_firings() -> None:
    def make() -> Expecting:
        return Expecting("out")

    assert_convergent(make, QUESTIONS, status, watermark=LATER, expected=STATUS)

    class Final(Expecting):
        """Wrong: believes for good that nothing comes any more."""

        def process(self, given: RecordBatch, now: datetime, state: TimedState, out: list[Output]) -> Counts:
            passed = [i for i, key in enumerate(given.keys) if b"missed" in (state.get(key or b"") or b"")]
            if passed:
                return Counts(read=len(given), stale=len(given))
            return super().process(given, now, state, out)

    with pytest.raises(AssertionError, match="expected 'ANSWERED', found 'MISSING'"):
        assert_convergent(lambda: Final("out"), QUESTIONS[1:3], status, watermark=LATER, keep_order=True)


@settings(max_examples=100, deadline=None)
@given(schedules(QUESTIONS))
def test_drawn_schedules_with_timers_converge(schedule: Schedule) -> None:
    assert_convergent(lambda: Expecting("out"), schedule, status, watermark=LATER, partitions=2)


def test_a_seed_gives_the_same_schedule_again() -> None:
    from random import Random

    assert random_schedule(NUMBERS, Random(4)) == random_schedule(NUMBERS, Random(4))
    assert random_schedule(NUMBERS, Random(4)) != random_schedule(NUMBERS, Random(5))


def test_poison_is_set_aside_or_it_is_told() -> None:
    contracts = MemoryContracts()

    class Reading(Highest):
        def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
            for key, value in zip(given.keys, given.values, strict=True):
                if value is None:
                    raise RecordError("TOMBSTONE", "No value.", stage="decode")
                out.append(Output("read", key or b"", contracts.decode(value).data["orderId"].encode(), []))
            return Counts(read=len(given), applied=len(given))

    class Careless(Reading):
        def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
            return Counts(read=len(given), applied=len(given))

    records = [event(fact, contracts) for events in histories(2, seed=5) for fact in events]
    assert_poison_is_set_aside(Reading, records)
    with pytest.raises(AssertionError, match="not dead-lettered: Counter"):
        assert_poison_is_set_aside(Careless, records)


def test_each_poison_has_the_code_of_the_reference_codec() -> None:
    contracts = MemoryContracts()
    (first, *_), *_ = histories(1, seed=5)
    codes = {}
    for name, spoiled in poisons(event(first, contracts)).items():
        if spoiled.value is not None:
            with pytest.raises(RecordError) as caught:
                contracts.decode(spoiled.value)
            codes[name] = caught.value.code
    assert codes == {
        "garbage": "BAD_MAGIC",
        "bad_magic": "BAD_MAGIC",
        "truncated": "UNDECODABLE",
        "trailing": "TRAILING_BYTES",
        "unknown_schema": "UNKNOWN_SCHEMA_ID",
    }


def test_an_event_has_the_envelope_its_owner_would_give_it() -> None:
    contracts = MemoryContracts()
    (first, *_), *_ = histories(1, seed=5)
    later = first.occurred_at + timedelta(seconds=2)
    record = event(first, contracts, recorded_time=later)
    envelope = from_headers(record.headers)
    assert record.key == envelope.subject.encode() == first.order_id.encode()
    assert (envelope.aggregate_version, envelope.time, envelope.recorded_time) == (1, first.occurred_at, later)
    assert (envelope.source, envelope.tenant_id, envelope.command_id) == ("oms", "sim-5", first.source_command_id)
    assert contracts.decode(record.value or b"").data["orderId"] == first.order_id


def test_an_event_of_another_aggregate_has_its_own_id() -> None:
    attempt = OrderCaptureAttempted(
        attempt_id="acme:c1",
        command_id="c1",
        command="SubmitProductOrder",
        order_id="acme:o1",
        outcome=Outcome.REFUSED,
        source_system="shop",
        actor_id="robin",
        actor_role="sales",
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    envelope = from_headers(event(attempt, MemoryContracts()).headers)
    assert (envelope.subject, envelope.command_id, envelope.aggregate_version) == ("acme:c1", "c1", 1)
    assert from_headers(event(attempt, MemoryContracts(), subject="acme:x", version=3).headers).subject == "acme:x"


def test_records_without_a_contract_need_a_schema() -> None:
    contracts = MemoryContracts()
    with pytest.raises(ContractError):
        framed("k", "Bid", {"amount": 3}, contracts)
    number = contracts.add('{"type": "record", "name": "shop.Bid", "fields": [{"name": "amount", "type": "long"}]}')
    record = framed("k", "Bid", {"amount": 3}, contracts)
    assert contracts.decode(record.value or b"").data == {"amount": 3}
    assert contracts.schema_for_id(number).full_name == "shop.Bid"
    with pytest.raises(ContractError, match="is no published record"):
        event(framed_model(), contracts)


def framed_model() -> Any:
    from domain.model import Model

    class Unknown(Model):
        amount: int

    return Unknown(amount=1)


def test_the_clock_moves_when_it_is_told_to() -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.advance(minutes=1, seconds=1) == clock() == datetime(2026, 1, 1, 0, 1, 1, tzinfo=UTC)
    assert clock.advance(timedelta(hours=-1)).hour == 23
    assert clock.set(datetime(2027, 1, 1, tzinfo=UTC)).year == 2027
    with pytest.raises(ConfigurationError, match="no time zone"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake to be told
    harness = Harness(Highest, clock=clock)
    assert dict(harness.run(*numbers(1))[0].headers)["at"] == b"2027-01-01T00:00:00+00:00"


def test_a_batch_has_the_offsets_it_is_given() -> None:
    assert list(batch(numbers(1, 2), offsets=[4, 9]).offsets) == [4, 9]
    assert batch(numbers(1, 2), offset=7, topic="t", partition=3, follows=6).next_offset == 9
