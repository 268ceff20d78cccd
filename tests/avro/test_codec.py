from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.codec import WriterSchema, decode, decode_body, encode_body, frame, unframe, writer_schema
from avro.contract import contract
from avro.fit import compile_check
from domain.catalogue import RECORDS, RecordType
from domain.errors import ContractError, RecordError, UnavailableError
from tests.avro.schemas import data_for, decimal, enum, field, record

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
SUBMITTED: dict[str, Any] = {
    "orderId": "t:1",
    "orderNumber": "1",
    "version": 2,
    "state": "Submitted",
    "fromState": "Draft",
    "accountId": "t:a",
    "quoteId": None,
    "quoteVersion": None,
    "catalogPublicationId": None,
    "changedItemIds": [],
    "reasonCode": None,
    "sourceCommandId": "c",
    "actorId": "u",
    "actorRole": "agent",
    "occurredAt": AT,
}


def submitted() -> dict[str, Any]:
    """Whatever the record has by now: fields this test does not know are null."""
    known = {f["name"] for f in contract("ProductOrderSubmitted").schema["fields"]}
    return {**dict.fromkeys(known), **{k: v for k, v in SUBMITTED.items() if k in known}}


def of(record_name: str) -> WriterSchema:
    return writer_schema(contract(record_name).text)


def code_of(value: bytes, schema: WriterSchema) -> str:
    with pytest.raises(RecordError) as caught:
        decode(value, lambda _: schema)
    assert caught.value.stage == "decode"
    return caught.value.code


@pytest.mark.parametrize("each", RECORDS, ids=lambda r: r.name)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_again(each: RecordType, data: st.DataObject) -> None:
    value = data.draw(data_for(contract(each.name).schema))
    schema = of(each.name)
    read = decode(frame(7, encode_body(each.name, value)), lambda _: schema)
    assert read.record == contract(each.name).full_name
    assert read.data == value


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_bytes_are_refused_or_read_but_never_crash(data: st.DataObject) -> None:
    schema = of("OrderState")
    value = bytearray(frame(7, encode_body("OrderState", data.draw(data_for(contract("OrderState").schema)))))
    for _ in range(data.draw(st.integers(1, 4))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(value[: data.draw(st.integers(0, len(value)))])
    try:
        decode(cut, lambda _: schema)
    except RecordError as error:
        assert error.code in {"BAD_MAGIC", "SHORT_VALUE", "UNDECODABLE", "TRAILING_BYTES"}  # noqa: PT017


def test_the_wire_format_is_magic_id_body() -> None:
    assert frame(0x01020304, b"\x05") == b"\x00\x01\x02\x03\x04\x05"
    framed = unframe(b"\x00\x01\x02\x03\x04\x05\x06")
    assert (framed.schema_id, bytes(framed.body)) == (0x01020304, b"\x05\x06")


def test_the_bytes_are_those_of_the_specification() -> None:
    body = encode_body("ProductOrderSubmitted", submitted())
    assert body.startswith(b"\x06t:1\x021\x04")  # string of 3, string of 1, the number 2 in zig-zag
    schema = writer_schema('{"type":"record","name":"R","fields":[{"name":"a","type":"long"}]}')
    assert decode_body(b"\x03", schema) == {"a": -2}


def test_damage_has_its_own_codes() -> None:
    schema = of("ProductOrderSubmitted")
    good = frame(7, encode_body("ProductOrderSubmitted", submitted()))
    assert code_of(b"", schema) == "SHORT_VALUE"
    assert code_of(good[:5], schema) == "SHORT_VALUE"
    assert code_of(b"\x01" + good[1:], schema) == "BAD_MAGIC"
    assert code_of(good[:-1], schema) == "UNDECODABLE"
    assert code_of(good + b"\x00", schema) == "TRAILING_BYTES"


def test_what_the_lookup_raises_passes_through() -> None:
    def away(_: int) -> WriterSchema:
        message = "away"
        raise UnavailableError(message)

    with pytest.raises(UnavailableError):
        decode(b"\x00\x00\x00\x00\x07\x00", away)


def test_a_decimal_with_too_many_digits_is_refused_rather_than_rounded() -> None:
    import json

    schema = writer_schema(json.dumps(record(field("d", decimal(4, 2)))))
    assert decode_body(b"\x04\x27\x0f", schema) == {"d": Decimal("99.99")}
    assert decode_body(b"\x04\xd8\xf1", schema) == {"d": Decimal("-99.99")}
    with pytest.raises(RecordError, match="R"):
        decode_body(b"\x04\x27\x10", schema)


def test_times_of_other_zones_come_back_as_the_same_moment() -> None:
    moment = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    body = encode_body("ProductOrderSubmitted", submitted() | {"occurredAt": moment})
    assert decode_body(body, of("ProductOrderSubmitted"))["occurredAt"] == AT


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"version": "2"}, "version"),
        ({"version": True}, "version"),
        ({"version": 2.0}, "version"),
        ({"version": 1 << 63}, "version"),
        ({"state": "Asleep"}, "state"),
        ({"orderId": None}, "orderId"),
        ({"orderId": "\ud800"}, "orderId"),
        ({"occurredAt": datetime(2026, 1, 1)}, "occurredAt"),  # noqa: DTZ001
        ({"occurredAt": 5}, "occurredAt"),
        ({"changedItemIds": ["a", 1]}, r"changedItemIds\[1\]"),
        ({"changedItemIds": "ab"}, "changedItemIds"),
        ({"surplus": 1}, "surplus"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ContractError, match=named):
        encode_body("ProductOrderSubmitted", submitted() | change)


