from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Optional

import pytest
from fastavro import parse_schema
from pydantic import Field

from avro.compatibility import stale
from avro.generate import SCHEMA_DIR, generate, pretty, schema_for, schema_path
from domain.catalogue import RECORDS, RecordType
from domain.errors import ContractError
from domain.model import Classification, Doc, Model
from domain.money import Money


class Colour(StrEnum):
    """A colour."""

    RED = "RED"
    BLUE = "BLUE"


class Base(Model):
    """Comes first."""

    first_field: Annotated[str, Doc("The first.", Classification.PII)]


class Everything(Base):
    """One of each.

    Only the first paragraph is published.
    """

    number: Annotated[int, Doc("A number.")] = 7
    flag: Annotated[bool, Doc("A flag.")] = True
    at: Annotated[datetime, Doc("A time.")]
    amount: Annotated[Decimal, Field(max_digits=9, decimal_places=2), Doc("An amount.")] = Decimal("-1.5")
    price: Annotated[Money, Doc("A price.")]
    colour: Annotated[Colour, Doc("A colour.")] = Colour.BLUE
    other: Annotated[Colour | None, Doc("Another.")] = None
    optional: Annotated[Optional[str], Doc("Old style.")] = None  # noqa: UP045 - both styles must do
    preset: Annotated[str | None, Doc("Not null unless told.")] = "x"
    rate: Annotated[Annotated[Decimal, Field(max_digits=3, decimal_places=1)] | None, Doc("Nested limits.")] = None
    prices: Annotated[tuple[Money, ...], Doc("Many.")] = ()
    labels: Annotated[dict[str, str], Doc("Words.")] = {}


def schema_of(model: type[Model]) -> dict[str, Any]:
    return schema_for(RecordType("oms", "ProductOrder", model))


def fields(model: type[Model]) -> dict[str, dict[str, Any]]:
    return {f["name"]: f for f in schema_of(model)["fields"]}


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert stale() == [], "run `ordertruth schemas generate`"


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_every_schema_is_valid_avro(record: RecordType) -> None:
    schema = json.loads(schema_path(record).read_text(encoding="utf-8"))
    assert parse_schema(schema)["name"] == f"{schema['namespace']}.{record.name}"


def test_the_record_is_named_and_described() -> None:
    schema = schema_of(Everything)
    assert schema["namespace"] == "com.ordertruth.oms.product_order"
    assert schema["name"] == "Everything"
    assert schema["doc"] == "One of each."
    assert parse_schema(schema)


def test_base_class_fields_come_first_with_doc_and_classification() -> None:
    first = schema_of(Everything)["fields"][0]
    assert first == {"name": "firstField", "doc": "The first.", "type": "string", "classification": "pii"}


def test_scalars() -> None:
    found = fields(Everything)
    assert (found["number"]["type"], found["number"]["default"]) == ("long", 7)
    assert (found["flag"]["type"], found["flag"]["default"]) == ("boolean", True)
    assert found["at"]["type"] == {"type": "long", "logicalType": "timestamp-micros"}
    assert "default" not in found["at"]


def test_decimals_carry_their_limits_and_their_default_as_bytes() -> None:
    found = fields(Everything)
    assert found["amount"]["type"] == {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    assert int.from_bytes(found["amount"]["default"].encode("iso-8859-1"), "big", signed=True) == -150
    assert found["rate"]["type"][1]["precision"] == 3


def test_an_enum_is_defined_once_and_has_a_symbol_for_the_unknown() -> None:
    found = fields(Everything)
    assert found["colour"]["type"]["symbols"] == ["RED", "BLUE", "UNKNOWN"]
    assert found["colour"]["type"]["default"] == "UNKNOWN"
    assert found["colour"]["default"] == "BLUE"
    assert found["other"]["type"] == ["null", "com.ordertruth.oms.product_order.Colour"]


def test_optional_fields_default_to_null_unless_another_default_is_given() -> None:
    found = fields(Everything)
    assert (found["optional"]["type"], found["optional"]["default"]) == (["null", "string"], None)
    assert (found["preset"]["type"], found["preset"]["default"]) == (["string", "null"], "x")


def test_nested_records_arrays_and_maps() -> None:
    found = fields(Everything)
    assert found["price"]["type"]["type"] == "record"
    assert found["prices"]["type"] == {"type": "array", "items": "com.ordertruth.oms.product_order.Money"}
    assert found["prices"]["default"] == []
    assert found["labels"]["type"] == {"type": "map", "values": "string"}
    assert found["labels"]["default"] == {}


class WithFloat(Model):
    bad: float


class WithUnboundDecimal(Model):
    bad: Decimal


class WithUnion(Model):
    bad: int | str


class WithList(Model):
    bad: list[str]


class WithNumbersByName(Model):
    bad: dict[str, int]


class WithPair(Model):
    bad: tuple[str, str]


class WithAnything(Model):
    bad: Any


class WithComputedDefault(Model):
    bad: str = Field(default_factory=str)


class WithTimeDefault(Model):
    bad: datetime = datetime(2020, 1, 1)  # noqa: DTZ001 - refused whatever it is


class WithFullArrayDefault(Model):
    bad: tuple[str, ...] = ("a",)


class WithTooFineDefault(Model):
    bad: Annotated[Decimal, Field(max_digits=5, decimal_places=1)] = Decimal("0.25")


@pytest.mark.parametrize(
    "model",
    [
        WithFloat,
        WithUnboundDecimal,
        WithUnion,
        WithList,
        WithNumbersByName,
        WithPair,
        WithAnything,
        WithComputedDefault,
        WithTimeDefault,
        WithFullArrayDefault,
        WithTooFineDefault,
    ],
)
def test_what_a_contract_cannot_say_is_refused_by_name(model: type[Model]) -> None:
    with pytest.raises(ContractError, match=rf"{model.__name__}\.bad"):
        schema_of(model)


def test_two_types_of_one_name_are_refused() -> None:
    class Outer(Model):
        mine: Money
        theirs: Colour

    twin = StrEnum("Money", "A B")
    clash = type("Clash", (Outer,), {"__annotations__": {"twin": twin}, "__module__": __name__})
    with pytest.raises(ContractError, match="Two types named Money"):
        schema_of(clash)


def test_generate_writes_what_differs_and_removes_what_is_gone(tmp_path: Any) -> None:
    records = (RecordType("oms", "ProductOrder", Everything),)
    gone = tmp_path / "oms" / "Gone.avsc"
    gone.parent.mkdir()
    gone.write_text("{}")
    path = tmp_path / "oms" / "Everything.avsc"
    assert sorted(generate(tmp_path, records)) == [path, gone]
    assert path.read_text() == pretty(schema_of(Everything))
    assert generate(tmp_path, records) == []
    assert stale(records, tmp_path) == []
    path.write_text("{}")
    assert stale(records, tmp_path) == ["oms/Everything.avsc"]


def test_nothing_else_lies_among_the_schemas() -> None:
    assert {p.suffix for p in SCHEMA_DIR.rglob("*") if p.is_file()} == {".avsc"}
