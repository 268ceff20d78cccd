"""Rows from records and back, without a store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from domain.errors import RecordError
from sinks.table import Kind, Table
from sinks.tables import ORDER_STATE, TABLES
from tests.sinks.records import T0, order_state

TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2261, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(
    number=st.none() | st.text(st.characters(codec="utf-8")),
    version=st.integers(-(2**63), 2**63 - 1),
    moment=TIMES,
    gaps=st.lists(st.integers(0, 2**63 - 1), max_size=3),
)
def test_a_record_survives_its_row(number: str | None, version: int, moment: datetime, gaps: list[int]) -> None:
    record = order_state("t:a", version, orderNumber=number, lastEventAt=moment, versionGaps=gaps)
    record["items"][0]["since"] = moment
    assert ORDER_STATE.record(ORDER_STATE.cells(record)) == record


def test_the_row_gives_back_what_the_decoder_gives() -> None:
    schema = writer_schema(contract("OrderState").text)
    decoded = decode_body(encode_body("OrderState", order_state("t:a")), schema)
    assert ORDER_STATE.record(ORDER_STATE.cells(decoded)) == decoded


def test_parsed_json_and_other_time_zones_read_alike() -> None:
    cells: list[Any] = list(ORDER_STATE.cells(order_state("t:a")))
    for index, column in enumerate(ORDER_STATE.columns):
        if column.kind is Kind.JSON:
            cells[index] = json.loads(cells[index])
        if column.kind is Kind.TIMESTAMP:
            cells[index] = cells[index].astimezone(timezone(timedelta(hours=5)))
    record = ORDER_STATE.record(cells)
    assert record == order_state("t:a")
    assert record["lastEventAt"].utcoffset() == timedelta(0)


def test_a_field_of_a_newer_writer_is_left_out() -> None:
    assert ORDER_STATE.cells({**order_state("t:a"), "novelty": 1}) == ORDER_STATE.cells(order_state("t:a"))


def test_a_field_an_older_writer_lacked_takes_its_default() -> None:
    record = order_state("t:a")
    del record["orderNumber"]
    assert ORDER_STATE.record(ORDER_STATE.cells(record))["orderNumber"] is None


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"version": "1"}, "version"),
        ({"version": True}, "version"),
        ({"state": None}, "state"),
        ({"lastEventAt": T0.replace(tzinfo=None)}, "lastEventAt"),
        ({"items": [{}]}, "items"),
        ({"derivation": 5}, "derivation"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(RecordError, match=where) as error:
        ORDER_STATE.cells(order_state("t:a", **changes))
    assert (error.value.code, error.value.stage) == ("UNFIT", "apply")


def test_a_missing_field_is_named() -> None:
    record = order_state("t:a")
    del record["policyId"]
    with pytest.raises(RecordError, match="policyId is missing"):
        ORDER_STATE.cells(record)


def test_there_is_a_column_for_each_field() -> None:
    by_name = {c.name: c for c in ORDER_STATE.columns}
    assert set(by_name) == set(ORDER_STATE.model.model_fields)
    assert by_name["order_id"].kind is Kind.TEXT
    assert by_name["quote_version"].nullable
    assert not by_name["last_event_at"].nullable
    assert by_name["items"].kind is Kind.JSON


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_table_has_two_columns_of_one_name(table: Table) -> None:
    names = [column.name for column in (*table.columns, *table.lifted)]
    assert len(names) == len(set(names))
    assert {name for index in table.indexes for name in ((index,) if isinstance(index, str) else index)} <= set(names)
