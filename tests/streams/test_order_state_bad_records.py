"""Records that cannot be read or applied: each has its code, none takes a neighbour along."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.codec import frame, unframe
from avro.contract import contract
from compose.verify.expected import Expected, fold
from compose.verify.raw import Raw as InTopic
from domain.errors import RecordError
from domain.order_state.build import canonical
from domain.order_state.policy import REFERENCE_V1
from streams.engine.processor import Output
from streams.engine.store import MemoryStore
from streams.order_state import OrderStateProcessor
from streams.testing import (
    Harness,
    MemoryContracts,
    Record,
    bad_magic,
    batch,
    tombstone,
    trailing,
    truncated,
    unknown_schema,
    with_header,
)
from tests.streams.wire import NOW, TOPIC, published
from topics.catalogue import ORDER_STATE

CONTRACTS = MemoryContracts()
GOOD, *_ = published(3, 12, CONTRACTS)
BEFORE, VICTIM, AFTER = GOOD[0], GOOD[1], GOOD[2]


def body(record: Record) -> bytes:
    return bytes(unframe(record.value or b"").body)


def foreign(text: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Record, MemoryContracts]:
    """The victim as another producer would write it, and a registry that knows its schema."""
    contracts = MemoryContracts()
    return damaged(contracts.encode("foreign", data, schema_id=contracts.add(json.dumps(text)))), contracts


SUBMITTED = contract("ProductOrderSubmitted")
POOR = {"type": "record", "name": "legacy.ProductOrderSubmitted", "fields": [{"name": "order", "type": "string"}]}
LOOSE = json.loads(SUBMITTED.text.replace("com.ordertruth.oms.product_order", "legacy"))


def damaged(value: bytes | None) -> Record:
    return VICTIM._replace(value=value)


VALUE = VICTIM.value or b""
DERIVED = CONTRACTS.id_for(ORDER_STATE.name, "OrderState")
BAD: dict[str, tuple[Record, str, str]] = {
    "no key": (VICTIM._replace(key=None), "NO_KEY", "apply"),
    "empty key": (VICTIM._replace(key=b""), "NO_KEY", "apply"),
    "tombstone": (tombstone(VICTIM), "TOMBSTONE", "decode"),
    "empty value": (damaged(b""), "SHORT_VALUE", "decode"),
    "key of another order": (VICTIM._replace(key=b"sim-12:order-999999"), "KEY_MISMATCH", "apply"),
    "key that is no text": (VICTIM._replace(key=b"\xff\xfe"), "KEY_MISMATCH", "apply"),
    "subject of another order": (with_header(VICTIM, "ce_subject", b"sim-12:other"), "KEY_MISMATCH", "apply"),
    "another version": (with_header(VICTIM, "ce_aggregateversion", b"77"), "VERSION_MISMATCH", "apply"),
    "no headers": (VICTIM._replace(headers=[]), "BAD_HEADERS", "decode"),
    "version zero": (with_header(VICTIM, "ce_aggregateversion", b"0"), "BAD_HEADERS", "decode"),
    "time that is none": (with_header(VICTIM, "ce_time", b"yesterday"), "BAD_HEADERS", "decode"),
    "time without a zone": (with_header(VICTIM, "ce_recordedtime", b"2026-01-05T08:00:00"), "BAD_HEADERS", "decode"),
    "version that is no number": (with_header(VICTIM, "ce_aggregateversion", b"two"), "BAD_HEADERS", "decode"),
    "id that is no text": (with_header(VICTIM, "ce_id", b"\xff"), "BAD_HEADERS", "decode"),
    "empty id": (with_header(VICTIM, "ce_id", b""), "BAD_HEADERS", "decode"),
    "bytes left over": (trailing(VICTIM, b"\0"), "TRAILING_BYTES", "decode"),
    "a whole record too many": (trailing(VICTIM), "TRAILING_BYTES", "decode"),
    "another magic byte": (bad_magic(VICTIM), "BAD_MAGIC", "decode"),
    "text": (damaged(b'{"orderId": "sim-12:order-000001"}'), "BAD_MAGIC", "decode"),
    "header alone": (damaged(VALUE[:5]), "SHORT_VALUE", "decode"),
    "a byte": (damaged(b"\0"), "SHORT_VALUE", "decode"),
    "cut off": (truncated(VICTIM), "UNDECODABLE", "decode"),
    "unknown schema id": (unknown_schema(VICTIM), "UNKNOWN_SCHEMA_ID", "decode"),
    "schema id zero": (unknown_schema(VICTIM, 0), "UNKNOWN_SCHEMA_ID", "decode"),
    "a derived record": (
        damaged(frame(CONTRACTS.id_for(ORDER_STATE.name, "OrderState"), b"")),
        "SHORT_VALUE",
        "decode",
    ),
}
ESSENTIAL = ("ce_id", "ce_subject", "ce_aggregateversion", "ce_time", "ce_recordedtime")
FURTHER = [name for name, _ in VICTIM.headers if name not in ESSENTIAL]
BAD |= {f"without {name}": (with_header(VICTIM, name), "BAD_HEADERS", "decode") for name in ESSENTIAL}


def processor(contracts: MemoryContracts = CONTRACTS) -> OrderStateProcessor:
    return OrderStateProcessor(contracts, REFERENCE_V1, ORDER_STATE.name)


def ran(records: Sequence[Record], contracts: MemoryContracts = CONTRACTS) -> Harness:
    harness = Harness(lambda: processor(contracts), inputs=(TOPIC,), app="order-state")
    harness.run(*records)
    return harness


def told(records: Sequence[Record], contracts: MemoryContracts = CONTRACTS) -> Expected:
    """What the verifier expects of them."""
    lying = (InTopic(TOPIC, 0, i, *r) for i, r in enumerate(records))
    return fold(lying, contracts.schema_for_id, REFERENCE_V1)


def refused(bad: Record, contracts: MemoryContracts = CONTRACTS) -> RecordError:
    out: list[Output] = []
    with pytest.raises(RecordError) as caught:
        processor(contracts).process(batch([bad], topic=TOPIC), NOW, MemoryStore(), out)
    assert out == []
    return caught.value


@pytest.mark.parametrize(("bad", "code", "stage"), BAD.values(), ids=BAD.keys())
def test_a_bad_record_is_refused_with_its_code(bad: Record, code: str, stage: str) -> None:
    error = refused(bad)
    assert (error.code, error.stage) == (code, stage)
    assert error.remediation, "it says what to do"


@pytest.mark.parametrize(("bad", "code", "stage"), BAD.values(), ids=BAD.keys())
def test_a_bad_record_among_good_ones_is_dead_lettered_and_the_verifier_expects_that(
    bad: Record, code: str, stage: str
) -> None:
    records = [BEFORE, bad, AFTER]
    harness = ran(records)

    (letter,) = harness.dead_letters
    headers = dict(letter.headers)
    assert (letter.key, letter.value, letter.headers[: len(bad.headers)]) == bad
    assert (headers["dlq_error_code"], headers["dlq_stage"]) == (code.encode(), stage.encode())
    assert headers["dlq_offset"] == b"1"
    assert harness.counts.to_plain() == [3, 2, 0, 0, 1]
    assert told(records).unreadable == {(0, 1)}
    assert canonical(CONTRACTS.decode(harness.newest()[BEFORE.key or b""]).data)["versionGaps"] == [2]


@pytest.mark.parametrize("name", FURTHER)
def test_headers_the_fold_does_not_need_may_be_missing(name: str) -> None:
    harness = ran([BEFORE, with_header(VICTIM, name), AFTER])
    assert harness.dead_letters == []
    assert harness.counts.applied == 3


def test_a_record_of_another_aggregate_does_not_belong_here() -> None:
    text = {"type": "record", "name": "com.ordertruth.crm.account.AccountCreated", "fields": POOR["fields"]}
    assert refused(*foreign(text, {"order": "x"})).code == "WRONG_RECORD"


def _legacy(**fields: Any) -> tuple[Record, MemoryContracts]:
    """The victim, a ProductOrderSubmitted, as a producer with a schema of its own would write it."""
    decoded = CONTRACTS.decode(VALUE)
    assert decoded.record == SUBMITTED.full_name
    text = json.loads(json.dumps(LOOSE))
    for field in text["fields"]:
        if field["name"] in fields and isinstance(fields[field["name"]], str):
            field["type"] = "string"
    if "state" in fields:  # the later fields name the type the state defined
        text["fields"] = [f for f in text["fields"] if f["name"] not in ("fromState", "toState")]
    return foreign(text, {**decoded.data, **fields})


def test_a_producer_with_a_schema_of_its_own_is_read_by_it() -> None:
    record, contracts = _legacy()
    harness = ran([BEFORE, record, AFTER], contracts)
    assert harness.dead_letters == []
    assert harness.counts.applied == 3


def _numbered() -> tuple[Record, MemoryContracts]:
    text = json.loads(json.dumps(LOOSE))
    field = next(f for f in text["fields"] if f["name"] == "orderNumber")
    field["type"] = "long"
    return foreign(text, {**CONTRACTS.decode(VALUE).data, "orderNumber": 7})


STRANGE: dict[str, Callable[[], tuple[Record, MemoryContracts]]] = {
    "fields missing": lambda: foreign(POOR, {"order": "x"}),
    "field of another type": _numbered,
    "state nobody knows": lambda: _legacy(state="Daydreaming"),
    "the symbol for the unknown": lambda: _legacy(state="UNKNOWN"),
}


@pytest.mark.parametrize("made", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "late"])
def test_words_the_fold_does_not_know_are_dead_lettered_whenever_they_come(
    made: Callable[[], tuple[Record, MemoryContracts]], *, turned: bool
) -> None:
    """Whether newer events are known already must not decide it, or the order of arrival would show."""
    strange, contracts = made()
    records = [BEFORE, AFTER, strange] if turned else [BEFORE, strange, AFTER]
    harness = ran(records, contracts)

    (letter,) = harness.dead_letters
    assert (letter.key, letter.value) == (strange.key, strange.value)
    assert not dict(letter.headers)["dlq_error_code"].startswith(b"UNEXPECTED"), "it is a known kind of trouble"
    assert told(records, contracts).unreadable == {(0, records.index(strange))}
    assert harness.counts.to_plain() == [3, 2, 0, 0, 1]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_to_any_bytes_is_either_a_dead_letter_or_a_readable_record(data: st.DataObject) -> None:
    records = [*GOOD[:6]]
    index = data.draw(st.integers(0, 5))
    value = bytearray(records[index].value or b"")
    for _ in range(data.draw(st.integers(1, 3))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    records[index] = records[index]._replace(value=bytes(value))

    harness, expected = ran(records), told(records)

    assert {int(dict(d.headers)["dlq_offset"]) for d in harness.dead_letters} == {o for _, o in expected.unreadable}
    assert all(d.value == records[int(dict(d.headers)["dlq_offset"])].value for d in harness.dead_letters)
    for order_id, record in expected.records.items():
        found = canonical(CONTRACTS.decode(harness.newest()[order_id.encode()]).data)
        assert json.dumps(found, default=str) == json.dumps(record, default=str)
