"""Models to plain data by wire names, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from pydantic import ValidationError

from avro.shape import ArrayShape, EnumShape, MapShape, OptionalShape, RecordShape, Scalar, Shape, fields_of
from domain.errors import RecordError
from domain.model import Model

M = TypeVar("M", bound=Model)
Convert = Callable[[Any], Any]
_SAME: Convert | None = None
"""Marks values that go over as they are, so that no call is made for them."""


def to_avro(model: Model) -> dict[str, Any]:
    """The fields of a model by wire names: enums as symbols, tuples as lists, Decimal and datetime as they are."""
    return {
        name: getattr(model, attribute) if convert is None else convert(getattr(model, attribute))
        for attribute, name, convert in _writers(type(model))
    }


def from_avro(model: type[M], data: Mapping[str, Any]) -> M:
    """A model from decoded data, as a reader with the model's schema would see it.

    Fields a newer writer added are left out and fields an older one lacked take their default. Raises
    `RecordError` UNFIT (stage `decode`) naming the fields that are missing or do not fit.
    """
    try:
        return model.model_validate(_project(RecordShape(model), data))
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        fields = ", ".join(".".join(map(str, p["loc"])) + ": " + p["msg"] for p in problems[:5])
        message = f"A record does not fit {model.__name__}: {fields}."
        raise RecordError("UNFIT", message, stage="decode", remediation="Compare it with the `.avsc` file.") from None


@cache
def _writers(model: type[Model]) -> tuple[tuple[str, str, Convert | None], ...]:
    return tuple((f.attribute, f.name, _writer(f.shape)) for f in fields_of(model))


def _writer(shape: Shape) -> Convert | None:
    match shape:
        case EnumShape():
            return attrgetter("value")
        case RecordShape():
            return to_avro
        case MapShape():
            return dict
        case ArrayShape(items):
            inner = _writer(items)
            return list if inner is None else lambda values: [inner(v) for v in values]
        case OptionalShape(wrapped):
            convert = _writer(wrapped)
            return None if convert is None else lambda value: None if value is None else convert(value)
        case _:
            return _SAME


@cache
def _wire_fields(model: type[Model]) -> dict[str, Shape]:
    return {f.name: f.shape for f in fields_of(model)}


def _project(shape: Shape, value: Any) -> Any:
    match shape:
        case RecordShape(model) if isinstance(value, Mapping):
            known = _wire_fields(model)
            return {name: _project(known[name], inner) for name, inner in value.items() if name in known}
        case ArrayShape(items) if isinstance(value, (list, tuple)) and not isinstance(items, Scalar):
            return tuple(_project(items, v) for v in value)
        case OptionalShape(inner):
            return None if value is None else _project(inner, value)
        case _:
            return value
