"""The fields of a committed Avro schema, with nested types told apart by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Any  # Avro as JSON: a name, a union or an object


@dataclass(frozen=True, slots=True)
class FieldOf:
    """One field: its type without null, whether null is a value of it, and what the schema says of it."""

    name: str
    type: Schema
    nullable: bool
    meaning: str
    classification: str

    @property
    def plain(self) -> dict[str, Any]:
        """The same as data, to compare fields of two records by."""
        return {"name": self.name, "type": kind_of(self.type), "nullable": self.nullable, "meaning": self.meaning}


class Types:
    """The named types of one schema: a name used twice is defined where it stands first."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._namespace = str(schema.get("namespace", ""))
        self._found = {str(t["name"]): t for t in _definitions(schema)}

    def resolved(self, schema: Schema) -> Schema:
        """The definition behind a name; anything else as it is."""
        if isinstance(schema, str):
            return self._found.get(schema.rpartition(".")[2], schema)
        return schema

    def named(self) -> list[dict[str, Any]]:
        """Every nested record and enum in the order of definition; the record itself is not among them."""
        return list(self._found.values())[1:]


def fields_in(schema: Mapping[str, Any]) -> list[FieldOf]:
    """The fields of a record, in contract order."""
    return [_field(f) for f in schema["fields"]]


def kind_of(schema: Schema) -> str:
    """A type in a word or two: `string`, `decimal(20,4)`, `timestamp`, `array of OrderItem`, `HeaderState`."""
    if isinstance(schema, str):
        return schema.rpartition(".")[2]
    inner = schema["type"]
    match schema.get("logicalType"), inner:
        case "decimal", _:
            return f"decimal({schema['precision']},{schema['scale']})"
        case str() as logical, _:
            return logical
        case None, "array":
            return f"array of {kind_of(schema['items'])}"
        case None, "map":
            return f"map of {kind_of(schema['values'])}"
        case None, "record" | "enum":
            return str(schema["name"])
    return kind_of(inner)


def _field(field: Mapping[str, Any]) -> FieldOf:
    declared, nullable = field["type"], False
    if isinstance(declared, list):
        nullable = "null" in declared
        declared = next(branch for branch in declared if branch != "null")
    return FieldOf(field["name"], declared, nullable, field.get("doc", ""), field.get("classification", ""))


def _definitions(schema: Schema) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _definitions(branch)
    elif isinstance(schema, Mapping):
        if schema["type"] in ("record", "enum"):
            yield dict(schema)
        for field in schema.get("fields", ()):
            yield from _definitions(field["type"])
        for key in ("items", "values"):
            if key in schema:
                yield from _definitions(schema[key])
