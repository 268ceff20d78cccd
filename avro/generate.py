"""Avro schemas from the models in `domain/`: the model is the one definition, the `.avsc` file its published form."""

from __future__ import annotations

import inspect
import json
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avro.names import namespace
from avro.shape import (
    ArrayShape,
    DecimalShape,
    EnumShape,
    Field,
    MapShape,
    OptionalShape,
    RecordShape,
    Scalar,
    Shape,
    fields_of,
)
from domain.catalogue import RECORDS, RecordType
from domain.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA_DIR = Path(__file__).parent / "schemas"
UNKNOWN_SYMBOL = "UNKNOWN"
"""Symbol an old reader shows for one it has never heard of; nobody writes it (docs/adr/0020-enums-in-avro.md)."""

AvroSchema = Any  # JSON: a name, a union or an object; typing it deeper would only be cast away again

_SCALAR: dict[type, AvroSchema] = {
    str: "string",
    int: "long",
    bool: "boolean",
    datetime: {"type": "long", "logicalType": "timestamp-micros"},
}


def schema_for(record: RecordType) -> dict[str, Any]:
    """The Avro schema of a record, types nested in it defined at first use.

    Raises `ContractError` for a type or default that has no place in a contract.
    """
    return _Generator(namespace(record)).record(record.model, top=True)


def schema_path(record: RecordType, root: Path = SCHEMA_DIR) -> Path:
    """Where the `.avsc` of a record lives."""
    return root / record.owner / f"{record.name}.avsc"


def pretty(schema: dict[str, Any]) -> str:
    """A schema as it is committed: indented, fields in contract order, ending in a newline."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def generate(root: Path = SCHEMA_DIR, records: Iterable[RecordType] = RECORDS) -> list[Path]:
    """Write the `.avsc` of every record below `root`; returns the files that changed or went away."""
    wanted = {schema_path(r, root): pretty(schema_for(r)) for r in records}
    changed = []
    for path, text in wanted.items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        changed.append(path)
    for path in sorted(set(root.rglob("*.avsc")) - set(wanted)):
        path.unlink()
        changed.append(path)
    return changed


class _Generator:
    """Builds one schema; remembers which named types it has defined already."""

    def __init__(self, space: str) -> None:
        self._namespace = space
        self._defined: dict[str, type] = {}

    def record(self, model: type, *, top: bool = False) -> dict[str, Any]:
        self._defined[model.__name__] = model
        schema: dict[str, Any] = {"type": "record", "name": model.__name__}
        if top:
            schema["namespace"] = self._namespace
        _describe(schema, model)
        schema["fields"] = [self._field(model, field) for field in fields_of(model)]
        return schema

    def _field(self, model: type, field: Field) -> dict[str, Any]:
        schema: dict[str, Any] = {"name": field.name}
        if field.doc is not None:
            schema["doc"] = field.doc.text
        schema["type"] = self._type(field.shape)
        if not field.info.is_required():
            where = f"{model.__name__}.{field.attribute}"
            if field.info.default_factory is not None:
                message = f"{where} has a default that is computed."
                raise ContractError(message, remediation="Give it a constant default.")
            default = field.info.default
            if isinstance(field.shape, OptionalShape) and default is not None:
                schema["type"].reverse()  # an Avro default belongs to the first branch of a union
            schema["default"] = default_json(default, field.shape, where)
        if field.doc is not None:
            schema["classification"] = field.doc.classification.value
        return schema

    def _type(self, shape: Shape) -> AvroSchema:
        match shape:
            case Scalar(kind):
                base = _SCALAR[kind]
                return dict(base) if isinstance(base, dict) else base
            case DecimalShape(precision, scale):
                return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
            case EnumShape(kind):
                return self._named(kind) or self._enum(kind)
            case RecordShape(model):
                return self._named(model) or self.record(model)
            case ArrayShape(items):
                return {"type": "array", "items": self._type(items)}
            case MapShape():
                return {"type": "map", "values": "string"}
            case OptionalShape(inner):
                return ["null", self._type(inner)]

    def _named(self, kind: type) -> str | None:
        known = self._defined.get(kind.__name__)
        if known is None:
            return None
        if known is not kind:
            message = f"Two types named {kind.__name__} meet in {self._namespace}."
            raise ContractError(message, remediation="Rename one of them.")
        return f"{self._namespace}.{kind.__name__}"

    def _enum(self, kind: type[Enum]) -> dict[str, Any]:
        self._defined[kind.__name__] = kind
        schema: dict[str, Any] = {"type": "enum", "name": kind.__name__}
        _describe(schema, kind)
        symbols = [str(member.value) for member in kind]
        schema["symbols"] = symbols if UNKNOWN_SYMBOL in symbols else [*symbols, UNKNOWN_SYMBOL]
        schema["default"] = UNKNOWN_SYMBOL
        return schema


def _describe(schema: dict[str, Any], kind: type) -> None:
    if kind.__doc__:
        schema["doc"] = " ".join(inspect.cleandoc(kind.__doc__).split("\n\n")[0].split())


def default_json(value: object, shape: Shape, where: str) -> AvroSchema:
    """A field's default as it is written in a schema. Raises `ContractError` when Avro cannot express it."""
    match shape, value:
        case (OptionalShape(), None):
            return None
        case (OptionalShape(inner), _):
            return default_json(value, inner, where)
        case (EnumShape(), Enum()):
            return value.value
        case (DecimalShape(_, scale), Decimal()):
            return _decimal_bytes(value, scale, where).decode("iso-8859-1")
        case (Scalar(kind), _) if type(value) is kind and kind is not datetime:
            return value
        case (ArrayShape(), ()):
            return []
        case (MapShape(), dict()) if not value:
            return {}
    message = f"{where} has the default {value!r}, which a schema cannot express."
    raise ContractError(message, remediation="Use null, an empty array or map, or a plain value.")


def _decimal_bytes(value: Decimal, scale: int, where: str) -> bytes:
    unscaled = value.scaleb(scale)
    if unscaled != unscaled.to_integral_value():
        message = f"{where} has a default with more than {scale} decimal places."
        raise ContractError(message, remediation="Round it.")
    number = int(unscaled)
    return number.to_bytes((number.bit_length() + 8) // 8, "big", signed=True)
