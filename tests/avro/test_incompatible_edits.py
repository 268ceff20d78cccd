"""Every kind of edit a released `.avsc` may not suffer is refused, with the field and the rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import permutations
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from avro.compatibility import HISTORY_DIR, Incompatibility, check, check_files
from avro.contract import contract
from avro.generate import pretty
from avro.names import namespace
from avro.resolution import Rule
from domain.catalogue import RECORDS, RecordType
from domain.model import Doc, Model
from tests.avro.schemas import decimal, enum, field, record

if TYPE_CHECKING:
    from pathlib import Path


class ParcelPacked(Model):
    """Stands for the record in the catalogue; its file says what the tests make of it."""

    order_id: Annotated[str, Doc("Order.")]


PACKED = RecordType("oms", "Parcel", ParcelPacked)
SPACE = namespace(PACKED)
TIME = {"type": "long", "logicalType": "timestamp-micros"}
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "string", "bytes")

Schema = dict[str, Any]
Edit = Callable[[Schema], object]


def packed(*fields: Schema) -> Schema:
    return {"type": "record", "name": "ParcelPacked", "namespace": SPACE, "doc": "Packed.", "fields": list(fields)}


def released() -> list[Schema]:
    """Two released versions; `since` came with the second."""
    money = record(field("amount", decimal(20, 4)), field("currency", "string"), name="Money")
    line = record(field("lineId", "string"), field("price", "Money"), name="Line")
    first = packed(
        field("orderId", "string"),
        field("note", ["null", "string"], default=None),
        field("weight", "long"),
        field("packedAt", TIME),
        field("price", money),
        field("state", enum("OPEN", "SHUT", "UNKNOWN", name="State", default="UNKNOWN")),
        field("lane", enum("LEFT", "RIGHT", name="Lane")),
        field("seal", {"type": "fixed", "name": "Seal", "size": 16}),
        field("lines", {"type": "array", "items": line}),
        field("labels", {"type": "map", "values": "string"}),
        field("measure", ["null", "long", "string"], default=None),
    )
    second = deepcopy(first)
    second["fields"].append(field("since", "string", default="now"))
    return [first, second]


def at(schema: Schema, name: str) -> Schema:
    found: Schema = next(f for f in schema["fields"] if f["name"] == name)
    return found


def typed(name: str, kind: Any) -> Edit:
    return lambda schema: at(schema, name).update(type=kind)


def without(name: str) -> Edit:
    return lambda schema: schema["fields"].remove(at(schema, name))


def with_field(*args: Any, **extra: Any) -> Edit:
    return lambda schema: schema["fields"].append(field(*args, **extra))


def inner(path: str, change: Callable[[Schema], object]) -> Edit:
    """A change of the named type a field is, or has for items."""

    def edit(schema: Schema) -> object:
        kind = at(schema, path)["type"]
        return change(kind.get("items", kind))

    return edit


def typed_within(outer: str, name: str, kind: Any) -> Edit:
    return inner(outer, typed(name, kind))


INCOMPATIBLE: dict[str, tuple[Edit, str, Rule]] = {
    "a field without default is removed": (without("weight"), "weight", Rule.FIELD_DEFAULT),
    "a field without default is added": (with_field("dock", "string"), "dock", Rule.FIELD_DEFAULT),
    "a nullable field without default is added": (with_field("dock", ["null", "string"]), "dock", Rule.FIELD_DEFAULT),
    "a field is renamed": (lambda s: at(s, "weight").update(name="mass"), "weight", Rule.FIELD_DEFAULT),
    "a field is renamed with an alias": (
        lambda s: at(s, "weight").update(name="mass", aliases=["weight"]),
        "weight",
        Rule.FIELD_DEFAULT,
    ),
    "a default is taken away": (lambda s: at(s, "since").pop("default"), "since", Rule.FIELD_DEFAULT),
    "a default is changed": (lambda s: at(s, "since").update(default="later"), "since", Rule.DEFAULT_CHANGED),
    "a default is no value of the type": (
        lambda s: at(s, "since").update(default=7),
        "since",
        Rule.DEFAULT_INVALID,
    ),
    "null comes second in a union whose default is null": (
        typed("note", ["string", "null"]),
        "note",
        Rule.DEFAULT_INVALID,
    ),
    "a number is narrowed": (typed("weight", "int"), "weight", Rule.TYPE),
    "a number is widened": (typed("weight", "double"), "weight", Rule.TYPE),
    "an optional field is made mandatory": (typed("note", "string"), "note", Rule.TYPE),
    "a mandatory field is made optional": (typed("weight", ["null", "long"]), "weight", Rule.TYPE),
    "a branch of a union is removed": (typed("measure", ["null", "long"]), "measure", Rule.UNION_BRANCH),
    "a branch of a union is added": (
        typed("measure", ["null", "long", "string", "boolean"]),
        "measure",
        Rule.UNION_BRANCH,
    ),
    "a symbol is removed": (
        inner("lane", lambda e: e["symbols"].remove("LEFT")),
        "lane",
        Rule.ENUM_SYMBOLS,
    ),
    "a symbol is added to an enum without default": (
        inner("lane", lambda e: e["symbols"].append("MIDDLE")),
        "lane",
        Rule.ENUM_SYMBOLS,
    ),
    "a symbol is removed from an enum with default": (
        inner("state", lambda e: e["symbols"].remove("SHUT")),
        "state",
        Rule.SYMBOL_REMOVED,
    ),
    "a symbol is renamed": (
        inner("state", lambda e: e.update(symbols=["OPEN", "CLOSED", "UNKNOWN"])),
        "state",
        Rule.SYMBOL_REMOVED,
    ),
    "the default of an enum is changed": (
        inner("state", lambda e: e.update(default="OPEN")),
        "state",
        Rule.DEFAULT_CHANGED,
    ),
    "an enum is made a text": (typed("lane", "string"), "lane", Rule.TYPE),
    "an enum is renamed": (inner("lane", lambda e: e.update(name="Track")), "lane", Rule.NAME),
    "a record is renamed": (lambda s: s.update(name="ParcelWrapped"), "", Rule.NAME),
    "a record is renamed with an alias": (
        lambda s: s.update(name="ParcelWrapped", aliases=["ParcelPacked"]),
        "",
        Rule.NAME,
    ),
    "the namespace is changed": (lambda s: s.update(namespace="com.example.oms"), "", Rule.NAME),
    "a nested record gains a field without default": (
        inner("lines", with_field("tax", "string")),
        "lines[].tax",
        Rule.FIELD_DEFAULT,
    ),
    "a nested record loses a field": (inner("lines", without("lineId")), "lines[].lineId", Rule.FIELD_DEFAULT),
    "the precision of a decimal is changed": (
        typed_within("price", "amount", decimal(18, 4)),
        "price.amount",
        Rule.DECIMAL,
    ),
    "the scale of a decimal is changed": (
        typed_within("price", "amount", decimal(20, 2)),
        "price.amount",
        Rule.DECIMAL,
    ),
    "a decimal is made bytes": (typed_within("price", "amount", "bytes"), "price.amount", Rule.LOGICAL_TYPE),
    "a decimal is made a float": (typed_within("price", "amount", "double"), "price.amount", Rule.TYPE),
    "a time loses its logical type": (typed("packedAt", "long"), "packedAt", Rule.LOGICAL_TYPE),
    "a time gets another unit": (
        typed("packedAt", {"type": "long", "logicalType": "timestamp-millis"}),
        "packedAt",
        Rule.LOGICAL_TYPE,
    ),
    "a number is made a time": (typed("weight", TIME), "weight", Rule.LOGICAL_TYPE),
    "a text is made an identifier": (
        typed("orderId", {"type": "string", "logicalType": "uuid"}),
        "orderId",
        Rule.LOGICAL_TYPE,
    ),
    "the size of a fixed is changed": (inner("seal", lambda f: f.update(size=20)), "seal", Rule.FIXED_SIZE),
    "a fixed is made bytes": (typed("seal", "bytes"), "seal", Rule.TYPE),
    "the items of an array are changed": (typed("lines", {"type": "array", "items": "string"}), "lines[]", Rule.TYPE),
    "an array is made a single value": (typed("lines", "string"), "lines", Rule.TYPE),
    "the values of a map are changed": (typed("labels", {"type": "map", "values": "long"}), "labels{}", Rule.TYPE),
    "a map is made an array": (typed("labels", {"type": "array", "items": "string"}), "labels", Rule.TYPE),
    "a type nobody defines": (typed("weight", "Weight"), "", Rule.SCHEMA_UNREADABLE),
}

COMPATIBLE: dict[str, Edit] = {
    "nothing is changed": lambda _: None,
    "a field with default is added": with_field("dock", ["null", "string"], default=None),
    "a field with default is removed": without("note"),
    "a symbol is added to an enum with default": inner("state", lambda e: e["symbols"].insert(0, "AJAR")),
    "a default nobody relies on is changed": lambda s: at(s, "orderId").update(default=""),
    "fields change places": lambda s: s["fields"].insert(0, s["fields"].pop()),
    "words are changed": lambda s: s.update(doc="Packed and sealed."),
    "the branches of a union change places": typed("measure", ["null", "string", "long"]),
}


class Gate:
    """The files of one record: history as released, and the `.avsc` edited."""

    def __init__(self, root: Path, versions: list[Schema]) -> None:
        self.history, self.schemas = root / "history", root / "schemas"
        self.newest = versions[-1]
        folder = self.history / "oms" / "ParcelPacked"
        folder.mkdir(parents=True)
        (self.schemas / "oms").mkdir(parents=True)
        for number, schema in enumerate(versions, start=1):
            (folder / f"{number}.avsc").write_text(pretty(schema))

    def found(self, edit: Edit) -> list[Incompatibility]:
        """What `ordertruth schemas check` finds in the file when it is edited."""
        schema = deepcopy(self.newest)
        edit(schema)
        (self.schemas / "oms" / "ParcelPacked.avsc").write_text(pretty(schema))
        return check_files((PACKED,), self.history, self.schemas)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path, released())


@pytest.mark.parametrize("kind", INCOMPATIBLE)
def test_an_incompatible_edit_is_refused_by_field_and_rule(gate: Gate, kind: str) -> None:
    edit, where, rule = INCOMPATIBLE[kind]
    found = gate.found(edit)
    assert (where, rule) in {(f.field, f.rule) for f in found}, found
    assert {f.record for f in found} == {"ParcelPacked"}


@pytest.mark.parametrize("kind", COMPATIBLE)
def test_a_compatible_edit_passes(gate: Gate, kind: str) -> None:
    assert gate.found(COMPATIBLE[kind]) == []


def test_no_type_of_a_field_becomes_another(tmp_path: Path) -> None:
    """Not even those Avro promotes: old readers would not know."""
    for before, after in permutations(PRIMITIVES, 2):
        found = Gate(tmp_path / before / after, [packed(field("x", before))]).found(typed("x", after))
        text_and_bytes = {before, after} == {"string", "bytes"}
        assert {(f.field, f.rule) for f in found} == (set() if text_and_bytes else {("x", Rule.TYPE)}), (before, after)


def test_every_rule_is_met(tmp_path: Path) -> None:
    gate = Gate(tmp_path, released())
    gone = check((), gate.history, gate.schemas)
    assert [(f.record, f.version, f.rule) for f in gone] == [("ParcelPacked", 2, Rule.RECORD_REMOVED)]
    assert {rule for _, _, rule in INCOMPATIBLE.values()} | {Rule.RECORD_REMOVED} == set(Rule)


def test_a_default_matters_only_where_records_come_without_the_field(tmp_path: Path) -> None:
    edit: Edit = lambda s: at(s, "since").update(default="later")  # noqa: E731 - the same as above, on one version
    assert Gate(tmp_path, released()[1:]).found(edit) == []


def test_what_is_wrong_in_a_record_within_itself_is_found(tmp_path: Path) -> None:
    tree = packed(field("size", "long"), field("next", ["null", "ParcelPacked"], default=None))
    found = Gate(tmp_path, [tree]).found(typed("size", "string"))
    assert {(f.field, f.rule) for f in found} == {("size", Rule.TYPE)}


def _every_file() -> Iterator[tuple[RecordType, Schema, str]]:
    for agreed in RECORDS:
        schema = deepcopy(contract(agreed.name).schema)
        yield agreed, schema, schema["fields"][0]["name"]


def test_every_committed_schema_is_guarded(tmp_path: Path) -> None:
    """One field of each made a number of another kind, against the committed history."""
    unguarded = []
    for agreed, schema, name in _every_file():
        typed(name, "double")(schema)
        path = tmp_path / agreed.owner / f"{agreed.name}.avsc"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(schema))
        found = check_files((agreed,), HISTORY_DIR, tmp_path)
        if (agreed.name, name, Rule.TYPE) not in {(f.record, f.field, f.rule) for f in found}:
            unguarded.append(agreed.name)
    assert unguarded == [], "release them: `ordertruth schemas release`"
