"""The order-state application on real bytes: any permutation, duplication and batching ends in the same record."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.codec import Decoded, WriterSchema, frame, unframe
from avro.headers import parse_time
from compose.verify.expected import fold
from compose.verify.raw import Raw as InTopic
from domain.errors import UnavailableError
from domain.order_state.build import build, canonical
from domain.order_state.policy import REFERENCE_V1
from streams.engine.processor import Counts, Output
from streams.engine.store import MemoryStore
from streams.order_state import OrderStateProcessor
from streams.order_state_stored import from_bytes
from tests.streams.wire import NOW, SCHEMA_IDS, TOPIC, DictContracts, Raw, batch, histories, raw, with_header
from topics.catalogue import ORDER_STATE

CONTRACTS = DictContracts()
ORDERS = [[raw(event) for event in events] for events in histories(60, seed=11)]


class Worker:
    """A processor with its store, fed batch after batch."""

    def __init__(self, contracts: Any = CONTRACTS) -> None:
        self.processor = OrderStateProcessor(contracts, REFERENCE_V1, ORDER_STATE.name)
        self.store = MemoryStore()
        self.outputs: list[Output] = []
        self.counts = Counts()
        self._offset = 0

    def feed(self, records: Sequence[Raw]) -> list[Output]:
        produced: list[Output] = []
        counts = self.processor.process(batch(records, offset=self._offset), NOW, self.store, produced)
        self.store.release()
        self._offset += len(records)
        assert counts.balanced
        self.counts.add(counts)
        self.outputs += produced
        return produced

    def last(self, key: bytes) -> dict[str, Any]:
        """The newest output of an order, without what may differ from one order of arrival to another."""
        value = next(o.value for o in reversed(self.outputs) if o.key == key)
        assert value is not None
        return canonical(CONTRACTS.decode(value).data)

    def remembered(self, key: bytes) -> dict[str, Any]:
        """The record the state alone would give."""
        stored = self.store.get(key)
        assert stored is not None
        facts = from_bytes(stored)
        return canonical(build(key.decode(), facts, REFERENCE_V1, NOW))


def expected(records: Sequence[Raw]) -> dict[str, dict[str, Any]]:
    """What the verifier expects of these records."""
    lying = (InTopic(TOPIC, 0, i, *r) for i, r in enumerate(records))
    return fold(lying, CONTRACTS.schema_for_id, REFERENCE_V1).records


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return msgspec.to_builtins(one) == msgspec.to_builtins(other)


@st.composite
def journeys(draw: st.DrawFn) -> tuple[list[Raw], list[list[Raw]]]:
    """Two orders' events as published, and the same shuffled, repeated and cut into batches."""
    published = [
        r for order in draw(st.lists(st.sampled_from(ORDERS), min_size=1, max_size=2, unique_by=id)) for r in order
    ]
    repeats = draw(st.lists(st.sampled_from(published), max_size=8))
    arrived = draw(st.permutations([*published, *repeats]))
    cuts = sorted(draw(st.lists(st.integers(0, len(arrived)), max_size=6)))
    edges = [0, *cuts, len(arrived)]
    return published, [arrived[a:b] for a, b in itertools.pairwise(edges) if a < b]


@settings(max_examples=150, deadline=None)
@given(journeys())
def test_any_permutation_duplication_and_batching_ends_in_the_same_record(
    journey: tuple[list[Raw], list[list[Raw]]],
) -> None:
    published, batches = journey
    worker = Worker()
    for records in batches:
        changed = {o.key for o in worker.feed(records)}
        assert len(changed) <= len({r.key for r in records})

    wanted = expected(published)
    arrived = sum(map(len, batches))
    assert worker.counts.read == arrived
    assert worker.counts.duplicate == arrived - len(published), "each copy is counted as one, whichever comes first"
    assert worker.counts.dead_lettered == 0
    assert {o.key.decode() for o in worker.outputs} == wanted.keys()
    for order_id, record in wanted.items():
        assert same(worker.last(order_id.encode()), record)
        assert same(worker.remembered(order_id.encode()), record)


def test_an_order_read_in_order_is_applied_whole_and_published_once_for_each_batch() -> None:
    worker = Worker()
    outputs = worker.feed([r for order in ORDERS for r in order])

    events = sum(map(len, ORDERS))
    assert worker.counts == Counts(read=events, applied=events)
    assert [o.key for o in outputs] == [order[0].key for order in ORDERS]
    assert {o.topic for o in outputs} == {ORDER_STATE.name}


