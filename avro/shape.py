"""What a field's Python annotation means, in the few shapes a contract may use."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from domain.errors import ContractError
from domain.model import Doc, Model


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, integer, boolean or timestamp, by its Python type."""

    kind: type


@dataclass(frozen=True, slots=True)
class DecimalShape:
    """An exact number of `precision` digits, `scale` of them after the point."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class EnumShape:
    """One symbol of a closed vocabulary."""

    kind: type[StrEnum]


@dataclass(frozen=True, slots=True)
class RecordShape:
    """A nested record."""

    model: type[Model]


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """Any number of one shape."""

    items: Shape


@dataclass(frozen=True, slots=True)
class MapShape:
    """Strings by string."""


@dataclass(frozen=True, slots=True)
class OptionalShape:
    """A shape, or null."""

    inner: Shape


Shape = Scalar | DecimalShape | EnumShape | RecordShape | ArrayShape | MapShape | OptionalShape

SCALARS = (str, int, bool, datetime)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model: its Python and wire names, its shape and its description (absent when undescribed)."""

    attribute: str
    name: str
    shape: Shape
    info: FieldInfo
    doc: Doc | None


def fields_of(model: type[Model]) -> tuple[Field, ...]:
    """The fields of a model in order, base class first.

    Raises `ContractError` naming the model and field whose type has no place in a contract.
    """
    return tuple(_field(model, name, info) for name, info in model.model_fields.items())


def _field(model: type[Model], attribute: str, info: FieldInfo) -> Field:
    where = f"{model.__name__}.{attribute}"
    doc = next((m for m in info.metadata if isinstance(m, Doc)), None)
    shape = shape_of(info.annotation, tuple(_constraints(info.metadata)), where)
    return Field(attribute, info.serialization_alias or info.alias or attribute, shape, info, doc)


def shape_of(annotation: object, constraints: tuple[object, ...], where: str) -> Shape:
    """The shape of an annotation; `constraints` are the metadata around it, `where` names it in errors."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(args[0], (*constraints, *_constraints(args[1:])), where)
    if origin in (Union, types.UnionType):
        return _optional(args, constraints, where)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return ArrayShape(shape_of(args[0], (), where))
    if origin is dict and args == (str, str):
        return MapShape()
    if annotation is Decimal:
        return _decimal(constraints, where)
    if isinstance(annotation, type):
        if annotation in SCALARS:
            return Scalar(annotation)
        if issubclass(annotation, StrEnum):
            return EnumShape(annotation)
        if issubclass(annotation, Model):
            return RecordShape(annotation)
    message = f"{where} has the type {annotation!r}, which no contract may use."
    raise ContractError(
        message,
        remediation="Use str, int, bool, Decimal with max_digits and decimal_places, datetime, a StrEnum, a Model, "
        "tuple[X, ...], dict[str, str], or one of these `| None`.",
    )


def _optional(args: tuple[Any, ...], constraints: tuple[object, ...], where: str) -> Shape:
    inner = [a for a in args if a is not types.NoneType]
    if len(inner) != 1 or len(inner) == len(args):
        message = f"{where} is a union of {len(inner)} types."
        raise ContractError(message, remediation="Give it one type, optionally `| None`.")
    return OptionalShape(shape_of(inner[0], constraints, where))


def _constraints(metadata: Iterable[object]) -> Iterator[object]:
    for entry in metadata:
        if isinstance(entry, FieldInfo):
            yield from entry.metadata
        else:
            yield entry


def _decimal(constraints: tuple[object, ...], where: str) -> DecimalShape:
    found = {}
    for name in ("max_digits", "decimal_places"):
        found[name] = next((v for c in constraints if (v := getattr(c, name, None)) is not None), None)
    precision, scale = found["max_digits"], found["decimal_places"]
    if precision is None or scale is None:
        message = f"{where} is a Decimal without max_digits and decimal_places."
        raise ContractError(message, remediation="Add Field(max_digits=..., decimal_places=...).")
    return DecimalShape(int(precision), int(scale))
