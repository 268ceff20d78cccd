"""The batch decoder on every type Avro has, alone, in unions, arrays, maps and records, well and badly written."""

from __future__ import annotations

import json
import random
from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_writer
from fastavro.utils import generate_one
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avro import batch
from avro.batch import BatchDecoder
from avro.codec import WriterSchema, frame, writer_schema
from avro.plan import plan_for
from tests.avro.batches import lookup, require_equal
from tests.avro.schemas import decimal, enum, field, record

MONEY = record(field("amount", decimal(20, 2)), field("currency", "string"), name="a.b.Money")


def logical(kind: str, name: str, **extra: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": name, **extra}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def mapping(values: Any) -> dict[str, Any]:
    return {"type": "map", "values": values}


FIXED = {"type": "fixed", "name": "a.b.F", "size": 5}
LEAVES: dict[str, Any] = {
    **{kind: kind for kind in ("null", "boolean", "int", "long", "float", "double", "string", "bytes")},
    "fixed": FIXED,
    "enum": enum("A", "B", "C"),
    "long enum": enum(*(f"S{n}" for n in range(200))),
    "uuid": logical("string", "uuid"),
    "date": logical("int", "date"),
    "time-millis": logical("int", "time-millis"),
    "time-micros": logical("long", "time-micros"),
    "timestamp-millis": logical("long", "timestamp-millis"),
    "timestamp-micros": logical("long", "timestamp-micros"),
    "local-timestamp-millis": logical("long", "local-timestamp-millis"),
    "local-timestamp-micros": logical("long", "local-timestamp-micros"),
    "unheard-of": logical("long", "unheard-of"),
    "decimal 7": decimal(7, 2),
    "decimal 20": decimal(20, 4),
    "decimal 38": decimal(38, 10),
    "decimal 60": decimal(60, 0),
    "fixed decimal": logical("fixed", "decimal", name="a.b.D", size=6, precision=12, scale=3),
    "duration": logical("fixed", "duration", name="a.b.P", size=12),
    "record": MONEY,
    "empty record": record(name="a.b.Empty"),
}
SHAPES: dict[str, Any] = {
    **LEAVES,
    **{f"nullable {name}": ["null", kind] for name, kind in LEAVES.items() if name != "null"},
    **{f"{name} or null": [kind, "null"] for name, kind in LEAVES.items() if name in ("string", "enum", "record")},
    **{f"array of {name}": array(kind) for name, kind in LEAVES.items()},
    **{f"map of {name}": mapping(kind) for name, kind in LEAVES.items() if name in ("string", "enum", "decimal 20")},
    "array of nullable": array(["null", "string"]),
    "nullable array": ["null", array("long")],
    "array of arrays": array(array(array("long"))),
    "map of maps": mapping(mapping("boolean")),
    "array of records": array(
        record(field("money", MONEY), field("more", array("a.b.Money")), field("words", mapping("string")))
    ),
    "type used twice": record(field("one", MONEY), field("two", ["null", "a.b.Money"]), name="a.b.Two"),
    "fixed decimal used twice": record(
        field("one", LEAVES["fixed decimal"]), field("two", array("a.b.D")), name="a.b.Two"
    ),
    "union of several": ["null", "string", "long", MONEY, array("long"), "boolean"],
    "union of one": ["string"],
    "default": record(field("defaulted", "long", default=3), name="a.b.Defaulted"),
    "recursion": record(field("next", ["null", "a.b.Node"]), name="a.b.Node"),
    "recursion through the root": ["null", "a.b.R"],
}


@pytest.fixture(autouse=True)
def everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "RECORDS_MIN", 1)
    monkeypatch.setattr(batch, "NESTED_RECORDS_MIN", 1)


def schema_with(kind: Any) -> WriterSchema:
    return writer_schema(json.dumps(record(field("before", "long"), field("it", kind), field("after", "string"))))


def body(schema: WriterSchema, chance: random.Random) -> bytes:
    """A record fastavro makes up, without readers of logical types in the way."""
    plain = json.loads(schema.text)
    buffer = BytesIO()
    state = random.getstate()
    random.seed(chance.random())
    try:
        schemaless_writer(buffer, plain, generate_one(plain))
    finally:
        random.setstate(state)
    return buffer.getvalue()
