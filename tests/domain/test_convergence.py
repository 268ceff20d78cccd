"""Any permutation and any duplication of an order's events ends in the same canonical record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.order_state.build import build, canonical
from domain.order_state.derive import derive
from domain.order_state.facts import Fact, OrderFacts, Outcome
from domain.order_state.policy import MEF123_V1, POLICIES, REFERENCE_V1, HeaderPolicy
from domain.order_state.record import OrderState
from domain.product_order.events import ProductOrderEvent
from streams.order_state_stored import from_bytes, to_bytes
from tests.domain.event_streams import ORDER, fact_of, moved, real_orders, sound_streams, streams
from tests.domain.header_oracle import told

CLOCK = datetime(2026, 6, 1, tzinfo=UTC)


def read(stream: Iterable[Fact]) -> OrderFacts:
    memory = OrderFacts()
    for fact in stream:
        memory.apply(fact)
    return memory


def record(memory: OrderFacts, policy: HeaderPolicy = REFERENCE_V1, at: datetime = CLOCK) -> dict[str, object]:
    return canonical(build(ORDER, memory, policy, at))


def shuffled_and_repeated(draw: st.DrawFn, stream: Sequence[Fact]) -> list[Fact]:
    repeats = draw(st.lists(st.sampled_from(stream), max_size=6))
    further = [moved(fact, 1, 1000 + offset) for offset, fact in enumerate(repeats)]
    return draw(st.permutations([*stream, *further]))


@st.composite
def twice(draw: st.DrawFn) -> tuple[list[Fact], list[Fact]]:
    stream = draw(streams)
    return stream, shuffled_and_repeated(draw, stream)


@pytest.fixture(scope="module")
def orders() -> list[list[ProductOrderEvent]]:
    return real_orders()


@settings(max_examples=400, deadline=None)
@given(twice())
def test_permutations_and_duplicates_of_arbitrary_events_converge(pair: tuple[list[Fact], list[Fact]]) -> None:
    one, other = pair
    for policy in POLICIES.values():
        assert record(read(one), policy) == record(read(other), policy)


def test_permutations_and_duplicates_of_real_orders_converge(orders: list[list[ProductOrderEvent]]) -> None:
    random = Random(3)
    for events in orders:
        stream = [fact_of(event, offset) for offset, event in enumerate(events)]
        expected = record(read(stream))
        for _ in range(4):
            again = [*stream, *random.choices(stream, k=len(stream) // 2)]
            random.shuffle(again)
            assert record(read(again)) == expected
        assert record(read(reversed(stream))) == expected


@settings(max_examples=200, deadline=None)
@given(streams)
def test_the_clock_and_the_place_in_the_log_are_no_part_of_the_canonical_record(stream: list[Fact]) -> None:
    elsewhere = [moved(fact, 7, fact.offset + 5000) for fact in stream]
    later = CLOCK.replace(year=2027)
    assert record(read(stream)) == record(read(elsewhere), at=later)


@settings(max_examples=150, deadline=None)
@given(streams, st.data())
def test_a_round_trip_through_bytes_at_any_point_changes_nothing(stream: list[Fact], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(stream)))
    stored = to_bytes(read(stream[:cut]))
    memory = from_bytes(stored)
    outcomes = [memory.apply(fact) for fact in stream[cut:]]
    whole = OrderFacts()
    expected = [whole.apply(fact) for fact in stream]
    assert outcomes == expected[cut:]
    assert to_bytes(memory) == to_bytes(whole)
    assert record(memory) == record(whole)


@settings(max_examples=150, deadline=None)
@given(streams, streams)
def test_a_copy_is_independent(stream: list[Fact], further: list[Fact]) -> None:
    original = read(stream)
    before = to_bytes(original)
    twin = original.copy()
    assert to_bytes(twin) == before
    for fact in further:
        twin.apply(fact)
    assert to_bytes(original) == before
    held = to_bytes(twin)
    for fact in reversed(further):
        original.apply(fact)
    assert to_bytes(twin) == held


@settings(max_examples=300, deadline=None)
@given(twice())
def test_each_event_is_counted_once_and_exact_duplicates_as_such(pair: tuple[list[Fact], list[Fact]]) -> None:
    memory = OrderFacts()
    seen: set[tuple[int, int]] = set()
    outcomes: Counter[Outcome] = Counter()
    for fact in pair[1]:
        outcome = memory.apply(fact)
        outcomes[outcome] += 1
        assert (outcome is Outcome.DUPLICATE) == ((fact.version, fact.content_hash) in seen)
        seen.add((fact.version, fact.content_hash))
    assert outcomes.total() == len(pair[1])
    assert outcomes[Outcome.DUPLICATE] == len(pair[1]) - len(seen)


@settings(max_examples=150, deadline=None)
@given(sound_streams)
def test_events_read_in_order_are_all_applied_and_a_stale_one_changes_no_state(stream: list[Fact]) -> None:
    in_order = sorted(stream, key=lambda fact: fact.version)
    memory = OrderFacts()
    assert {memory.apply(fact) for fact in in_order} == {Outcome.APPLIED}
    late = OrderFacts()
    for fact in reversed(in_order):
        before = derive(late, REFERENCE_V1) if late.newest else None
        if late.apply(fact) is Outcome.STALE:
            assert before is not None
            after = derive(late, REFERENCE_V1)
            assert (after.state, after.declared, after.order_fallout) == (
                before.state,
                before.declared,
                before.order_fallout,
            )


@settings(max_examples=300, deadline=None)
@given(streams)
def test_gaps_and_conflicts(stream: list[Fact]) -> None:
    contents: dict[int, set[int]] = {}
    for fact in stream:
        contents.setdefault(fact.version, set()).add(fact.content_hash)
    derived = record(read(stream))
    newest = max(contents)
    assert derived["version"] == newest
    assert derived["versionGaps"] == sorted(set(range(1, newest)) - set(contents))
    assert derived["conflictingVersions"] == sorted(v for v, found in contents.items() if len(found) > 1)


@settings(max_examples=400, deadline=None)
@given(sound_streams, st.sampled_from((REFERENCE_V1, MEF123_V1)))
def test_the_fold_says_what_reading_in_order_says(stream: list[Fact], policy: HeaderPolicy) -> None:
    """Whatever is missing: an independent reader of the same events comes to the same states."""
    story = told((fact.kind, fact.payload) for fact in sorted(stream, key=lambda fact: fact.version))
    view = derive(read(stream), policy)
    assert {item.item_id: item.state for item in view.items} == story.item_states()
    assert view.declared is story.declared
    assert view.cancellation_open == story.cancellation()
    assert view.order_fallout == any(story.fallouts.values())
    assert view.state is story.state(policy.policy_id)


def test_the_fold_agrees_with_the_aggregate_in_every_event(orders: list[list[ProductOrderEvent]]) -> None:
    for events in orders:
        memory = OrderFacts()
        for offset, event in enumerate(events):
            assert memory.apply(fact_of(event, offset)) is Outcome.APPLIED
            derived = record(memory)
            assert derived["state"] == derived["publishedState"] == event.state.value
            assert derived["versionGaps"] == derived["conflictingVersions"] == []
            story = told((type(e).__name__, e.model_dump(mode="json", by_alias=True)) for e in events[: offset + 1])
            assert story.state() is event.state


@settings(max_examples=150, deadline=None)
@given(streams)
def test_every_record_fits_its_contract_and_cites_what_it_rests_on(stream: list[Fact]) -> None:
    built = build(ORDER, read(stream), REFERENCE_V1, CLOCK)
    derived = OrderState.model_validate(built)
    cited = {(ref.event_type, ref.event_id, ref.version) for ref in derived.derivation.inputs}
    assert cited <= {(fact.kind, fact.event_id, fact.version) for fact in stream}
    newest = {kind: max(f.version for f in stream if f.kind == kind) for kind in {f.kind for f in stream}}
    assert {kind: version for kind, _, version in cited} == newest
    assert (derived.derivation.rule_id, derived.derivation.rule_version) == ("header-state", "reference.v1")
    assert derived.derivation.authority == "INFORMATIONAL"
    assert derived.derivation.calculated_at == CLOCK
    assert derived.derivation.source_lag_ms >= 0
    assert 0 <= derived.progress_percent <= 100
    assert list(derived.blockers) == sorted(derived.blockers, key=lambda b: (b.since, b.item_id or "", b.kind))
