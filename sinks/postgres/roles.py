"""Database roles: one for each audience, which reads its own table alone, and one that reads everything (R520)."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from psycopg import Connection, errors, sql

from sinks.postgres.naming import SCHEMA, table_name
from sinks.table import Table

OPERATIONS = "operations"
"""Who may read every table."""

log = structlog.get_logger(__name__)


def role_of(audience: str) -> str:
    """The name of the role of an audience, the same in every database of a cluster."""
    return f"ordertruth_{audience}"


def make(connection: Connection, audiences: Iterable[str]) -> frozenset[str]:
    """Make the roles that are missing; those there are in the end, all unless the user may not make roles."""
    names = [role_of(audience) for audience in (OPERATIONS, *sorted(audiences))]
    for name in names:
        if name in _existing(connection, names):
            continue
        try:
            with connection.transaction():
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        except errors.DuplicateObject:
            continue  # another database of the cluster was quicker
        except errors.InsufficientPrivilege:
            log.warning("role_missing", role=name, what_to_do=f"Let an administrator run: CREATE ROLE {name} NOLOGIN")
    known = _existing(connection, names)
    for name in known:
        connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(SCHEMA), sql.Identifier(name))
        )
    return frozenset(known)


def grant(connection: Connection, table: Table, known: frozenset[str]) -> None:
    """Let the table be read by whom it is for, and by nobody else."""
    readers = {role_of(OPERATIONS)} | ({role_of(table.audience)} if table.audience is not None else set())
    for name in sorted(known):
        verb = "GRANT SELECT ON {} TO {}" if name in readers else "REVOKE ALL ON {} FROM {}"
        if (name in readers) != _may_read(connection, table, name):
            connection.execute(sql.SQL(verb).format(table_name(table), sql.Identifier(name)))


def _existing(connection: Connection, names: list[str]) -> set[str]:
    rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (names,)).fetchall()
    return {name for (name,) in rows}


def _may_read(connection: Connection, table: Table, name: str) -> bool:
    row = connection.execute(
        "SELECT has_table_privilege(%s, %s::regclass, 'SELECT')", (name, table_name(table).as_string(connection))
    ).fetchone()
    return row is not None and bool(row[0])
