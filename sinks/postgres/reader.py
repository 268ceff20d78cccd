"""Reading the read model back, each row as the record it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import Connection, sql

from sinks.postgres.ddl import POSITIONS
from sinks.postgres.faults import translated
from sinks.postgres.naming import table_name
from sinks.table import Table
from sinks.tables import ORDER_STATE

FETCH_ROWS = 1000


def read_order_states(connection: Connection[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every order state as (order id, record by wire names), in order of id, as one snapshot.

    Raises `UnavailableError` when PostgreSQL is away or the read model was never set up.
    """
    return read_records(connection, ORDER_STATE)


def read_order_state(connection: Connection[Any], order_id: str) -> dict[str, Any] | None:
    """The state of one order by wire names, or None."""
    query = sql.SQL("{} WHERE {} = %s").format(_select(ORDER_STATE), sql.Identifier(ORDER_STATE.key))
    with translated("be read"):
        cells = connection.execute(query, (order_id,)).fetchone()
    return None if cells is None else ORDER_STATE.record(cells)


def count_order_states(connection: Connection[Any]) -> int:
    """The number of orders in the read model."""
    with translated("be read"):
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table_name(ORDER_STATE))).fetchone()
    assert row is not None
    return int(row[0])


def read_records(connection: Connection[Any], table: Table) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record of a table as (key, record by wire names), in order of key, as one snapshot."""
    query = sql.SQL("{} ORDER BY {}").format(_select(table), sql.Identifier(table.key))
    with translated("be read"), connection.transaction(), connection.cursor(name="read_records") as cursor:
        cursor.itersize = FETCH_ROWS
        for cells in cursor.execute(query):
            yield cells[table.key_index], table.record(cells)


def read_positions(connection: Connection[Any]) -> dict[str, dict[int, int]]:
    """The next offset of each partition of each topic, as the sink has applied it."""
    positions: dict[str, dict[int, int]] = {}
    with translated("be read"):
        for topic, partition, offset in connection.execute(
            sql.SQL("SELECT topic, partition, next_offset FROM {}").format(POSITIONS)
        ):
            positions.setdefault(topic, {})[partition] = offset
    return positions


def _select(table: Table) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(c.name) for c in table.columns)
    return sql.SQL("SELECT {} FROM {}").format(names, table_name(table))
