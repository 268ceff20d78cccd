"""The indexes of a table: one for each way its rows are looked for, and none besides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from psycopg import Connection, sql

from sinks.postgres.naming import TENANT, table_name
from sinks.table import Table

Definition = tuple[tuple[str, ...], str]
"""Columns, and the predicate of an index over some rows only (empty for all)."""


def wanted(table: Table) -> Iterator[Definition]:
    """The indexes a table needs beside its key; those of a list end in its order."""
    for index in table.indexes:
        yield ((index,) if isinstance(index, str) else index), ""
    if table.paging is None:
        return
    order = (*table.paging.by, table.key)
    if table.paging.whole:
        yield (TENANT, *order), ""
    for name in table.paging.within:
        yield (TENANT, name, *order), ""
    for predicate in table.paging.marks.values():
        yield (TENANT, *order), predicate


def set_up(connection: Connection, table: Table) -> None:
    """Make the indexes that are missing and drop those no longer wanted."""
    needed = {_name(table, definition): definition for definition in wanted(table)}
    rows = connection.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND tablename = %s AND indexname <> %s",
        (table.schema, table.name, f"{table.name}_pkey"),
    ).fetchall()
    found = {name for (name,) in rows}
    for name in found - needed.keys():
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(table.schema, name)))
    for name in needed.keys() - found:
        columns, predicate = needed[name]
        connection.execute(
            sql.SQL("CREATE INDEX {} ON {} ({}){}").format(
                sql.Identifier(name),
                table_name(table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(f" WHERE {predicate}" if predicate else ""),
            )
        )


def _name(table: Table, definition: Definition) -> str:
    # Named for what it is, so that one whose definition changes is made anew; short, as PostgreSQL cuts long names.
    columns, predicate = definition
    digest = hashlib.sha256("\0".join([*columns, predicate]).encode()).hexdigest()
    return f"{table.name[:40]}_{digest[:12]}"
