"""Questions to a table of the read model, as SQL that differs only in its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from domain.errors import ConfigurationError
from sinks.postgres.naming import TENANT, table_name
from sinks.table import Paging, Table

Position = tuple[Any, ...]
"""Where a row stands in a list: values of the columns it is listed by, and key."""

ACCOUNT = "account_id"

_SHOWN, _THROUGH = sql.Identifier("s"), sql.Identifier("t")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a list is narrowed to: one value of each of some columns, and named predicates of the table."""

    equals: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[str, ...] = ()


EVERYTHING = Narrowing()
"""A list that is not narrowed."""


@dataclass(frozen=True, slots=True)
class Through:
    """Another table a list goes through, in its order, because that is narrowed by what only it knows.

    Each of its rows leads to the row that has `key` in common.
    """

    table: Table
    key: str
    narrowing: Narrowing


@dataclass(frozen=True, slots=True)
class Search:
    """A page of a table.

    `accounts` narrows it to rows of these accounts; it begins behind the position `after` and has at most `limit` rows.
    """

    tenant: str
    limit: int
    narrowing: Narrowing = EVERYTHING
    through: Through | None = None
    accounts: tuple[str, ...] | None = None
    after: Position | None = None

    @property
    def shape(self) -> tuple[object, ...]:
        """What of it is in the text of the statement; the rest is parameters."""
        through = None
        if self.through is not None:
            through = (self.through.table.name, self.through.key, _shape(self.through.narrowing))
        return _shape(self.narrowing), through, self.accounts is None, self.after is None

    @property
    def parameters(self) -> list[Any]:
        """The values, in the order in which the statement takes them."""
        found = [self.tenant, *_values(self.narrowing)]
        if self.through is not None:
            found += [self.tenant, *_values(self.through.narrowing)]
        if self.accounts is not None:
            found.append(list(self.accounts))
        if self.after is not None:
            found += self.after
        return [*found, self.limit]


def one(table: Table, columns: tuple[str, ...]) -> sql.Composed:
    """The row of a key, if it is this tenant's: its columns, the version of its rule, its position."""
    by = () if table.paging is None else table.paging.by
    return sql.SQL("SELECT {} FROM {} AS {} WHERE {} = %s AND {} = %s").format(
        _listed(_SHOWN, (*columns, table.rule_version, *by, table.key)),
        table_name(table),
        _SHOWN,
        _of(_SHOWN, table.key),
        _of(_SHOWN, TENANT),
    )


def tenants(table: Table) -> sql.Composed:
    """The first and the last tenant of a table: either end of an index, however many rows there are."""
    return sql.SQL("SELECT min({0}), max({0}) FROM {1}").format(sql.Identifier(TENANT), table_name(table))


def page(table: Table, columns: tuple[str, ...], search: Search) -> sql.Composed:
    """The rows of a page, as `one` has them. Raises `ConfigurationError` for a way the table is not listed in."""
    conditions = _conditions(_SHOWN, table, search.narrowing)
    tables = sql.SQL("{} AS {}").format(table_name(table), _SHOWN)
    leading, led = (_SHOWN, table)
    if (through := search.through) is not None:
        leading, led = (_THROUGH, through.table)
        conditions += _conditions(_THROUGH, led, through.narrowing)
        tables = sql.SQL("{} AS {} JOIN {} ON {} = {}").format(
            table_name(led), _THROUGH, tables, _of(_SHOWN, table.key), _of(_THROUGH, through.key)
        )
    paging = _paging(led, search)
    if search.accounts is not None:
        conditions.append(sql.SQL("{} = ANY(%s)").format(_of(_SHOWN, ACCOUNT)))
    order = (*paging.by, led.key)
    if search.after is not None:
        beyond = sql.SQL("({}) < ({})" if paging.newest_first else "({}) > ({})")
        conditions.append(beyond.format(_listed(leading, order), sql.SQL(", ").join([sql.SQL("%s")] * len(order))))
    direction = sql.SQL(" DESC" if paging.newest_first else " ASC")
    return sql.SQL("SELECT {}, {} FROM {} WHERE {} ORDER BY {} LIMIT %s").format(
        _listed(_SHOWN, (*columns, table.rule_version)),
        _listed(leading, order),
        tables,
        sql.SQL(" AND ").join(conditions),
        sql.SQL(", ").join(_of(leading, name) + direction for name in order),
    )


def _conditions(alias: sql.Identifier, table: Table, narrowing: Narrowing) -> list[sql.Composable]:
    marks = {} if table.paging is None else table.paging.marks
    unknown = narrowing.marks if table.paging is None else set(narrowing.marks) - marks.keys()
    within = () if table.paging is None else table.paging.within
    if unknown or not set(narrowing.equals) <= set(within):
        raise _unlisted(table, narrowing)
    return [
        sql.SQL("{} = %s").format(_of(alias, TENANT)),
        *(sql.SQL("{} = %s").format(_of(alias, name)) for name in sorted(narrowing.equals)),
        # predicates are texts of this release (`sinks.table.Paging`), each about one column
        *(sql.SQL("{}.").format(alias) + sql.SQL(marks[name]) for name in narrowing.marks),
    ]


def _paging(table: Table, search: Search) -> Paging:
    narrowing = search.narrowing if search.through is None else search.through.narrowing
    if table.paging is None or not (table.paging.whole or narrowing.equals or narrowing.marks):
        raise _unlisted(table, narrowing)
    return table.paging


def _unlisted(table: Table, narrowing: Narrowing) -> ConfigurationError:
    message = f"{table.name} is not listed by {', '.join([*narrowing.equals, *narrowing.marks]) or 'nothing'}."
    remediation = "Name it in the `paging` of the table, which gives it an index."
    return ConfigurationError(message, remediation=remediation)


def _shape(narrowing: Narrowing) -> tuple[object, ...]:
    return tuple(sorted(narrowing.equals)), narrowing.marks


def _values(narrowing: Narrowing) -> list[Any]:
    return [narrowing.equals[name] for name in sorted(narrowing.equals)]


def _of(alias: sql.Identifier, name: str) -> sql.Composed:
    return sql.SQL("{}.{}").format(alias, sql.Identifier(name))


def _listed(alias: sql.Identifier, names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(_of(alias, name) for name in names)