def test_a_missing_field_is_refused_even_where_null_would_do() -> None:
    data = submitted()
    del data["quoteId"]
    with pytest.raises(ContractError, match="quoteId is missing"):
        encode_body("ProductOrderSubmitted", data)


def test_the_error_does_not_repeat_the_value() -> None:
    with pytest.raises(ContractError) as caught:
        encode_body("ProductOrderSubmitted", submitted() | {"version": "secret"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["1.234", "1000", "NaN", "Infinity", "1E+3"])
def test_decimals_that_do_not_fit(value: str) -> None:
    check = compile_check(record(field("d", decimal(5, 2))))
    with pytest.raises(ContractError, match="d does not fit"):
        check({"d": Decimal(value)}, "")


@pytest.mark.parametrize("value", ["999.99", "-999.99", "0", "1E+2", "0E+9", "0.1"])
def test_decimals_that_fit(value: str) -> None:
    compile_check(record(field("d", decimal(5, 2))))({"d": Decimal(value)}, "")


def test_recursive_types_maps_and_wide_unions_are_checked() -> None:
    node = record(
        field("next", ["null", "a.b.R"]),
        field("m", {"type": "map", "values": "boolean"}),
        field("u", ["null", "long", enum("A")]),
        field("raw", "bytes"),
        field("small", "int"),
    )
    check = compile_check(node)
    leaf = {"next": None, "m": {"k": True}, "u": "A", "raw": b"", "small": 1}
    check({**leaf, "next": leaf}, "")
    for change, named in (
        ({"next": {**leaf, "u": 1.5}}, r"next\.u"),
        ({"m": {"k": 1}}, r"m\{k\}"),
        ({"m": {1: True}}, r"m\{key\}"),
        ({"m": []}, "m"),
        ({"raw": "x"}, "raw"),
        ({"small": 1 << 31}, "small"),
        ({"next": 5}, "next"),
    ):
        with pytest.raises(ContractError, match=named):
            check({**leaf, **change}, "")


def test_a_record_nobody_agreed_on() -> None:
    with pytest.raises(ContractError, match="OrderForgotten"):
        encode_body("OrderForgotten", {})


@pytest.mark.parametrize("text", ["", "{", '"string"', '{"type":"record"}', "[]", "7"])
def test_schemas_that_cannot_be_used(text: str) -> None:
    with pytest.raises(ContractError, match="schema of the registry cannot be used"):
        writer_schema(text)
