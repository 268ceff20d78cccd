from __future__ import annotations

import io
import json
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avro.resolution import problems
from tests.avro.schemas import decimal, enum, field, record

TIME = {"type": "long", "logicalType": "timestamp-micros"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
INNER = record(field("x", "long"), name="a.b.Inner")


def reasons(reader: Any, writer: Any) -> dict[str, str]:
    return {p.path: p.reason for p in problems(reader, writer)}


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        *((kind, kind) for kind in ["null", "boolean", "int", "long", "float", "double", "string", "bytes"]),
        ("long", "int"),
        ("float", "int"),
        ("double", "int"),
        ("float", "long"),
        ("double", "long"),
        ("double", "float"),
        ("bytes", "string"),
        ("string", "bytes"),
        ({"type": "long"}, "int"),
        (TIME, TIME),
        (decimal(9, 2), decimal(9, 2)),
        (["null", "string"], "string"),
        (["null", "string"], "null"),
        (["null", "long"], "int"),
        (["null", "string"], ["string", "null"]),
        ("string", ["string"]),
        (["null", "long", "string"], ["null", "int"]),
        ({"type": "array", "items": "long"}, {"type": "array", "items": "int"}),
        ({"type": "map", "values": ["null", "long"]}, {"type": "map", "values": "long"}),
        (enum("A", "B"), enum("A")),
        (enum("A", default="A"), enum("A", "B")),
        (enum("A", name="new.E", aliases=["a.b.E"]), enum("A")),
        ({"type": "fixed", "name": "F", "size": 4}, {"type": "fixed", "name": "F", "size": 4}),
        (record(), record(field("gone", "string"))),
        (record(field("a", "string", default="")), record()),
        (record(field("b", "string", aliases=["a"])), record(field("a", "string"))),
        (record(name="c.S", aliases=["a.b.R"]), record()),
        (record(field("i", INNER), field("j", "Inner")), record(field("i", INNER), field("j", "a.b.Inner"))),
        (record(field("next", ["null", "a.b.R"])), record(field("next", ["null", "R"]))),
    ],
)
def test_what_can_be_read(reader: Any, writer: Any) -> None:
    assert problems(reader, writer) == []


@pytest.mark.parametrize(
    ("reader", "writer", "path", "reason"),
    [
        ("int", "long", "", "long cannot be read as int"),
        ("float", "double", "", "double cannot be read as float"),
        ("string", "long", "", "long cannot be read as string"),
        ("boolean", "null", "", "null cannot be read as boolean"),
        ("long", TIME, "", "timestamp-micros"),
        (TIME, MILLIS, "", "timestamp-millis"),
        (TIME, "int", "", "int cannot be read as long"),
        (decimal(9, 2), "bytes", "", "decimal"),
        (decimal(9, 2), decimal(9, 3), "", "scale 3 cannot be read with scale 2"),
        (decimal(9, 2), decimal(8, 2), "", "precision 8 cannot be read with precision 9"),
        ("string", decimal(9, 2), "", "decimal"),
        ("string", ["null", "string"], "", "null cannot be read as string"),
        (["null", "string"], "long", "", "no branch"),
        (["null", INNER], record(field("x", "string"), name="a.b.Inner"), "x", "string cannot be read as long"),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "long"}, "[]", "long"),
        ({"type": "map", "values": "int"}, {"type": "map", "values": "long"}, "{}", "long"),
        ({"type": "array", "items": "int"}, {"type": "map", "values": "int"}, "", "map cannot be read as array"),
        (enum("A"), enum("A", "B", "C"), "", "B, C"),
        (enum("A", default="Z"), enum("B"), "", "B"),
        (enum("A", name="a.b.X"), enum("A"), "", "names differ"),
        ({"type": "fixed", "name": "F", "size": 4}, {"type": "fixed", "name": "F", "size": 5}, "", "5 bytes"),
        (record(name="c.S"), record(), "", "names differ"),
        (record(field("a", "string")), record(), "a", "no default"),
        (record(field("b", "string")), record(field("a", "string")), "b", "no default"),
        (
            record(field("i", {"type": "array", "items": INNER})),
            record(field("i", {"type": "array", "items": record(name="a.b.Inner")})),
            "i[].x",
            "no default",
        ),
        (
            record(field("next", ["null", "a.b.R"]), field("n", "int")),
            record(field("next", ["null", "a.b.R"]), field("n", "long")),
            "n",
            "long cannot be read as int",
        ),
    ],
)
def test_what_cannot_be_read(reader: Any, writer: Any, path: str, reason: str) -> None:
    found = reasons(reader, writer)
    assert list(found) == [path]
    assert reason in found[path]


