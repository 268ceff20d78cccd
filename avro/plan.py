"""From a schema to the way its records are read in bulk, where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastavro.read import LOGICAL_READERS

from avro import layout
from avro.decimals import LOGICAL_TYPE

UNION_BRANCHES_MAX = 64
"""Branches whose number takes one byte."""

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

_SIMPLE: dict[str, Callable[[], layout.Node]] = {
    "null": layout.Null,
    "boolean": layout.Boolean,
    "int": layout.Long,
    "long": layout.Long,
    "float": lambda: layout.Float("<f4"),
    "double": lambda: layout.Float("<f8"),
    "string": layout.Text,
    "bytes": layout.Bytes,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How to walk a record.

    `always` are the fields that only prove good when their values are made. `nested` tells that arrays hold arrays,
    which takes many steps for few values each.
    """

    fields: tuple[tuple[str, layout.Node], ...]
    always: tuple[str, ...]
    nested: bool


class _NoPlanError(Exception):
    """The schema holds something that is read one by one only."""


def plan_for(parsed: Any) -> Plan | None:
    """The plan for a record schema as fastavro parsed it; None when it refers to itself or is not understood."""
    try:
        return _Planner().plan(parsed)
    except (_NoPlanError, KeyError, TypeError, ValueError):  # fastavro has the last word on strange schemas
        return None


class _Planner:
    """Compiles one schema; remembers the named types on the way, and whether values must be made to prove good."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[layout.Node, bool]] = {}
        self._unproven = False
        self._nested = False
        self._depth = 0

    def plan(self, schema: Mapping[str, Any]) -> Plan:
        fields, always = [], []
        for field in schema["fields"]:
            self._unproven = False
            fields.append((field["name"], self._node(field["type"])))
            if self._unproven:
                always.append(field["name"])
        return Plan(tuple(fields), tuple(always), self._nested)

    def _node(self, schema: Any) -> layout.Node:
        if isinstance(schema, list):
            if len(schema) > UNION_BRANCHES_MAX:
                raise _NoPlanError
            return layout.Union([self._node(branch) for branch in schema])
        if isinstance(schema, str):
            return self._reference(schema)
        outer, self._unproven = self._unproven, False
        node = self._logical(self._plain(schema), schema)
        if "name" in schema:
            self._named[schema["name"]] = node, self._unproven
        self._unproven |= outer
        return node

    def _logical(self, plain: layout.Node, schema: Mapping[str, Any]) -> layout.Node:
        if "logicalType" not in schema:
            return plain
        logical = f"{schema['type']}-{schema['logicalType']}"
        read = LOGICAL_READERS.get(logical)
        if read is None:
            return plain
        if logical in _ALLOWED:
            plain = layout.Long(_ALLOWED[logical])
        elif logical == f"bytes-{LOGICAL_TYPE}":
            plain = layout.Bytes(_decimal_bytes(schema["digits"]))
        else:
            self._unproven = True
        return layout.Logical(plain, read, schema)

    def _reference(self, name: str) -> layout.Node:
        if name in _SIMPLE:
            return _SIMPLE[name]()
        if name not in self._named:  # not yet complete: the type refers to itself
            raise _NoPlanError
        node, unproven = self._named[name]
        self._unproven |= unproven
        return node

    def _plain(self, schema: Mapping[str, Any]) -> layout.Node:
        kind = schema["type"]
        if kind in _SIMPLE:
            return _SIMPLE[kind]()
        if kind in ("array", "map"):
            self._nested |= self._depth > 0
            self._depth += 1
            inner = self._node(schema["items" if kind == "array" else "values"])
            self._depth -= 1
            return layout.Array(inner) if kind == "array" else layout.Map(inner)
        if kind == "enum":
            return layout.Enum(schema["symbols"])
        if kind == "fixed":
            return layout.Fixed(schema["size"])
        if kind == "record":
            names = [field["name"] for field in schema["fields"]]
            return layout.Record(names, [self._node(field["type"]) for field in schema["fields"]])
        raise _NoPlanError


def _decimal_bytes(digits: int) -> int:
    """How many bytes hold no number of more digits than these."""
    count = 0
    while 1 << (8 * count + 7) <= 10**digits:
        count += 1
    return count
