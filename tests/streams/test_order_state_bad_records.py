"""Records that cannot be read or applied: each has its code, none takes a neighbour along."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.codec import frame, unframe
from avro.contract import contract
from avro.headers import to_headers
from compose.verify.expected import fold
from compose.verify.raw import Raw as InTopic
from domain.errors import RecordError
from domain.order_state.build import canonical
from domain.order_state.policy import REFERENCE_V1
from streams.engine import step
from streams.engine.processor import Output
from streams.engine.store import MemoryStore
from streams.order_state import OrderStateProcessor
from tests.streams.wire import NOW, SCHEMA_IDS, TOPIC, DictContracts, Raw, batch, envelope, histories, raw, with_header
from topics.catalogue import ORDER_STATE, dead_letters_of

(EVENTS, *_), *_ = [(events, raw(events[0])) for events in histories(3, seed=12)]
GOOD = [raw(event) for event in EVENTS]
BEFORE, VICTIM, AFTER = GOOD[0], GOOD[1], GOOD[2]
DLQ = dead_letters_of(TOPIC).name


def body(record: Raw) -> bytes:
    return bytes(unframe(record.value or b"").body)


def foreign(text: Mapping[str, Any], data: Mapping[str, Any]) -> bytes:
    """A value as another producer would write it, under schema id 7."""
    buffer = BytesIO()
    schemaless_writer(buffer, parse_schema(dict(text)), dict(data))
    return frame(7, buffer.getvalue())


SUBMITTED = contract("ProductOrderSubmitted")
POOR = {"type": "record", "name": "legacy.ProductOrderSubmitted", "fields": [{"name": "order", "type": "string"}]}
LOOSE = json.loads(SUBMITTED.text.replace("com.ordertruth.oms.product_order", "legacy"))


def damaged(value: bytes | None) -> Raw:
    return VICTIM._replace(value=value)


VALUE = VICTIM.value or b""
BAD: dict[str, tuple[Raw, str, str]] = {
    "no key": (VICTIM._replace(key=None), "NO_KEY", "apply"),
    "empty key": (VICTIM._replace(key=b""), "NO_KEY", "apply"),
    "tombstone": (damaged(None), "TOMBSTONE", "decode"),
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
    "bytes left over": (damaged(VALUE + b"\0"), "TRAILING_BYTES", "decode"),
    "a whole record too many": (damaged(VALUE + body(VICTIM)), "TRAILING_BYTES", "decode"),
    "another magic byte": (damaged(b"\x01" + VALUE[1:]), "BAD_MAGIC", "decode"),
    "text": (damaged(b'{"orderId": "sim-12:order-000001"}'), "BAD_MAGIC", "decode"),
    "header alone": (damaged(VALUE[:5]), "SHORT_VALUE", "decode"),
    "a byte": (damaged(b"\0"), "SHORT_VALUE", "decode"),
    "cut off": (damaged(VALUE[:-3]), "UNDECODABLE", "decode"),
    "unknown schema id": (damaged(frame(999_999, body(VICTIM))), "UNKNOWN_SCHEMA_ID", "decode"),
    "schema id zero": (damaged(frame(0, body(VICTIM))), "UNKNOWN_SCHEMA_ID", "decode"),
    "a derived record": (damaged(frame(SCHEMA_IDS["OrderState"], b"")), "SHORT_VALUE", "decode"),
}
ESSENTIAL = ("ce_id", "ce_subject", "ce_aggregateversion", "ce_time", "ce_recordedtime")
FURTHER = [name for name, _ in to_headers(envelope(EVENTS[1])) if name not in ESSENTIAL]
BAD |= {f"without {name}": (with_header(VICTIM, name), "BAD_HEADERS", "decode") for name in ESSENTIAL}


def processor(contracts: DictContracts) -> OrderStateProcessor:
    return OrderStateProcessor(contracts, REFERENCE_V1, ORDER_STATE.name)


def run(records: list[Raw], contracts: DictContracts | None = None) -> tuple[step.Step, MemoryStore]:
    store = MemoryStore()
    result = step.run(
        processor(contracts or DictContracts()),
        batch(records),
        NOW,
        store,
        consumer="order-state",
        dead_letter_topic=DLQ,
    )
    return result, store


@pytest.mark.parametrize(("bad", "code", "stage"), BAD.values(), ids=BAD.keys())
def test_a_bad_record_is_refused_with_its_code(bad: Raw, code: str, stage: str) -> None:
    out: list[Output] = []
    with pytest.raises(RecordError) as caught:
        processor(DictContracts()).process(batch([bad]), NOW, MemoryStore(), out)

    assert (caught.value.code, caught.value.stage) == (code, stage)
    assert caught.value.remediation, "it says what to do"
    assert out == []


@pytest.mark.parametrize(("bad", "code", "stage"), BAD.values(), ids=BAD.keys())
def test_a_bad_record_among_good_ones_is_dead_lettered_and_the_verifier_expects_that(
    bad: Raw, code: str, stage: str
) -> None:
    records = [BEFORE, bad, AFTER]
    result, _ = run(records)

    (letter,) = result.dead_letters
    headers = dict(letter.headers)
    assert (letter.key, letter.value, letter.headers[: len(bad.headers)]) == bad
    assert (headers["dlq_error_code"], headers["dlq_stage"]) == (code.encode(), stage.encode())
    assert headers["dlq_offset"] == b"1"
    assert result.counts.to_plain() == [3, 2, 0, 0, 1]
    told = fold((InTopic(TOPIC, 0, i, *r) for i, r in enumerate(records)), DictContracts().schema_for_id, REFERENCE_V1)
    assert told.unreadable == {(0, 1)}
    value = result.outputs[-1].value
    assert value is not None
    assert canonical(DictContracts().decode(value).data)["versionGaps"] == [2]


@pytest.mark.parametrize("name", FURTHER)
def test_headers_the_fold_does_not_need_may_be_missing(name: str) -> None:
    result, _ = run([BEFORE, with_header(VICTIM, name), AFTER])
    assert result.dead_letters == []
    assert result.counts.applied == 3


def test_a_record_of_another_aggregate_does_not_belong_here() -> None:
    text = {"type": "record", "name": "com.ordertruth.crm.account.AccountCreated", "fields": POOR["fields"]}
    with pytest.raises(RecordError) as caught:
        processor(DictContracts(id_7=json.dumps(text))).process(
            batch([damaged(foreign(text, {"order": "x"}))]), NOW, MemoryStore(), []
        )
    assert caught.value.code == "WRONG_RECORD"


def _legacy(**fields: Any) -> tuple[Raw, DictContracts]:
    """The victim, a ProductOrderSubmitted, as a producer with a schema of its own would write it."""
    decoded = DictContracts().decode(VALUE)
    assert decoded.record == SUBMITTED.full_name
    text = json.loads(json.dumps(LOOSE))
    for field in text["fields"]:
        if field["name"] in fields and isinstance(fields[field["name"]], str):
            field["type"] = "string"
    if "state" in fields:  # the later fields name the type the state defined
        text["fields"] = [f for f in text["fields"] if f["name"] not in ("fromState", "toState")]
    return damaged(foreign(text, {**decoded.data, **fields})), DictContracts(id_7=json.dumps(text))


def test_a_producer_with_a_schema_of_its_own_is_read_by_it() -> None:
    record, contracts = _legacy()
    result, _ = run([BEFORE, record, AFTER], contracts)
    assert result.dead_letters == []
    assert result.counts.applied == 3


def _numbered() -> tuple[Raw, DictContracts]:
    text = json.loads(json.dumps(LOOSE))
    field = next(f for f in text["fields"] if f["name"] == "orderNumber")
    field["type"] = "long"
    data = {**DictContracts().decode(VALUE).data, "orderNumber": 7}
    return damaged(foreign(text, data)), DictContracts(id_7=json.dumps(text))


STRANGE: dict[str, Callable[[], tuple[Raw, DictContracts]]] = {
    "fields missing": lambda: (damaged(foreign(POOR, {"order": "x"})), DictContracts(id_7=json.dumps(POOR))),
    "field of another type": _numbered,
    "state nobody knows": lambda: _legacy(state="Daydreaming"),
    "the symbol for the unknown": lambda: _legacy(state="UNKNOWN"),
}


@pytest.mark.parametrize("made", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "late"])
def test_words_the_fold_does_not_know_are_dead_lettered_whenever_they_come(
    made: Callable[[], tuple[Raw, DictContracts]], *, turned: bool
) -> None:
    """Whether newer events are known already must not decide it, or the order of arrival would show."""
    strange, contracts = made()
    records = [BEFORE, AFTER, strange] if turned else [BEFORE, strange, AFTER]
    result, _ = run(records, contracts)

    (letter,) = result.dead_letters
    assert (letter.key, letter.value) == (strange.key, strange.value)
    assert not dict(letter.headers)["dlq_error_code"].startswith(b"UNEXPECTED"), "it is a known kind of trouble"
    told = fold((InTopic(TOPIC, 0, i, *r) for i, r in enumerate(records)), contracts.schema_for_id, REFERENCE_V1)
    assert told.unreadable == {(0, records.index(strange))}
    assert result.counts.to_plain() == [3, 2, 0, 0, 1]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_to_any_bytes_is_either_a_dead_letter_or_a_readable_record(data: st.DataObject) -> None:
    records = [*GOOD[:6]]
    index = data.draw(st.integers(0, 5))
    value = bytearray(records[index].value or b"")
    for _ in range(data.draw(st.integers(1, 3))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    records[index] = records[index]._replace(value=bytes(value))

    result, _ = run(records)
    told = fold((InTopic(TOPIC, 0, i, *r) for i, r in enumerate(records)), DictContracts().schema_for_id, REFERENCE_V1)

    assert result.counts.balanced
    assert {int(dict(d.headers)["dlq_offset"]) for d in result.dead_letters} == {o for _, o in told.unreadable}
    assert all(d.value == records[int(dict(d.headers)["dlq_offset"])].value for d in result.dead_letters)
    for order_id, record in told.records.items():
        last = next(o.value for o in reversed(result.outputs) if o.key == order_id.encode())
        assert last is not None
        found = canonical(DictContracts().decode(last).data)
        assert json.dumps(found, default=str) == json.dumps(record, default=str)