def test_every_problem_is_told() -> None:
    reader = record(field("a", "int"), field("b", "string"), field("c", enum("A")))
    writer = record(field("a", "long"), field("c", enum("B")))
    assert set(reasons(reader, writer)) == {"a", "b", "c"}


def test_a_failed_branch_does_not_hide_a_problem_in_the_next() -> None:
    bad = record(field("x", "string"), name="a.b.Inner")
    reader = record(field("u", [record(field("i", INNER), name="a.b.P"), record(field("i", "Inner"), name="a.b.Q")]))
    writer = record(field("u", record(field("i", bad), name="a.b.Q")))
    assert problems(reader, writer)


PRIMITIVES = st.sampled_from(["null", "boolean", "int", "long", "float", "double", "string", "bytes"])
ENUMS = st.lists(st.sampled_from("ABC"), min_size=1, unique=True).flatmap(
    lambda symbols: st.sampled_from([enum(*symbols), enum(*symbols, default=symbols[0])])
)
LEAVES = PRIMITIVES | ENUMS
SAMPLES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "int": 3,
    "long": 1 << 40,
    "float": 0.5,
    "double": 0.25,
    "string": "s",
    "bytes": b"s",
}


def extended(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    return st.one_of(
        inner.map(lambda s: {"type": "array", "items": s}),
        inner.map(lambda s: {"type": "map", "values": s}),
        st.lists(PRIMITIVES, min_size=1, max_size=3, unique=True),
        fields.map(lambda found: record(*(field(n, t) for n, t in found.items()))),
    )


SCHEMAS = st.recursive(LEAVES, extended, max_leaves=4)


def samples(schema: Any) -> list[Any]:
    """Data that between them take every branch and every symbol."""
    if isinstance(schema, str):
        return [SAMPLES[schema]]
    if isinstance(schema, list):
        return [v for branch in schema for v in samples(branch)]
    kind = schema["type"]
    if kind == "enum":
        return list(schema["symbols"])
    if kind == "array":
        return [samples(schema["items"])]
    if kind == "map":
        return [{"k": v} for v in samples(schema["values"])]
    each = {f["name"]: samples(f["type"]) for f in schema["fields"]}
    longest = max((len(v) for v in each.values()), default=1)
    return [{n: v[i % len(v)] for n, v in each.items()} for i in range(longest)]


def usable(schema: Any) -> bool:
    """A name may be defined once."""
    text = json.dumps(schema)
    return text.count('"record"') <= 1 and text.count('"enum"') <= 1


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(SCHEMAS.filter(usable), SCHEMAS.filter(usable))
def test_what_is_said_to_be_readable_is_read_by_a_real_reader(reader: Any, writer: Any) -> None:
    if problems(reader, writer):
        return
    written, read = parse_schema(writer), parse_schema(reader)
    for value in samples(writer):
        buffer = io.BytesIO()
        schemaless_writer(buffer, written, value)
        buffer.seek(0)
        schemaless_reader(buffer, written, read)


@given(SCHEMAS.filter(usable))
def test_every_schema_reads_itself(schema: Any) -> None:
    assert problems(schema, schema) == []
