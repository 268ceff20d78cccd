"""Tables made from the models of derived records: one column for each field, nothing lost either way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any

import orjson

from avro.shape import EnumShape, Field, OptionalShape, Scalar, Shape, fields_of
from domain.errors import RecordError
from domain.fold.heard import Heard
from domain.model import Model
from sinks.conversion import Convert, UnfitError, from_plain, moment, own_term, to_plain, value_of

Cell = str | int | bool | datetime | None
"""A value as stores take it; nested values are JSON text."""


class Kind(Enum):
    """What a column holds; each store has its own type for it."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a field of the model under its Python name."""

    name: str
    kind: Kind
    nullable: bool


@dataclass(frozen=True, slots=True)
class Lifted:
    """A column a store computes from a value inside a JSON column, for searching; it cannot disagree with it."""

    name: str
    source: str
    wire_name: str
    kind: Kind


Digest = Callable[[Heard], dict[str, Any]]
"""Makes the record of a table, by wire names, from an owner's event."""

EVERY_STORE = frozenset(("postgres", "clickhouse"))
"""The sinks there are, by name."""


@dataclass(frozen=True, slots=True)
class Paging:
    """How a table is listed: by some columns and, among equals, by key; each way to narrow the list has its index.

    None of the columns `by` is ever null. `within` are columns a list may be narrowed to one value of; a list that is
    not `whole` always is. `marks` are predicates by name, for what no column says; they are SQL of this release, never
    input. A list is as quick for a rare value as for a common one, because every index ends in the order of the list.
    """

    by: tuple[str, ...]
    within: tuple[str, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    newest_first: bool = True
    whole: bool = True


@dataclass(frozen=True)
class Table:
    """The table of one derived topic.

    `dead_letters` is the topic for records that cannot be applied. `key` and `version` name fields of the model,
    `indexes` the columns (or lifted columns) searched by, alone or several together, `stores` the sinks that carry it,
    and `paging` how the read model lists it. Where an `audience` is named, its database role may read the table, and
    no other audience's. `schema` is where it is in PostgreSQL.

    A table with a `digest` keeps what that makes of each event of an owner, under the event's id: as it came first, and
    once. Several topics may fill one such table; its name is then the same in each `Table`.
    """

    topic: str
    dead_letters: str
    name: str
    model: type[Model]
    key: str
    version: str
    lifted: tuple[Lifted, ...] = ()
    indexes: tuple[str | tuple[str, ...], ...] = ()
    stores: frozenset[str] = EVERY_STORE
    paging: Paging | None = None
    audience: str | None = None
    schema: str = "derived"
    digest: Digest | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the model's fields."""
        return tuple(Column(f.attribute, _kind(f.shape), isinstance(f.shape, OptionalShape)) for f in self._fields)

    @cached_property
    def key_index(self) -> int:
        """Place of the key among the columns."""
        return self._index(self.key)

    @cached_property
    def version_index(self) -> int:
        """Place of the version among the columns."""
        return self._index(self.version)

    @cached_property
    def rule_version(self) -> str:
        """The lifted column that says by which version of its rule a row was derived."""
        return next(lifted.name for lifted in self.lifted if lifted.wire_name == "ruleVersion")

    @cached_property
    def wire_names(self) -> dict[str, str]:
        """The name of each column on the wire, by column."""
        return {f.attribute: f.name for f in self._fields}

    @cached_property
    def _fields(self) -> tuple[Field, ...]:
        return fields_of(self.model)

    def _index(self, name: str) -> int:
        return next(i for i, f in enumerate(self._fields) if f.attribute == name)

    def cells(self, record: Mapping[str, Any]) -> tuple[Cell, ...]:
        """The cells of a record by wire names, in column order.

        Fields of a newer writer are left out, those an older one lacked take their default. Raises
        `RecordError` UNFIT (stage `apply`) naming the field that is missing or does not fit.
        """
        cells: list[Cell] = []
        for wanted, convert in self._to_cells:
            try:
                cells.append(convert(value_of(wanted, record)))
            except UnfitError as error:
                where = ".".join([self.model.__name__, wanted.name, *error.path])
                message = f"{where} {error.problem}, so the row cannot be made."
                remediation = "Compare the record with its `.avsc` file, and mend its producer."
                raise RecordError("UNFIT", message, stage="apply", remediation=remediation) from error
        return tuple(cells)

    def own_cells(self, record: Mapping[str, Any]) -> tuple[Cell, ...]:
        """The same for a record read by this release's own contract, where nothing can be missing or unfit."""
        return tuple(convert(record[name]) for name, convert in self._own)

    @cached_property
    def _own(self) -> list[tuple[str, Convert]]:
        return [(f.name, _own_json if _kind(f.shape) is Kind.JSON else _to_cell(f.shape)) for f in self._fields]

    def record(self, cells: Sequence[Any]) -> dict[str, Any]:
        """The inverse of `cells`: the record as the Avro decoder gives it. JSON columns may be text or parsed."""
        return {name: convert(cell) for (name, convert), cell in zip(self._from_cells, cells, strict=True)}

    @cached_property
    def _to_cells(self) -> list[tuple[Field, Convert]]:
        return [(f, _to_cell(f.shape)) for f in self._fields]

    @cached_property
    def _from_cells(self) -> list[tuple[str, Convert]]:
        return [(f.name, _from_cell(f.shape)) for f in self._fields]


def _kind(shape: Shape) -> Kind:
    match shape:
        case OptionalShape(inner):
            return _kind(inner)
        case EnumShape():
            return Kind.TEXT
        case Scalar(kind):
            return {str: Kind.TEXT, int: Kind.INTEGER, bool: Kind.BOOLEAN, datetime: Kind.TIMESTAMP}[kind]
        case _:
            return Kind.JSON


def _to_cell(shape: Shape) -> Convert:
    kind = _kind(shape)
    plain = to_plain(shape)
    if kind is Kind.JSON:
        return lambda value: None if value is None else orjson.dumps(plain(value)).decode()
    if kind is Kind.TIMESTAMP:
        optional = isinstance(shape, OptionalShape)
        return lambda value: None if value is None and optional else moment(value)
    return plain


def _own_json(value: Any) -> Cell:
    # Times are left to `own_term`, because orjson leaves microseconds away where there are none.
    return None if value is None else orjson.dumps(value, own_term, orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _from_cell(shape: Shape) -> Convert:
    convert = from_plain(shape)
    if _kind(shape) is not Kind.JSON:
        return convert
    return lambda cell: convert(orjson.loads(cell) if isinstance(cell, str) else cell)
