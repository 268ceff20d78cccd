"""The order-state application on real bytes: any permutation, duplication and batching ends in the same record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.codec import WriterSchema, frame, unframe
from avro.headers import parse_time
from compose.verify.expected import fold
from compose.verify.raw import Raw as InTopic
from domain.errors import UnavailableError
from domain.order_state.build import build, canonical
from domain.order_state.policy import REFERENCE_V1
from streams.engine.processor import Counts
from streams.order_state import OrderStateProcessor
from streams.order_state_stored import from_bytes
from streams.testing import (
    Harness,
    MemoryContracts,
    Record,
    Schedule,
    assert_convergent,
    assert_poison_is_set_aside,
    framed,
    with_header,
)
from streams.testing.strategies import schedules
from tests.streams.wire import NOW, TOPIC, published
from topics.catalogue import ORDER_STATE

CONTRACTS = MemoryContracts()
ORDERS = published(60, 11, CONTRACTS)


def processor(contracts: MemoryContracts = CONTRACTS) -> OrderStateProcessor:
    return OrderStateProcessor(contracts, REFERENCE_V1, ORDER_STATE.name)


def worker(contracts: MemoryContracts = CONTRACTS) -> Harness:
    return Harness(lambda: processor(contracts), inputs=(TOPIC,))


def readable(value: bytes) -> Any:
    """A derived record without what may differ from one order of arrival to another."""
    return msgspec.to_builtins(canonical(CONTRACTS.decode(value).data))


def last(harness: Harness, key: bytes | None) -> Any:
    """The newest committed output of an order."""
    return readable(harness.newest()[key or b""])


def remembered(harness: Harness, key: bytes) -> Any:
    """The record the state alone would give."""
    facts = from_bytes(harness.state(key) or b"")
    return msgspec.to_builtins(canonical(build(key.decode(), facts, REFERENCE_V1, NOW)))


def expected(records: Sequence[Record]) -> dict[str, Any]:
    """What the verifier expects of these records."""
    lying = (InTopic(TOPIC, 0, i, *r) for i, r in enumerate(records))
    folded = fold(lying, CONTRACTS.schema_for_id, REFERENCE_V1).records
    return {key: msgspec.to_builtins(record) for key, record in folded.items()}


@st.composite
def journeys(draw: st.DrawFn) -> tuple[list[Record], Schedule]:
    """One or two orders' events as published, and a way they may arrive."""
    orders = draw(st.lists(st.sampled_from(ORDERS), min_size=1, max_size=2, unique_by=id))
    records = [record for order in orders for record in order]
    return records, draw(schedules(records))


@settings(max_examples=150, deadline=None)
@given(journeys())
def test_any_journey_ends_in_the_record_the_verifier_expects(journey: tuple[list[Record], Schedule]) -> None:
    records, schedule = journey
    wanted = expected(records)
    assert_convergent(processor, schedule, readable, inputs=(TOPIC,), expected=wanted)

    harness = worker()
    harness.play(schedule)
    counts = harness.counts
    assert counts.duplicate == counts.read - len(records), "each copy is counted as one, whichever comes first"
    assert counts.dead_lettered == 0
    for order_id, record in wanted.items():
        assert remembered(harness, order_id.encode()) == record


@settings(max_examples=50, deadline=None)
@given(journeys())
def test_a_batch_publishes_each_order_it_changes_once(journey: tuple[list[Record], Schedule]) -> None:
    _, schedule = journey
    harness = worker()
    harness.publish(*(arrival.record for arrival in schedule.arrived))
    for turn in schedule.turns:
        keys = [output.key for output in harness.read(turn.records)]
        assert len(keys) == len(set(keys))


def test_many_orders_over_several_partitions_converge() -> None:
    records = [record for order in ORDERS[:8] for record in order]
    assert_convergent(processor, records, readable, inputs=(TOPIC,), partitions=3, expected=expected(records), tries=10)


def test_no_bad_record_takes_a_neighbour_along() -> None:
    assert_poison_is_set_aside(processor, [r for order in ORDERS[:4] for r in order], readable, inputs=(TOPIC,))


def test_an_order_read_in_order_is_applied_whole_and_published_once_for_each_batch() -> None:
    harness = worker()
    outputs = harness.run(*(r for order in ORDERS for r in order))

    events = sum(map(len, ORDERS))
    assert harness.counts == Counts(read=events, applied=events)
    assert [o.key for o in outputs] == [order[0].key for order in ORDERS]
    assert {o.topic for o in outputs} == {ORDER_STATE.name}


def test_batches_of_one_record_end_as_one_batch() -> None:
    records = [r for order in ORDERS for r in order]
    singly, at_once = worker(), worker()
    singly.run(*records, batch_size=1)
    at_once.run(*records)
    assert singly.counts == at_once.counts
    assert singly.newest().keys() == at_once.newest().keys()
    for key, value in at_once.newest().items():
        assert readable(singly.newest()[key]) == readable(value)
        assert singly.state(key) == at_once.state(key)


def test_duplicates_alone_publish_nothing_and_change_nothing() -> None:
    harness = worker()
    harness.run(*ORDERS[0])
    told = len(harness.changelog)

    assert harness.run(*ORDERS[0]) == []
    assert harness.counts.duplicate == len(ORDERS[0])
    assert len(harness.changelog) == told