def test_duplicates_alone_publish_nothing() -> None:
    worker = Worker()
    worker.feed(ORDERS[0])
    worker.store.committed()

    assert worker.feed(ORDERS[0]) == []
    assert worker.counts.duplicate == len(ORDERS[0])
    assert list(worker.store.changes()) == []


def test_an_output_names_its_cause_and_comes_out_the_same_for_the_same_facts() -> None:
    forwards, backwards = Worker(), Worker()
    forwards.feed(ORDERS[0])
    backwards.feed(ORDERS[0][::-1])
    one, other = forwards.outputs[-1], backwards.outputs[-1]
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
    assert unframe(one.value).schema_id == SCHEMA_IDS["OrderState"]


def test_a_simulated_tenant_lives_in_the_time_of_its_events_and_others_by_the_wall_clock() -> None:
    worker = Worker()
    worker.feed(ORDERS[0])
    recorded = max(parse_time(dict(r.headers)["ce_recordedtime"].decode()) for r in ORDERS[0])
    assert parse_time(dict(worker.outputs[-1].headers)["ce_recordedtime"].decode()) == recorded

    living = _moved_to("acme", ORDERS[0][0])
    assert parse_time(dict(worker.feed([living])[-1].headers)["ce_recordedtime"].decode()) == NOW


def _moved_to(tenant: str, record: Raw) -> Raw:
    """The creation of the same order for another tenant."""
    assert record.value is not None
    decoded = CONTRACTS.decode(record.value)
    order_id = f"{tenant}:order-1"
    return _rewritten(record, decoded, orderId=order_id)


def _rewritten(record: Raw, decoded: Decoded, **fields: Any) -> Raw:
    from avro.codec import encode_body

    assert record.value is not None
    body = encode_body(decoded.record, {**decoded.data, **fields})
    moved = Raw(record.key, frame(unframe(record.value).schema_id, body), record.headers)
    if (order_id := fields.get("orderId")) is None:
        return moved
    moved = with_header(moved._replace(key=order_id.encode()), "ce_subject", order_id.encode())
    return with_header(moved, "ce_tenantid", order_id.partition(":")[0].encode())


def _other_content(record: Raw) -> Raw:
    """Another event that claims the same version of the same order."""
    assert record.value is not None
    return _rewritten(record, CONTRACTS.decode(record.value), orderNumber="PO-other")


@pytest.mark.parametrize("index", [0, 1, -1])
def test_conflicting_contents_of_one_version_are_told_and_the_smaller_hash_wins(index: int) -> None:
    records = ORDERS[0]
    rival = _other_content(records[index])
    arrivals = [[*records, rival], [rival, *records], [*records[::-1], rival, rival], [rival, *records, records[index]]]

    results = []
    for arrived in arrivals:
        worker = Worker()
        worker.feed(arrived)
        key = records[0].key
        assert key is not None
        results.append(worker.last(key))
        assert worker.counts.duplicate == len(arrived) - len(records) - 1

    assert all(same(result, results[0]) for result in results)
    version = int(dict(records[index].headers)["ce_aggregateversion"])
    assert list(results[0]["conflictingVersions"]) == [version]


def test_the_same_body_under_another_event_id_is_another_content() -> None:
    worker = Worker()
    worker.feed([*ORDERS[0], with_header(ORDERS[0][-1], "ce_id", b"an-impostor")])
    assert worker.counts.duplicate == 0
    assert list(worker.remembered(ORDERS[0][0].key or b"")["conflictingVersions"]) == [len(ORDERS[0])]


def test_the_same_event_framed_with_another_schema_id_is_a_duplicate() -> None:
    """A producer that restarts with a newly registered, equal schema sends the same fact."""
    name = CONTRACTS.decode(ORDERS[0][0].value or b"").record
    worker = Worker(DictContracts(id_7=CONTRACTS.schemas[SCHEMA_IDS[name.rpartition(".")[2]]].text))
    reframed = ORDERS[0][0]._replace(value=frame(7, bytes(unframe(ORDERS[0][0].value or b"").body)))
    worker.feed([ORDERS[0][0], reframed])
    assert worker.counts == Counts(read=2, applied=1, duplicate=1)


def test_a_missing_version_is_shown_as_a_gap_until_it_arrives() -> None:
    records = ORDERS[0]
    worker = Worker()
    worker.feed([*records[:1], *records[2:]])
    key = records[0].key or b""
    assert list(worker.last(key)["versionGaps"]) == [2]
    worker.feed([records[1]])
    assert list(worker.last(key)["versionGaps"]) == []
    assert same(worker.last(key), expected(records)[key.decode()])


class Away(DictContracts):
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
    worker = Worker(Away(question))
    with pytest.raises(UnavailableError):
        worker.feed(ORDERS[0])
    assert worker.outputs == []
