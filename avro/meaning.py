"""What Avro lets pass and a reader would take for something else: changed defaults, symbols that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avro.resolution import Problem, Rule, named_types, resolve

_NONE = object()
"""A field without a default."""


@dataclass(frozen=True, slots=True)
class _Places:
    """What a schema says at each path: a field's default, an enum's symbols with its default, where records are."""

    defaults: dict[str, Any] = field(default_factory=dict)
    enums: dict[str, tuple[tuple[str, ...], Any]] = field(default_factory=dict)
    records: set[str] = field(default_factory=set)

    def lacks(self, path: str) -> bool:
        """Whether records of this schema come without the field, although they come with what it belongs to."""
        return path not in self.defaults and path.rpartition(".")[0] in self.records


def changed_meaning(current: Any, earlier: Sequence[Any]) -> list[list[Problem]]:
    """For each earlier schema, oldest first, what `current` says otherwise without being unreadable:

    * another default of a field which records of some earlier version lack, and so get from the reader;
    * another default of an enum;
    * a symbol that is no more: records that hold it would show the default in its place.
    """
    now, before = _places(current), [_places(schema) for schema in earlier]
    lacking = {path for path in now.defaults if any(places.lacks(path) for places in before)}
    return [list(_differences(now, places, lacking)) for places in before]


def invalid_defaults(schema: Any) -> list[Problem]:
    """The fields whose default is no value of their type; of a union it must be one of the first branch."""
    types = named_types(schema)
    return [
        Problem(path, Rule.DEFAULT_INVALID, f"its default {found['default']!r} is no value of its type")
        for path, found, space in _fields(schema, "", "", types, ())
        if "default" in found and not _fits(found["default"], found["type"], space, types)
    ]


def _differences(now: _Places, then: _Places, lacking: set[str]) -> Iterator[Problem]:
    for path in sorted(lacking & then.defaults.keys()):
        before, after = then.defaults[path], now.defaults[path]
        if _NONE not in (before, after) and before != after:
            reason = f"records without it were read as {before!r} and would be read as {after!r}"
            yield Problem(path, Rule.DEFAULT_CHANGED, reason)
    for path, (symbols, default) in then.enums.items():
        if path not in now.enums:
            continue
        known, other = now.enums[path]
        gone = [symbol for symbol in symbols if symbol not in known]
        if gone:
            yield Problem(
                path, Rule.SYMBOL_REMOVED, f"records with {', '.join(gone)} would show {other!r} in its place"
            )
        elif default is not _NONE and other is not _NONE and default != other:
            reason = f"unknown symbols were read as {default!r} and would be read as {other!r}"
            yield Problem(path, Rule.DEFAULT_CHANGED, reason)


def _places(schema: Any) -> _Places:
    found, types = _Places(), named_types(schema)
    found.records.add("")
    for path, declared, space in _fields(schema, "", "", types, ()):
        found.defaults[path] = declared.get("default", _NONE)
        for inner, kind, _ in _within(declared["type"], path, space, types):
            if kind["type"] == "enum":
                found.enums[inner] = (tuple(kind["symbols"]), kind.get("default", _NONE))
            else:
                found.records.add(inner)
    return found


Declared = tuple[str, Mapping[str, Any], str]
"""A path, what the schema declares there, and the namespace around it."""


def _fields(schema: Any, path: str, space: str, types: dict[str, Any], open_: tuple[str, ...]) -> Iterator[Declared]:
    """Every field, those of nested records included; a record within itself is gone into once."""
    for where, record, home in _within(schema, path, space, types):
        if record["type"] == "enum" or record["name"] in open_:
            continue
        for declared in record["fields"]:
            here = f"{where}.{declared['name']}".lstrip(".")
            yield here, declared, home
            yield from _fields(declared["type"], here, home, types, (*open_, record["name"]))


def _within(schema: Any, path: str, space: str, types: dict[str, Any]) -> Iterator[Declared]:
    """The records and enums a type consists of, through unions, arrays and maps."""
    schema, space = resolve(schema, space, types)
    if isinstance(schema, list):
        for branch in schema:
            yield from _within(branch, path, space, types)
    elif isinstance(schema, Mapping):
        match schema["type"]:
            case "record" | "error" | "enum":
                yield path, schema, schema.get("namespace", space)
            case "array":
                yield from _within(schema["items"], f"{path}[]", space, types)
            case "map":
                yield from _within(schema["values"], f"{path}{{}}", space, types)


def _fits(value: Any, schema: Any, space: str, types: dict[str, Any]) -> bool:
    """Whether a default, as JSON, is a value of a type."""
    schema, space = resolve(schema, space, types)
    if isinstance(schema, list):
        return bool(schema) and _fits(value, schema[0], space, types)
    if isinstance(schema, str) or schema["type"] in _JSON:
        kind = schema if isinstance(schema, str) else schema["type"]
        return isinstance(value, _JSON.get(kind, ())) and (kind == "boolean" or not isinstance(value, bool))
    match schema["type"]:
        case "enum":
            return value in schema["symbols"]
        case "array":
            return isinstance(value, list) and all(_fits(v, schema["items"], space, types) for v in value)
        case "map":
            return isinstance(value, dict) and all(_fits(v, schema["values"], space, types) for v in value.values())
        case "fixed":
            return isinstance(value, str) and len(value) == schema["size"]
        case _:
            home = schema.get("namespace", space)
            return isinstance(value, dict) and all(
                _fits(value[f["name"]], f["type"], home, types) if f["name"] in value else "default" in f
                for f in schema["fields"]
            )


_JSON: Mapping[str, Any] = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "string": str,
    "bytes": str,
}