def test_an_output_names_its_cause_and_comes_out_the_same_for_the_same_facts() -> None:
    (one,), (other,) = worker().run(*ORDERS[0]), worker().run(*ORDERS[0][::-1])
    headers, key = dict(one.headers), ORDERS[0][0].key
    newest = dict(ORDERS[0][-1].headers)

    named = dict(other.headers)
    assert {k: v for k, v in headers.items() if k != "ce_id"} == {k: v for k, v in named.items() if k != "ce_id"}
    assert (headers["ce_id"] == named["ce_id"]) == (one.value == other.value)  # an id for each content
    assert one.key == key
    assert headers["ce_subject"] == key
    assert headers["ce_tenantid"] == b"sim-11"
    assert headers["ce_source"] == b"ordertruth"
    assert headers["ce_type"] == b"com.ordertruth.ordertruth.order-state.order-state-derived.v1"
    assert headers["ce_causationid"] == newest["ce_id"]
    assert headers["ce_time"] == newest["ce_time"]
    assert headers["content-type"] == b"application/avro"
    assert one.value is not None
    assert unframe(one.value).schema_id == CONTRACTS.id_for(ORDER_STATE.name, "OrderState")


def test_a_simulated_tenant_lives_in_the_time_of_its_events_and_others_by_the_wall_clock() -> None:
    harness = worker()
    (output,) = harness.run(*ORDERS[0])
    recorded = max(parse_time(dict(r.headers)["ce_recordedtime"].decode()) for r in ORDERS[0])
    assert parse_time(dict(output.headers)["ce_recordedtime"].decode()) == recorded

    (output,) = harness.run(_moved_to("acme", ORDERS[0][0]))
    assert parse_time(dict(output.headers)["ce_recordedtime"].decode()) == NOW


def _moved_to(tenant: str, record: Record) -> Record:
    """The creation of the same order for another tenant."""
    order_id = f"{tenant}:order-1"
    moved = _rewritten(record, orderId=order_id)._replace(key=order_id.encode())
    return with_header(with_header(moved, "ce_subject", order_id.encode()), "ce_tenantid", tenant.encode())


def _rewritten(record: Record, **fields: Any) -> Record:
    decoded = CONTRACTS.decode(record.value or b"")
    name = decoded.record.rpartition(".")[2]
    return framed(record.key or b"", name, {**decoded.data, **fields}, CONTRACTS, record.headers)


def _other_content(record: Record) -> Record:
    """Another event that claims the same version of the same order."""
    return _rewritten(record, orderNumber="PO-other")


@pytest.mark.parametrize("index", [0, 1, -1])
def test_conflicting_contents_of_one_version_are_told_and_the_smaller_hash_wins(index: int) -> None:
    records = ORDERS[0]
    rival = _other_content(records[index])
    arrivals = [[*records, rival], [rival, *records], [*records[::-1], rival, rival], [rival, *records, records[index]]]

    results = []
    for arrived in arrivals:
        harness = worker()
        harness.run(*arrived)
        results.append(last(harness, records[0].key))
        assert harness.counts.duplicate == len(arrived) - len(records) - 1

    assert all(result == results[0] for result in results)
    version = int(dict(records[index].headers)["ce_aggregateversion"])
    assert results[0]["conflictingVersions"] == [version]


def test_the_same_body_under_another_event_id_is_another_content() -> None:
    harness = worker()
    harness.run(*ORDERS[0], with_header(ORDERS[0][-1], "ce_id", b"an-impostor"))
    assert harness.counts.duplicate == 0
    assert remembered(harness, ORDERS[0][0].key or b"")["conflictingVersions"] == [len(ORDERS[0])]


def test_the_same_event_framed_with_another_schema_id_is_a_duplicate() -> None:
    """A producer that restarts with a newly registered, equal schema sends the same fact."""
    framed_value = unframe(ORDERS[0][0].value or b"")
    contracts = MemoryContracts()
    again = contracts.add(contracts.schema_for_id(framed_value.schema_id).text)
    harness = worker(contracts)
    harness.run(ORDERS[0][0], ORDERS[0][0]._replace(value=frame(again, bytes(framed_value.body))))
    assert harness.counts == Counts(read=2, applied=1, duplicate=1)


def test_a_missing_version_is_shown_as_a_gap_until_it_arrives() -> None:
    records = ORDERS[0]
    harness = worker()
    harness.run(*records[:1], *records[2:])
    key = records[0].key or b""
    assert last(harness, key)["versionGaps"] == [2]
    harness.run(records[1])
    assert last(harness, key)["versionGaps"] == []
    assert last(harness, key) == expected(records)[key.decode()]


class Away(MemoryContracts):
    """A registry that answers nothing about one kind of question."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def schema_for_id(self, schema_id: int) -> WriterSchema:
        if self.question == "schema":
            raise UnavailableError("The registry is away.")
        return super().schema_for_id(schema_id)

    def id_for(self, topic: str, record_name: str) -> int:
        if self.question == "id":
            raise UnavailableError("The registry is away.")
        return super().id_for(topic, record_name)


@pytest.mark.parametrize("question", ["schema", "id"])
def test_an_outage_goes_through_before_anything_is_published(question: str) -> None:
    harness = worker(Away(question))
    with pytest.raises(UnavailableError):
        harness.feed(*ORDERS[0])
    assert harness.pending == []
    assert harness.counts.read == 0
