"""From a schema to the way its records are walked, where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastavro.read import LOGICAL_READERS

from avro.decimals import LOGICAL_TYPE
from avro.walk import ARRAY, BOOLEAN, BYTES, DOUBLE, ENUM, FIXED, FLOAT, LONG, MAP, NULL, RECORD, TEXT, UNION, Node

_MICROS = (-62_135_596_800_000_000, 253_402_300_799_999_999)
_MILLIS = (_MICROS[0] // 1_000, _MICROS[1] // 1_000)
_ALLOWED = {
    "long-timestamp-micros": _MICROS,
    "long-local-timestamp-micros": _MICROS,
    "long-timestamp-millis": _MILLIS,
    "long-local-timestamp-millis": _MILLIS,
    "int-date": (-719_162, 2_932_896),
    "int-time-millis": (0, 86_399_999),
    "long-time-micros": (0, 86_399_999_999),
}
"""Numbers the reader of a logical type surely accepts: the years 1 to 9999, the milliseconds of a day."""

_SIMPLE = {
    "null": NULL,
    "boolean": BOOLEAN,
    "int": LONG,
    "long": LONG,
    "float": FLOAT,
    "double": DOUBLE,
    "string": TEXT,
    "bytes": BYTES,
}
_EVERYTHING: frozenset[str] = frozenset()


class _NoPlanError(Exception):
    """The schema holds something that only the reference codec reads."""


def plan_for(parsed: Any, wanted: Sequence[str]) -> Node | None:
    """How to read the `wanted` fields of a record schema as fastavro parsed it; None where only fastavro can.

    `items` is a field with all there is in it; `items.itemId`, that field of the records it holds.
    """
    try:
        node = _Planner(parsed).record(parsed, frozenset(wanted))
        if not wanted:
            for part in node.parts:
                part.wanted = False
        return node
    except (_NoPlanError, KeyError, TypeError, ValueError):  # fastavro has the last word on strange schemas
        return None


def projected(value: Any, wanted: Sequence[str]) -> Any:
    """The `wanted` fields of a record that was read whole, in the same notation."""
    if isinstance(value, list):
        return [projected(item, wanted) for item in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, held in value.items():
        below = [path.partition(".")[2] for path in wanted if path.partition(".")[0] == name]
        if below:
            found[name] = held if "" in below else projected(held, below)
    return found


class _Planner:
    """Compiles one schema; a named type is compiled anew wherever it is used, for what is wanted may differ."""

    def __init__(self, parsed: Mapping[str, Any]) -> None:
        self._named: dict[str, Mapping[str, Any]] = {}
        self._open: set[str] = set()
        self._note_names(parsed)

    def _note_names(self, schema: Any) -> None:
        if isinstance(schema, list):
            for branch in schema:
                self._note_names(branch)
        elif isinstance(schema, dict):
            if "name" in schema:
                self._named[schema["name"]] = schema
            for inner in ("type", "items", "values"):
                if not isinstance(schema.get(inner), str):
                    self._note_names(schema.get(inner))
            for field in schema.get("fields", ()):
                self._note_names(field["type"])

    def record(self, schema: Mapping[str, Any], wanted: frozenset[str]) -> Node:
        """A record of which these fields are wanted; all of them when none is named."""
        if schema["name"] in self._open:  # it refers to itself
            raise _NoPlanError
        self._open.add(schema["name"])
        names, parts = [], []
        for field in schema["fields"]:
            below = {path.partition(".")[2] for path in wanted if path.partition(".")[0] == field["name"]}
            part = self._node(field["type"], _EVERYTHING if "" in below else frozenset(below))
            part.wanted = bool(below) or not wanted
            names.append(field["name"])
            parts.append(part)
        self._open.remove(schema["name"])
        return Node(RECORD, names=names, parts=parts)

    def _node(self, schema: Any, wanted: frozenset[str]) -> Node:
        if isinstance(schema, list):
            return Node(UNION, parts=[self._node(branch, wanted) for branch in schema])
        if isinstance(schema, str):
            return Node(_SIMPLE[schema]) if schema in _SIMPLE else self._node(self._named[schema], wanted)
        node = self._plain(schema, wanted)
        if "logicalType" in schema:
            self._limit(node, schema)
        return node

    def _plain(self, schema: Mapping[str, Any], wanted: frozenset[str]) -> Node:
        kind = schema["type"]
        if kind in _SIMPLE:
            return Node(_SIMPLE[kind])
        if kind == "array":
            return Node(ARRAY, parts=[self._node(schema["items"], wanted)])
        if kind == "map":
            return Node(MAP, parts=[self._node(schema["values"], wanted)])
        if kind == "enum":
            return Node(ENUM, names=list(schema["symbols"]))
        if kind == "fixed":
            return Node(FIXED, size=schema["size"])
        if kind == "record":
            return self.record(schema, wanted)
        raise _NoPlanError

    def _limit(self, node: Node, schema: Mapping[str, Any]) -> None:
        """What the reader of the logical type surely takes; where that is not known, the value must be made."""
        logical = f"{schema['type']}-{schema['logicalType']}"
        node.read = LOGICAL_READERS.get(logical)
        node.schema = schema
        if logical in _ALLOWED:
            node.bounded = True
            node.low, node.high = _ALLOWED[logical]
        elif logical == f"bytes-{LOGICAL_TYPE}":
            node.bounded = True
            node.high = _decimal_bytes(schema["digits"])
        else:
            node.unproven = node.read is not None


def _decimal_bytes(digits: int) -> int:
    """How many bytes hold no number of more digits than these."""
    count = 0
    while 1 << (8 * count + 7) <= 10**digits:
        count += 1
    return count
