from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avro.batch import BatchDecoder
from avro.codec import WriterSchema, decode_body, encode_body, frame, writer_schema
from avro.contract import contract
from avro.plan import plan_for
from domain.catalogue import RECORDS
from domain.errors import RecordError, UnavailableError
from tests.avro.batches import UNKNOWN_ID, lookup, require_equal
from tests.avro.schemas import data_for
from tests.avro.test_codec import submitted

SCHEMAS: dict[int, WriterSchema] = {
    number: writer_schema(contract(record.name).text) for number, record in enumerate(RECORDS, start=1)
}
IDS = {schema.full_name.rpartition(".")[2]: number for number, schema in SCHEMAS.items()}
FIELDS = {
    number: tuple(field["name"] for field in contract(schema.full_name).schema["fields"])
    for number, schema in SCHEMAS.items()
}
EVENT = "ProductOrderSubmitted"
COLUMNS = ("version", "state", "orderNumber", "quoteId", "occurredAt")


def event(number: int = 0, **fields: Any) -> bytes:
    return frame(IDS[EVENT], encode_body(EVENT, {**submitted(), "orderId": f"t:{number}", "version": number, **fields}))


def values_of(schema_id: int) -> st.SearchStrategy[bytes]:
    name = SCHEMAS[schema_id].full_name
    return data_for(contract(name).schema).map(lambda data: frame(schema_id, encode_body(name, data)))


def projections(schema_id: int) -> st.SearchStrategy[tuple[str, ...]]:
    fields = FIELDS[schema_id]
    return st.one_of(st.just(fields), st.lists(st.sampled_from(fields), unique=True).map(tuple))


@st.composite
def damaged(draw: st.DrawFn, value: bytes) -> bytes | None:
    """A value with something wrong in it, most often."""
    kind = draw(st.sampled_from(["byte", "bytes", "cut", "tail", "twice", "magic", "id", "random", "short", "null"]))
    at = draw(st.integers(5, len(value) - 1))
    changes: dict[str, Callable[[], bytes | None]] = {
        "byte": lambda: value[:at] + bytes([draw(st.integers(0, 255))]) + value[at + 1 :],
        "bytes": lambda: value[:at] + draw(st.binary(min_size=1, max_size=12)) + value[at:],
        "cut": lambda: value[:at],
        "tail": lambda: value + bytes([draw(st.integers(0, 255))]),
        "twice": lambda: value + value[5:],
        "magic": lambda: b"\x01" + value[1:],
        "id": lambda: frame(UNKNOWN_ID, value[5:]),
        "random": lambda: value[:5] + draw(st.binary(min_size=1, max_size=300)),
        "short": lambda: value[: draw(st.integers(0, 5))],
        "null": lambda: None,
    }
    return changes[kind]()


@pytest.mark.parametrize("schema_id", SCHEMAS, ids=[s.full_name.rpartition(".")[2] for s in SCHEMAS.values()])
@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_contract_is_read_as_the_reference_reads_it(schema_id: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(values_of(schema_id), min_size=1, max_size=5))
    name = SCHEMAS[schema_id].full_name.rpartition(".")[2]
    require_equal(values, SCHEMAS, {name: data.draw(projections(schema_id))})


@pytest.mark.parametrize("schema_id", SCHEMAS, ids=[s.full_name.rpartition(".")[2] for s in SCHEMAS.values()])
@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_damaged_fails_alike_and_harms_no_neighbour(schema_id: int, data: st.DataObject) -> None:
    good = data.draw(st.lists(values_of(schema_id), min_size=1, max_size=3))
    values: list[bytes | None] = [*good, *good]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(values)))
        values.insert(at, data.draw(damaged(data.draw(st.sampled_from(good)))))
    name = SCHEMAS[schema_id].full_name.rpartition(".")[2]
    require_equal(values, SCHEMAS, {name: data.draw(projections(schema_id))})


@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_records_of_many_kinds_are_told_apart(data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.sampled_from(sorted(SCHEMAS)), min_size=2, max_size=3, unique=True))
    pool = [data.draw(values_of(i)) for i in ids]
    pool += [v for value in pool if (v := data.draw(damaged(value))) is not None]
    values = data.draw(st.lists(st.sampled_from([*pool, None]), min_size=1, max_size=40))
    wanted = {SCHEMAS[i].full_name.rpartition(".")[2]: data.draw(projections(i)) for i in ids[1:]}
    require_equal(values, SCHEMAS, wanted)


def test_every_single_byte_of_a_record_changed_in_every_way_is_judged_alike() -> None:
    good = event(3, quoteId="t:q", changedItemIds=["t:i"], reasonCode="Ü")
    values: list[bytes | None] = [good]
    for at in range(5, len(good)):
        values += [good[:at] + bytes([b]) + good[at + 1 :] for b in {0, 1, 2, 3, 4, 127, 128, 255, good[at] ^ 128}]
    values += [good[:end] for end in range(len(good))]
    result = require_equal(values, SCHEMAS, {EVENT: COLUMNS})
    assert len(result.failures) > len(good)


def test_spare_bytes_do_not_shift_the_neighbours() -> None:
    """A whole record appended to another once moved all later rows onto other keys, and the last one vanished."""
    values = [event(n) for n in range(40)]
    values[7] += values[8][5:]
    result = require_equal(values, SCHEMAS, {EVENT: COLUMNS})
    assert [(i, error.code) for i, error in result.failures] == [(7, "TRAILING_BYTES")]
    assert [data["version"] for data in result.data if data is not None] == [n for n in range(40) if n != 7]


