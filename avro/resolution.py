"""Avro schema resolution decided beforehand: whether a reader's schema can read everything a writer's could write.

The rules are those of the Avro specification (schema resolution), made stricter where a change would be read without
an error and mean something else: full names must agree, and so must logical types, a decimal's precision and scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_PROMOTIONS: Mapping[str, frozenset[str]] = {
    "int": frozenset({"long", "float", "double"}),
    "long": frozenset({"float", "double"}),
    "float": frozenset({"double"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}
_NAMED = frozenset({"record", "error", "enum", "fixed"})


class Rule(StrEnum):
    """What a change breaks. The first are Avro's own; those from LOGICAL_TYPE on Avro lets pass."""

    NAME = "name-mismatch"
    TYPE = "type-mismatch"
    UNION_BRANCH = "missing-union-branch"
    FIELD_DEFAULT = "field-missing-default"
    ENUM_SYMBOLS = "missing-enum-symbols"
    FIXED_SIZE = "fixed-size-mismatch"
    LOGICAL_TYPE = "logical-type-mismatch"
    DECIMAL = "decimal-mismatch"
    DEFAULT_CHANGED = "default-changed"
    DEFAULT_INVALID = "default-invalid"
    SYMBOL_REMOVED = "enum-symbol-removed"
    SCHEMA_UNREADABLE = "schema-unreadable"
    RECORD_REMOVED = "record-removed"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a reader cannot read a writer's data: at which field, which rule says so, and the reason in words."""

    path: str
    rule: Rule
    reason: str


