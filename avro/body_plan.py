"""From a model and its contract to the way its bodies are written, where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from avro.body import DECIMAL, TIMESTAMP, Part
from avro.shape import (
    ArrayShape,
    DecimalShape,
    EnumShape,
    MapShape,
    OptionalShape,
    RecordShape,
    Scalar,
    Shape,
    fields_of,
)
from avro.walk import ARRAY, BOOLEAN, ENUM, LONG, MAP, RECORD, TEXT
from domain.model import Model

_LIMITS = {"int": (-(1 << 31), (1 << 31) - 1), "long": (-(1 << 63), (1 << 63) - 1)}


class _NoPlanError(Exception):
    """The schema says something else than the model."""


def body_plan(model: type[Model], parsed: Any) -> Part | None:
    """How models of this class are written by a record schema as fastavro parsed it.

    None where the two do not say the same: then the reference codec is to say what is wrong.
    """
    try:
        return _Planner().part(RecordShape(model), parsed)
    except (_NoPlanError, KeyError, TypeError, ValueError):
        return None


class _Planner:
    """Lays one schema beside the shape of a model, type by type."""

    def __init__(self) -> None:
        self._named: dict[str, Any] = {}

    def part(self, shape: Shape, schema: Any) -> Part:
        if isinstance(schema, str):
            schema = self._named.get(schema, {"type": schema})
        if isinstance(shape, OptionalShape):
            return self._optional(shape, schema)
        if isinstance(schema, list):
            raise _NoPlanError
        if "name" in schema:
            self._named[schema["name"]] = schema
        kind = schema["type"]
        match shape:
            case RecordShape(model) if kind == "record":
                return self._record(model, schema)
            case ArrayShape(items) if kind == "array":
                return Part(ARRAY, parts=[self.part(items, schema["items"])])
            case MapShape() if kind == "map" and schema["values"] == "string":
                return Part(MAP)
            case EnumShape() if kind == "enum":
                return Part(ENUM, symbols=list(schema["symbols"]))
            case DecimalShape() if (kind, schema.get("logicalType")) == ("bytes", "decimal"):
                return Part(DECIMAL, precision=schema["precision"], scale=schema.get("scale", 0))
            case Scalar(scalar):
                return _scalar(scalar, kind, schema.get("logicalType"))
        raise _NoPlanError

    def _optional(self, shape: OptionalShape, schema: Any) -> Part:
        if not isinstance(schema, list) or len(schema) != 2 or "null" not in schema:
            raise _NoPlanError
        null_at = schema.index("null")
        part = self.part(shape.inner, schema[1 - null_at])
        part.null_at = null_at
        return part

    def _record(self, model: type[Model], schema: Mapping[str, Any]) -> Part:
        held = {field.name: field for field in fields_of(model)}
        if [field["name"] for field in schema["fields"]] != list(held):
            raise _NoPlanError
        return Part(
            RECORD,
            model=model,
            names=[field.attribute for field in held.values()],
            parts=[self.part(held[field["name"]].shape, field["type"]) for field in schema["fields"]],
        )


def _scalar(scalar: type, kind: str, logical: str | None) -> Part:
    if scalar is datetime and (kind, logical) == ("long", "timestamp-micros"):
        return Part(TIMESTAMP)
    if logical is not None:
        raise _NoPlanError
    if scalar is str and kind == "string":
        return Part(TEXT)
    if scalar is bool and kind == "boolean":
        return Part(BOOLEAN)
    if scalar is int and kind in _LIMITS:
        low, high = _LIMITS[kind]
        return Part(LONG, low=low, high=high)
    raise _NoPlanError