def test_a_branch_no_union_has_is_no_value() -> None:
    good = event(1, quoteId="t:quote", quoteVersion=None)
    at = good.index(b"t:quote") - 2
    assert good[at] == 2  # null or text
    bad = good[:at] + b"\x04" + good[at + 1 :]
    result = require_equal([good] * 20 + [bad] + [good] * 20, SCHEMAS, {EVENT: COLUMNS})
    assert [(i, error.code) for i, error in result.failures] == [(20, "UNDECODABLE")]


def test_text_nobody_asked_for_must_be_text() -> None:
    good = event(1, actorId="agent-x")
    bad = good.replace(b"agent-x", b"agent-\xff")
    result = require_equal([good, bad, event(2, actorId="agent-ß"), good], SCHEMAS, {EVENT: COLUMNS})
    assert [(i, error.code) for i, error in result.failures] == [(1, "UNDECODABLE")]


def test_times_outside_of_the_calendar_are_refused_wanted_or_not() -> None:
    """Nine bytes are more than any time of the calendar needs, and fewer than a long may take."""
    good = event(1)
    ending = encode_body(EVENT, submitted())[-8:]  # the last field is the time
    assert good.endswith(ending)
    values = [good, good[:-8] + b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f", good]
    for columns in (COLUMNS, ("version",)):
        result = require_equal(values, SCHEMAS, {EVENT: columns})
        assert [(i, error.code) for i, error in result.failures] == [(1, "UNDECODABLE")]


def test_a_record_not_asked_for_is_checked_all_the_same() -> None:
    result = require_equal([event(1), event(2)[:-1], event(3)], SCHEMAS, {})
    assert result.records == [SCHEMAS[IDS[EVENT]].full_name, "", SCHEMAS[IDS[EVENT]].full_name]
    assert result.data == [{}, None, {}]


def test_a_column_the_writer_did_not_know_is_absent() -> None:
    result = BatchDecoder(lookup(SCHEMAS), {EVENT: ("version", "inventedLater")}).decode([event(5)])
    assert result.data == [{"version": 5}]


NESTED = {
    "ProductOrderCreated": ("orderId", "items.itemId", "items.action", "items.productInstanceId"),
    "ProductOrderFalloutRaised": ("version", "falloutId", "falloutId.nothing"),
}


@pytest.mark.parametrize("name", NESTED)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_of_records_within_a_record_only_what_is_wanted_is_read(name: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(values_of(IDS[name]), min_size=1, max_size=3))
    result = require_equal(values, SCHEMAS, NESTED)
    for read in result.data:
        assert read is not None
        assert all(set(item) == {"itemId", "action", "productInstanceId"} for item in read.get("items", ()))


def test_nothing_comes_of_nothing() -> None:
    result = BatchDecoder(lookup(SCHEMAS), {EVENT: COLUMNS}).decode([])
    assert (result.records, result.data, result.failures) == ([], [], [])


def test_an_outage_passes_through_and_is_forgotten() -> None:
    answers: Iterator[Any] = iter([UnavailableError("away"), SCHEMAS[IDS[EVENT]]])

    def schema_for_id(_: int) -> WriterSchema:
        answer = next(answers)
        if isinstance(answer, UnavailableError):
            raise answer
        return answer  # type: ignore[no-any-return]

    decoder = BatchDecoder(schema_for_id, {EVENT: COLUMNS})
    with pytest.raises(UnavailableError):
        decoder.decode([event(1)])
    for _ in range(2):
        assert not decoder.decode([event(1)]).failures


def test_good_records_are_read_without_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in the quick way is mended by the slow one, so only this shows that it is taken."""

    def refuse(*_: object) -> None:
        raise AssertionError

    values = [event(n, actorId="ß" * n) for n in range(60)]
    monkeypatch.setattr("avro.batch.decode_body", refuse)
    result = BatchDecoder(lookup(SCHEMAS), {EVENT: COLUMNS}).decode(values)
    assert [data and data["version"] for data in result.data] == list(range(60))


@pytest.mark.parametrize("schema_id", SCHEMAS, ids=[s.full_name.rpartition(".")[2] for s in SCHEMAS.values()])
def test_every_contract_is_one_to_be_walked(schema_id: int) -> None:
    node = plan_for(SCHEMAS[schema_id].parsed, FIELDS[schema_id])
    assert node is not None
    assert not any(part.unproven for part in node.parts)


def test_only_doubtful_records_are_read_by_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def note(body: bytes, schema: WriterSchema) -> dict[str, Any]:
        read.append(body)
        return decode_body(body, schema)

    monkeypatch.setattr("avro.batch.decode_body", note)
    values = [event(n) for n in range(30)]
    values[4] += b"\0"
    values[9] = values[9].replace(b"agent", b"agen\xff")
    result = BatchDecoder(lookup(SCHEMAS), {EVENT: COLUMNS}).decode(values)
    assert [(i, e.code) for i, e in result.failures] == [(4, "TRAILING_BYTES"), (9, "UNDECODABLE")]
    assert read == [values[4][5:], values[9][5:]]


def test_a_short_value_is_told_its_own_length() -> None:
    failures = BatchDecoder(lookup(SCHEMAS), {}).decode([b"", b"\0\0", b"\0\0\0\0\1"]).failures
    assert [error.message.split()[3] for _, error in failures] == ["0", "2", "5"]


def test_errors_say_what_to_do() -> None:
    (_, error), *_ = BatchDecoder(lookup(SCHEMAS), {}).decode([None]).failures
    assert isinstance(error, RecordError)
    assert error.remediation
