"""What things are called in the read model."""

from __future__ import annotations

from psycopg import sql

from sinks.table import Table

SCHEMA = "derived"
TENANT = "tenant_id"
"""Column of every table that says whose row it is."""


def table_name(table: Table) -> sql.Identifier:
    """The qualified name of a table."""
    return sql.Identifier(table.schema, table.name)
