"""Values between the shapes of the contract and what stores take: JSON terms for whatever is nested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn

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
from domain.model import Model

Convert = Callable[[Any], Any]


class UnfitError(Exception):
    """A value has no place in its shape; `path` leads to it, and the value itself is not told: it may be personal."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path: list[str] = []


def value_of(field: Field, record: Mapping[str, Any]) -> Any:
    """The value of a field by its wire name, or its default where an older writer lacked it. Raises `UnfitError`."""
    if field.name in record:
        return record[field.name]
    if field.info.is_required():
        raise UnfitError("is missing")
    return field.info.get_default(call_default_factory=True, validated_data={})


@cache
def to_plain(shape: Shape) -> Convert:
    """A function from decoded values to JSON terms: times as ISO 8601 in UTC, exact decimals as text.

    It raises `UnfitError` for a value of another type than its shape's.
    """
    match shape:
        case OptionalShape(inner):
            convert = to_plain(inner)
            return lambda value: None if value is None else convert(value)
        case RecordShape(model):
            return _record_to_plain(model)
        case ArrayShape(items):
            return _array_to_plain(to_plain(items))
        case EnumShape():
            return _enum_to_plain
        case DecimalShape():
            return lambda value: str(value) if isinstance(value, Decimal) else _unfit(value)
        case MapShape():
            return lambda value: dict(value) if isinstance(value, Mapping) else _unfit(value)
        case Scalar(kind) if kind is datetime:
            return _time_text
        case Scalar(kind):
            # Not isinstance: a truth value is no integer here.
            return lambda value: value if type(value) is kind else _unfit(value)


@cache
def from_plain(shape: Shape) -> Convert:
    """A function from JSON terms, or a store's own types, to what the Avro decoder would give."""
    match shape:
        case OptionalShape(inner):
            convert = from_plain(inner)
            return lambda value: None if value is None else convert(value)
        case RecordShape(model):
            fields = [(f.name, from_plain(f.shape)) for f in fields_of(model)]
            return lambda value: {name: convert(value.get(name)) for name, convert in fields}
        case ArrayShape(items):
            each = from_plain(items)
            return lambda value: [each(v) for v in value]
        case Scalar(kind) if kind is datetime:
            return lambda value: (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(
                UTC
            )
        case DecimalShape():
            return Decimal
        case Scalar(kind) if kind is bool:
            return bool
        case _:
            return lambda value: value


def moment(value: Any) -> datetime:
    """An aware time in UTC. Raises `UnfitError` for anything else."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        _unfit(value)
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def own_term(value: object) -> str:
    """The JSON term of a scalar that JSON has none for, as `to_plain` has it."""
    return str(value) if isinstance(value, Decimal) else _time_text(value)


def _time_text(value: Any) -> str:
    return moment(value).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _unfit(value: Any) -> NoReturn:
    raise UnfitError(f"is a {type(value).__name__}")


def _enum_to_plain(value: Any) -> str:
    return str(value) if isinstance(value, str) else _unfit(value)


def _record_to_plain(model: type[Model]) -> Convert:
    fields = [(f, f.name, to_plain(f.shape)) for f in fields_of(model)]

    def convert(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            _unfit(value)
        plain = {}
        for field, name, inner in fields:
            try:
                plain[name] = inner(value[name] if name in value else value_of(field, value))
            except UnfitError as error:
                error.path.insert(0, name)
                raise
        return plain

    return convert


def _array_to_plain(inner: Convert) -> Convert:
    def convert(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            _unfit(value)
        return [inner(v) for v in value]

    return convert
