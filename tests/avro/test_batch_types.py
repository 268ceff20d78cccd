"""The batch decoder on every type Avro has, alone, in unions, arrays, maps and records, well and badly written."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avro.codec import WriterSchema, decode_body, frame, writer_schema
from avro.plan import plan_for
from tests.avro.batches import require_equal
from tests.avro.schemas import decimal, enum, field, record

MONEY = record(field("amount", decimal(20, 2)), field("currency", "string"), name="a.b.Money")


def logical(kind: str, meaning: str, **extra: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": meaning, **extra}


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
        record(
            field("money", MONEY), field("more", array("a.b.Money")), field("words", mapping("string")), name="a.b.Item"
        )
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


def schema_with(kind: Any) -> WriterSchema:
    return writer_schema(json.dumps(record(field("before", "long"), field("it", kind), field("after", "string"))))


class Writer:
    """Writes bytes a schema allows, in every way Avro allows, and with `slips` now and then in ways it does not."""

    def __init__(self, chance: random.Random, slips: float) -> None:
        self._chance, self._slips = chance, slips
        self._named: dict[str, Any] = {}

    def write(self, schema: Any) -> bytes:
        if isinstance(schema, list):
            branch = self._chance.randrange(len(schema))
            return self._long(branch) + self.write(schema[branch])
        if isinstance(schema, str):
            return self.write(self._named[schema]) if schema in self._named else self._scalar(schema, "")
        if schema["type"] in ("record", "enum", "fixed"):
            self._named[schema["name"]] = schema
        match schema["type"]:
            case "record":
                return b"".join(self.write(f["type"]) for f in schema["fields"])
            case "enum":
                return self._long(self._chance.randrange(len(schema["symbols"])))
            case "fixed":
                return self._chance.randbytes(schema["size"])
            case "array":
                return self._run(lambda: self.write(schema["items"]))
            case "map":
                return self._run(lambda: self._bytes(self._words()) + self.write(schema["values"]))
        if schema.get("logicalType") == "decimal":
            digits = self._chance.randint(0, schema["precision"])
            number = self._chance.randrange(10**digits) * self._chance.choice((1, -1))
            return self._bytes(number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))
        return self._scalar(schema["type"], schema.get("logicalType", ""))

    def _scalar(self, kind: str, meaning: str) -> bytes:
        chance = self._chance
        match kind:
            case "null":
                return b""
            case "boolean":
                return bytes([chance.randint(0, 1) if chance.random() >= self._slips else 2])
            case "float":
                return chance.randbytes(4)
            case "double":
                return chance.randbytes(8)
            case "string" if meaning == "uuid" and chance.random() >= self._slips:
                return self._bytes(f"{chance.getrandbits(128):032x}".encode())
            case "string":
                return self._bytes(self._words())
            case "bytes":
                return self._bytes(chance.randbytes(chance.choice((0, 1, 9, 70))))
        limit = {"date": 700_000, "time-millis": 86_400_000, "time-micros": 86_400_000_000}.get(meaning)
        if limit is not None and chance.random() >= self._slips:
            return self._long(chance.randrange(limit))
        slip = chance.random() < self._slips
        most = 63 if slip else {"int": 31, "millis": 45, "micros": 55}.get(meaning.rpartition("-")[2] or kind, 63)
        bits = chance.randint(1, most)
        return self._long(chance.randrange(-(1 << bits), 1 << bits))

    def _words(self) -> bytes:
        chance = self._chance
        text = "".join(chance.choices("abcdefgh", k=chance.choice((0, 3, 63, 64, 200)))).encode()
        if chance.random() < 0.1:
            text += "é€".encode()
        return text + b"\xff" if chance.random() < self._slips else text

    def _run(self, item: Callable[[], bytes]) -> bytes:
        """Items in any number of runs, the length in bytes before some, as a writer may put it."""
        written = b""
        for _ in range(self._chance.choice((0, 1, 1, 1, 2))):
            items = [item() for _ in range(self._chance.randint(1, 3))]
            run = b"".join(items)
            sized = self._chance.random() < self._slips
            written += (self._long(-len(items)) + self._long(len(run)) if sized else self._long(len(items))) + run
        return written + self._long(0)

    def _bytes(self, content: bytes) -> bytes:
        return self._long(len(content)) + content

    def _long(self, number: int) -> bytes:
        if self._chance.random() < self._slips:
            # No more than this: nothing written a great many times over keeps the reference busy for ever.
            number = self._chance.choice((-1, -2, number + 1, 4_000))
        raw = (number << 1) ^ (number >> 63)
        written = bytearray()
        while raw > 127:
            written.append(raw & 127 | 128)
            raw >>= 7
        written.append(raw)
        if len(written) < 10 and self._chance.random() < 0.02:  # longer than need be, which is read all the same
            written[-1] |= 128
            written.append(0)
        return bytes(written)


def values_of(schema: WriterSchema, seed: int, count: int, slips: float = 0.0) -> list[bytes]:
    chance = random.Random(seed)
    plain = json.loads(schema.text)
    return [frame(1, Writer(chance, slips).write(plain)) for _ in range(count)]


def reads_of_the_reference(patch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies the batch decoder hands on, as it comes to them."""
    read: list[bytes] = []

    def note(body: bytes, schema: WriterSchema) -> dict[str, Any]:
        read.append(body)
        return decode_body(body, schema)

    patch.setattr("avro.batch.decode_body", note)
    return read


TERMINATING = {name: kind for name, kind in SHAPES.items() if not name.startswith("recursion")}


@pytest.mark.parametrize("shape", TERMINATING)
@pytest.mark.parametrize("wanted", [("before", "it", "after"), ("after",)], ids=["all", "one"])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
def test_every_type_is_read_as_the_reference_reads_it(shape: str, wanted: tuple[str, ...], seed: int) -> None:
    schema = schema_with(SHAPES[shape])
    assert plan_for(schema.parsed, wanted) is not None
    values = values_of(schema, seed, 25)
    with pytest.MonkeyPatch.context() as patch:
        read = reads_of_the_reference(patch)
        result = require_equal(values, {1: schema}, {"R": wanted})
    assert not result.failures
    assert len(read) < len(values)  # the others are unusual: blocks with their size, for one


@pytest.mark.parametrize("shape", TERMINATING)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
def test_every_type_badly_written_fails_as_the_reference_fails(shape: str, seed: int) -> None:
    schema = schema_with(SHAPES[shape])
    values = values_of(schema, seed, 20) + values_of(schema, seed, 20, slips=0.08)
    random.Random(seed).shuffle(values)
    require_equal(values, {1: schema}, {"R": ("it", "after")})


@pytest.mark.parametrize("shape", [name for name in SHAPES if name not in TERMINATING])
def test_a_type_within_itself_is_read_one_by_one(shape: str) -> None:
    schema = schema_with(SHAPES[shape])
    assert plan_for(schema.parsed, ("before", "it")) is None
    inner = b"\2" * (shape == "recursion through the root")
    values = [frame(1, b"\2" + inner + b"\0" + b"\2x"), frame(1, b"\2\0\2x"), frame(1, b"\2\0\2")]
    require_equal(values, {1: schema}, {"R": ("before", "it")})