def problems(reader: Any, writer: Any) -> list[Problem]:
    """Everything that keeps the schema `reader` from reading data of the schema `writer`; empty when nothing does.

    Both are schemas as parsed JSON.
    """
    return _Resolution(named_types(reader), named_types(writer)).compare(
        reader, writer, _Place("", _space(reader), _space(writer))
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the two schemas the comparison is: the field path and both enclosing namespaces."""

    path: str
    reader_space: str
    writer_space: str

    def at(self, step: str) -> _Place:
        joined = f"{self.path}.{step}" if self.path and not step.startswith(("[", "{")) else self.path + step
        return _Place(joined, self.reader_space, self.writer_space)

    def within(self, reader: Mapping[str, Any], writer: Mapping[str, Any]) -> _Place:
        return _Place(self.path, _full(reader, self.reader_space)[1], _full(writer, self.writer_space)[1])


class _Resolution:
    """One comparison of two schemas; `seen` pairs of records keep recursive types from going round for ever."""

    def __init__(self, reader_types: dict[str, Any], writer_types: dict[str, Any]) -> None:
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._seen: set[tuple[str, str]] = set()

    def compare(self, reader: Any, writer: Any, place: _Place) -> list[Problem]:
        reader, reader_home = resolve(reader, place.reader_space, self._reader_types)
        writer, writer_home = resolve(writer, place.writer_space, self._writer_types)
        place = _Place(place.path, reader_home, writer_home)
        if isinstance(writer, list):
            return [p for branch in writer for p in self.compare(reader, branch, place)]
        if isinstance(reader, list):
            return self._any_branch(reader, writer, place)
        read, written = _kind(reader), _kind(writer)
        if read != written:
            if read in _PROMOTIONS.get(written, ()) and not (_logical(reader) or _logical(writer)):
                return []
            return [Problem(place.path, Rule.TYPE, f"{_shown(writer)} cannot be read as {_shown(reader)}")]
        return self._same_kind(read, reader, writer, place)

    def _any_branch(self, branches: list[Any], writer: Any, place: _Place) -> list[Problem]:
        """A union reads what one of its branches reads; of several failures the nearest is told."""
        found: list[Problem] | None = None
        for branch in branches:
            # A branch that failed must not count as compared when another one is tried.
            before = set(self._seen)
            attempt = self.compare(branch, writer, place)
            if not attempt:
                return []
            self._seen = before
            resolved, _ = resolve(branch, place.reader_space, self._reader_types)
            if not isinstance(resolved, list) and _kind(resolved) == _kind(writer):
                found = attempt
        reason = f"no branch of the union reads {_shown(writer)}"
        return found or [Problem(place.path, Rule.UNION_BRANCH, reason)]

    def _same_kind(self, kind: str, reader: Any, writer: Any, place: _Place) -> list[Problem]:
        if kind in _NAMED:
            problem = self._names(reader, writer, place)
            if problem:
                return [problem]
        if kind in ("record", "error"):
            return self._records(reader, writer, place.within(reader, writer))
        if kind == "enum":
            return _enums(reader, writer, place)
        if kind == "fixed" and reader["size"] != writer["size"]:
            return [Problem(place.path, Rule.FIXED_SIZE, f"{writer['size']} bytes cannot be read as {reader['size']}")]
        if kind == "array":
            return self.compare(reader["items"], writer["items"], place.at("[]"))
        if kind == "map":
            return self.compare(reader["values"], writer["values"], place.at("{}"))
        return _logical_types(reader, writer, place)

    def _names(self, reader: Mapping[str, Any], writer: Mapping[str, Any], place: _Place) -> Problem | None:
        read, space = _full(reader, place.reader_space)
        written, _ = _full(writer, place.writer_space)
        aliases = {_qualify(a, space) for a in reader.get("aliases", ())}
        if read == written or written in aliases:
            return None
        reason = f"{written} cannot be read as {read}: the names differ and no alias says otherwise"
        return Problem(place.path, Rule.NAME, reason)

    def _records(self, reader: Mapping[str, Any], writer: Mapping[str, Any], place: _Place) -> list[Problem]:
        pair = (_full(reader, place.reader_space)[0], _full(writer, place.writer_space)[0])
        if pair in self._seen:
            return []
        self._seen.add(pair)
        written = {f["name"]: f for f in writer["fields"]}
        found: list[Problem] = []
        for field in reader["fields"]:
            source = next((written[n] for n in (field["name"], *field.get("aliases", ())) if n in written), None)
            here = place.at(field["name"])
            if source is not None:
                found += self.compare(field["type"], source["type"], here)
            elif "default" not in field:
                reason = "it is not written, and the reader has no default for it"
                found.append(Problem(here.path, Rule.FIELD_DEFAULT, reason))
        return found


def _enums(reader: Mapping[str, Any], writer: Mapping[str, Any], place: _Place) -> list[Problem]:
    unknown = [s for s in writer["symbols"] if s not in reader["symbols"]]
    if not unknown or reader.get("default") in reader["symbols"]:
        return []
    reason = f"the symbols {', '.join(unknown)} are unknown to the reader, whose enum has no default"
    return [Problem(place.path, Rule.ENUM_SYMBOLS, reason)]


def _logical_types(reader: Any, writer: Any, place: _Place) -> list[Problem]:
    read, written = _logical(reader), _logical(writer)
    if read != written:
        reason = f"{_shown(writer)} cannot be read as {_shown(reader)}"
        return [Problem(place.path, Rule.LOGICAL_TYPE, reason)]
    if read == "decimal":
        for name in ("precision", "scale"):
            before, after = writer.get(name, 0), reader.get(name, 0)
            if before != after:
                return [
                    Problem(
                        place.path, Rule.DECIMAL, f"a decimal of {name} {before} cannot be read with {name} {after}"
                    )
                ]
    return []


def _kind(schema: Any) -> str:
    return schema if isinstance(schema, str) else str(schema["type"])


def _logical(schema: Any) -> str | None:
    return schema.get("logicalType") if isinstance(schema, Mapping) else None


def _shown(schema: Any) -> str:
    kind, logical = _kind(schema), _logical(schema)
    name = schema.get("name", "") if isinstance(schema, Mapping) else ""
    return f"{kind} {name}".strip() + (f" ({logical})" if logical else "")


def resolve(schema: Any, space: str, types: dict[str, Any]) -> tuple[Any, str]:
    """The definition behind a name or a wrapper, and the namespace names in it belong to.

    `space` is the namespace around the schema, `types` what `named_types` found.
    """
    if isinstance(schema, str) and (_qualify(schema, space) in types or schema in types):
        full = _qualify(schema, space)
        full = full if full in types else schema
        return types[full], full.rpartition(".")[0]
    if isinstance(schema, Mapping) and (isinstance(schema["type"], (list, Mapping)) or _is_name(schema, space, types)):
        return resolve(schema["type"], space, types)
    return schema, space


def _is_name(schema: Mapping[str, Any], space: str, types: dict[str, Any]) -> bool:
    return schema["type"] not in _NAMED and (_qualify(schema["type"], space) in types or schema["type"] in types)


def _qualify(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _full(schema: Mapping[str, Any], space: str) -> tuple[str, str]:
    full = _qualify(schema["name"], schema.get("namespace", space))
    return full, full.rpartition(".")[0]


def _space(schema: Any) -> str:
    return str(schema.get("namespace", "")) if isinstance(schema, Mapping) else ""


def named_types(schema: Any) -> dict[str, Any]:
    """Every named type defined anywhere in a schema, by full name."""
    types: dict[str, Any] = {}
    _collect(schema, "", types)
    return types


def _collect(schema: Any, space: str, types: dict[str, Any]) -> None:
    if isinstance(schema, list):
        for branch in schema:
            _collect(branch, space, types)
    elif isinstance(schema, Mapping):
        if schema["type"] in _NAMED if isinstance(schema["type"], str) else False:
            full, space = _full(schema, space)
            types[full] = schema
        elif isinstance(schema["type"], (list, Mapping)):
            _collect(schema["type"], space, types)
        for field in schema.get("fields", ()):
            _collect(field["type"], space, types)
        for key in ("items", "values"):
            if key in schema:
                _collect(schema[key], space, types)
