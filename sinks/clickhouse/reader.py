"""Reading the analytics back, each row as the record it was made from. Nothing that decides may use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.connection import translated
from sinks.clickhouse.ddl import table_name
from sinks.table import Table
from sinks.tables import ORDER_STATE

BLOCK_ROWS = 1000


def read_order_states(client: Client) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every order state as (order id, record by wire names), in order of id.

    Raises `UnavailableError` when ClickHouse is away or the analytics were never set up.
    """
    return read_records(client, ORDER_STATE)


def read_order_state(client: Client, order_id: str) -> dict[str, Any] | None:
    """The state of one order by wire names, or None."""
    with translated("be read"):
        rows = client.query(
            f"{_select(ORDER_STATE)} WHERE {ORDER_STATE.key} = %(key)s", parameters={"key": order_id}, tz_mode="aware"
        ).result_rows
    return ORDER_STATE.record(rows[0]) if rows else None


def count_order_states(client: Client) -> int:
    """The number of orders in the analytics."""
    with translated("be read"):
        return int(client.query(f"SELECT count() FROM {table_name(ORDER_STATE)} FINAL").result_rows[0][0])


def read_records(client: Client, table: Table) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record of a table as (key, record by wire names), in order of key."""
    query = f"{_select(table)} ORDER BY {quote_identifier(table.key)}"
    with (
        translated("be read"),
        client.query_rows_stream(query, settings={"max_block_size": BLOCK_ROWS}, tz_mode="aware") as rows,
    ):
        for cells in rows:
            yield str(cells[table.key_index]), table.record(cells)


def _select(table: Table) -> str:
    names = ", ".join(quote_identifier(c.name) for c in table.columns)
    return f"SELECT {names} FROM {table_name(table)} FINAL"
