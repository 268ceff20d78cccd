"""Questions to a table of the read model, as SQL that differs only in its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from domain.errors import ConfigurationError
from sinks.postgres.naming import TENANT, table_name
from sinks.table import Table

Position = tuple[Any, ...]
"""Where a row stands in the list of its table: values of the columns it is listed by, and key."""

ACCOUNT = "account_id"


@dataclass(frozen=True, slots=True)
class Search:
    """A page of a table.

    `equals` narrows it to one value of a column, `marks` to what a named predicate of the table holds for, `accounts`
    to rows of these accounts. It begins behind the position `after`, and has at most `limit` rows.
    """

    tenant: str
    limit: int
    equals: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    accounts: tuple[str, ...] | None = None
    after: Position | None = None

    @property
    def shape(self) -> tuple[object, ...]:
        """What of it is in the text of the statement; the rest is parameters."""
        return tuple(sorted(self.equals)), self.marks, self.accounts is None, self.after is None

    @property
    def parameters(self) -> list[Any]:
        """The values, in the order in which the statement takes them."""
        found = [self.tenant, *(self.equals[name] for name in sorted(self.equals))]
        if self.accounts is not None:
            found.append(list(self.accounts))
        if self.after is not None:
            found += self.after
        return [*found, self.limit]


def one(table: Table, columns: tuple[str, ...]) -> sql.Composed:
    """The row of a key, if it is this tenant's: its columns, the version of its rule, its position."""
    return sql.SQL("{} WHERE {} = %s AND {} = %s").format(
        _selected(table, columns), sql.Identifier(table.key), sql.Identifier(TENANT)
    )


def page(table: Table, columns: tuple[str, ...], search: Search) -> sql.Composed:
    """The rows of a page, as `one` has them. Raises `ConfigurationError` for a way the table is not listed in."""
    paging = table.paging
    narrowed = {*search.equals, *search.marks}
    if paging is None or not narrowed <= {*paging.within, *paging.marks} or not (narrowed or paging.whole):
        message = f"{table.name} is not listed by {', '.join(sorted(narrowed)) or 'nothing'}."
        raise ConfigurationError(message, remediation="Name it in the `paging` of the table, which gives it an index.")
    conditions: list[sql.Composable] = [sql.SQL("{} = %s").format(sql.Identifier(TENANT))]
    conditions += [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in sorted(search.equals)]
    # predicates are texts of this release (`sinks.table.Paging`)
    conditions += [sql.SQL(paging.marks[name]) for name in search.marks]
    if search.accounts is not None:
        conditions.append(sql.SQL("{} = ANY(%s)").format(sql.Identifier(ACCOUNT)))
    order = [*map(sql.Identifier, (*paging.by, table.key))]
    if search.after is not None:
        names, values = sql.SQL(", ").join(order), sql.SQL(", ").join([sql.SQL("%s")] * len(order))
        beyond = sql.SQL("({}) < ({})" if paging.newest_first else "({}) > ({})")
        conditions.append(beyond.format(names, values))
    direction = sql.SQL(" DESC" if paging.newest_first else " ASC")
    return sql.SQL("{} WHERE {} ORDER BY {} LIMIT %s").format(
        _selected(table, columns),
        sql.SQL(" AND ").join(conditions),
        sql.SQL(", ").join(name + direction for name in order),
    )


def _selected(table: Table, columns: tuple[str, ...]) -> sql.Composed:
    by = () if table.paging is None else table.paging.by
    return sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, (*columns, table.rule_version, *by, table.key))), table_name(table)
    )
