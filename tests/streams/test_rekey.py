"""Facts under another key: nothing silent, the original can be cited, and a move ends the same in any order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.essentials import essentials
from domain.errors import RecordError
from domain.product_order.events import EVENTS, ProductOrderCreated
from streams.engine import step
from streams.engine.batch import RecordBatch
from streams.engine.joinkeys import JoinField, PayloadKeys
from streams.engine.processor import Counts, Output
from streams.engine.rekey import KeyFunction, Rekey, Source, source_of
from streams.engine.store import MemoryStore
from tests.streams.wire import NOW, TOPIC, DictContracts, Raw, batch, histories, raw

JOINED = "internal.tests.joined.v1"
CHARGE = b"acme:charge-1"


def moved(version: int, *keys: str, event_id: str = "") -> Raw:
    """An event whose value lists its join keys."""
    headers = [
        ("ce_id", (event_id or f"event-{version}").encode()),
        ("ce_subject", CHARGE),
        ("ce_aggregateversion", b"%d" % version),
        ("ce_time", b"2026-01-01T00:00:00Z"),
        ("ce_recordedtime", b"2026-01-01T00:00:01Z"),
        ("odd", b"kept"),
    ]
    return Raw(CHARGE, ",".join(keys).encode(), headers)


def listed(given_batch: RecordBatch) -> Sequence[Sequence[str] | None]:
    """`-` stands for an event that joins nothing."""
    return [None if v == b"-" else [k for k in (v or b"").decode().split(",") if k] for v in given_batch.values]


def run(records: list[Raw], store: MemoryStore, *, moves: bool = True, offset: int = 0) -> step.Step:
    return step.run(
        Rekey(listed, JOINED, moves=moves),
        batch(records, offset=offset, partition=2),
        NOW,
        store,
        consumer="rekeyer",
        dead_letter_topic="dlq",
    )


def codes(result: step.Step) -> list[str]:
    return [dict(letter.headers)["dlq_error_code"].decode() for letter in result.dead_letters]


def test_the_copy_is_the_original_under_its_new_keys_and_says_where_that_lies() -> None:
    record = moved(1, "acme:pi-1", "acme:pi-2", "acme:pi-1")
    result = run([record], MemoryStore(), moves=False, offset=40)
    assert [(o.topic, o.key, o.value) for o in result.outputs] == [
        (JOINED, b"acme:pi-1", record.value),
        (JOINED, b"acme:pi-2", record.value),
    ]
    for output in result.outputs:
        assert output.headers[: len(record.headers)] == record.headers
        assert source_of(output.headers) == Source(TOPIC, 2, 40, CHARGE)
        assert essentials(output.headers).event_id == "event-1"


def test_a_record_that_is_rekeyed_once_more_still_names_its_owner() -> None:
    first = run([moved(1, "acme:pi-1")], MemoryStore(), moves=False, offset=40).outputs[0]
    again = run([Raw(first.key, b"acme:other", first.headers)], MemoryStore(), moves=False, offset=7).outputs[0]
    assert source_of(again.headers) == Source(TOPIC, 2, 40, CHARGE)


def test_a_record_nobody_rekeyed_has_no_source() -> None:
    with pytest.raises(RecordError) as caught:
        source_of(moved(1).headers)
    assert caught.value.code == "NO_SOURCE"


BAD = {
    "NO_JOIN_KEY": moved(1),
    "BAD_JOIN_KEY": moved(1, "acme:pi-1", "other:pi-1"),
    "NO_KEY": moved(1, "acme:pi-1")._replace(key=None),
    "TOMBSTONE": moved(1, "acme:pi-1")._replace(value=None),
    "BAD_HEADERS": moved(1, "acme:pi-1")._replace(headers=[]),
}


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("code", BAD)
def test_what_has_no_place_to_go_is_dead_lettered_and_never_passed_over(code: str, moves: bool) -> None:
    keys_of: KeyFunction = (lambda given_batch: [["acme:x"]] * len(given_batch)) if code == "TOMBSTONE" else listed
    result = step.run(
        Rekey(keys_of, JOINED, moves=moves),
        batch([BAD[code]]),
        NOW,
        MemoryStore(),
        consumer="r",
        dead_letter_topic="dlq",
    )
    assert codes(result) == [code]
    assert result.outputs == []
    assert result.counts == Counts(read=1, dead_lettered=1)


@pytest.mark.parametrize("name", ["acme:", "", "\0position", "acmepi"])
def test_keys_that_are_no_ids_of_the_tenant_are_refused(name: str) -> None:
    keys_of: KeyFunction = lambda given_batch: [[name]] * len(given_batch)  # noqa: E731
    rekey = Rekey(keys_of, JOINED)
    result = step.run(rekey, batch([moved(1, "x")]), NOW, MemoryStore(), consumer="r", dead_letter_topic="dlq")
    assert codes(result) == ["BAD_JOIN_KEY"]


def test_an_event_that_knowingly_joins_nothing_is_counted_and_leaves_no_trace() -> None:
    store = MemoryStore()
    result = run([moved(1, "-"), moved(2, "acme:pi-1")], store)
    assert result.counts == Counts(read=2, applied=2)
    assert [o.key for o in result.outputs] == [b"acme:pi-1"]


def test_a_move_retracts_at_the_former_key_with_the_event_that_moved_it() -> None:
    store = MemoryStore()
    run([moved(1, "acme:pi-1", "acme:pi-2")], store)
    result = run([moved(2, "acme:pi-2", "acme:pi-3")], store, offset=1)
    assert [(o.key, o.value is None) for o in result.outputs] == [
        (b"acme:pi-2", False),
        (b"acme:pi-3", False),
        (b"acme:pi-1", True),
    ]
    gone = result.outputs[-1]
    assert (essentials(gone.headers).event_id, essentials(gone.headers).aggregate_version) == ("event-2", 2)
    assert source_of(gone.headers) == Source(TOPIC, 2, 1, CHARGE)


def test_nothing_is_remembered_where_keys_cannot_move() -> None:
    store = MemoryStore()
    run([moved(1, "acme:pi-1"), moved(2, "acme:pi-2")], store, moves=False)
    assert len(store) == 0


class Reader:
    """What is known at each join key, by version: the facts seen, and whether the charge belongs there."""

    def __init__(self, outputs: list[Output]) -> None:
        self.facts: dict[bytes, set[str]] = defaultdict(set)
        self._newest: dict[bytes, tuple[int, bool]] = {}  # version, and whether it is gone, which wins at one version
        for output in outputs:
            event, here = essentials(output.headers), output.value is not None
            if here:
                self.facts[output.key].add(event.event_id)
            said = (event.aggregate_version, not here)
            self._newest[output.key] = max(self._newest.get(output.key, said), said)

    @property
    def members(self) -> set[bytes]:
        return {key for key, (_, gone) in self._newest.items() if not gone}


EVENTS_OF_ONE = st.lists(
    st.lists(st.sampled_from(["acme:a", "acme:b", "acme:c"]), min_size=1, max_size=2, unique=True),
    min_size=1,
    max_size=6,
).map(lambda keys: [moved(version, *found) for version, found in enumerate(keys, 1)])


@settings(max_examples=300, deadline=None)
@given(EVENTS_OF_ONE, st.data())
def test_moves_end_the_same_in_any_order_and_with_any_duplicates(events: list[Raw], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(events), max_size=3))
    arriving = data.draw(st.permutations([*events, *again]))
    store, outputs, counts = MemoryStore(), list[Output](), Counts()
    for offset, record in enumerate(arriving):
        result = run([record], store, offset=offset)
        outputs += result.outputs
        counts.add(result.counts)
    found, expected = Reader(outputs), Reader(run(events, MemoryStore()).outputs)
    assert found.members == expected.members == set((events[-1].value or b"").split(b","))
    assert found.facts == expected.facts
    assert counts.balanced


def test_of_two_events_that_claim_one_version_the_same_one_counts_in_either_order() -> None:
    claims = [moved(2, "acme:b", event_id="x"), moved(2, "acme:c", event_id="y")]
    for order in (claims, claims[::-1]):
        store = MemoryStore()
        assert Reader(run([moved(1, "acme:a"), *order], store).outputs).members == {b"acme:b"}


# Keys that are fields of real events.

ORDERS = [event for events in histories(5, 11) for event in events]
BY_ACCOUNT = {event.__name__: JoinField("accountId") for event in EVENTS}


def by(fields: dict[str, JoinField | None]) -> step.Step:
    rekey = Rekey(PayloadKeys(DictContracts().schema_for_id, fields), JOINED)
    return step.run(
        rekey, batch([raw(e) for e in ORDERS]), NOW, MemoryStore(), consumer="rekeyer", dead_letter_topic="dlq"
    )


def test_order_events_by_account() -> None:
    result = by(dict(BY_ACCOUNT))
    assert [o.key.decode() for o in result.outputs] == [event.account_id for event in ORDERS]
    assert result.dead_letters == []


def test_several_keys_from_a_list_and_events_that_join_nothing() -> None:
    items = JoinField("items", lambda found: [f"sim-11:{item['itemId']}" for item in found])
    fields: dict[str, JoinField | None] = dict.fromkeys(BY_ACCOUNT)
    result = by({**fields, "ProductOrderCreated": items})
    created = [event for event in ORDERS if isinstance(event, ProductOrderCreated)]
    assert [o.key.decode() for o in result.outputs] == [f"sim-11:{i.item_id}" for e in created for i in e.items]
    assert result.counts == Counts(read=len(ORDERS), applied=len(ORDERS))


def test_an_event_nobody_thought_of_and_a_field_that_is_not_there_are_dead_letters() -> None:
    fields: dict[str, JoinField | None] = dict(BY_ACCOUNT)
    del fields["ProductOrderSubmitted"]
    fields["ProductOrderCreated"] = JoinField("nowhere")
    fields["ProductOrderAccepted"] = JoinField("items", lambda found: [i["nothing"] for i in found])
    result = by(fields)
    wanted = {"ProductOrderSubmitted": "WRONG_RECORD", "ProductOrderCreated": "NO_JOIN_KEY"}
    wanted["ProductOrderAccepted"] = "NO_JOIN_KEY"
    names = [type(event).__name__ for event in ORDERS]
    assert codes(result) == [wanted[name] for name in names if name in wanted]
    assert len(result.outputs) == sum(name not in wanted for name in names)
