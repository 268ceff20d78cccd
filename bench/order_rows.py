"""Many orders in the read model: real histories under many ids, written the short way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection, sql

from avro.codec import decode_body, writer_schema
from avro.contract import contract
from compose.contracts.examples import demonstration
from sinks.postgres.naming import table_name
from sinks.table import Cell, Table
from sinks.tables import ORDER_STATE, ORDER_STATUS

STORIES = 40
ORDERS_PER_ACCOUNT = 20
STUCK_SHARE = 0.02
SEED = 5
NEWEST = datetime(2026, 6, 1, tzinfo=UTC)
"""When something last happened to the newest order; the others follow a second apart."""

_ARRIVAL = ("source_topic", "source_partition", "source_offset", "published_at")
_SUPPORT = ORDER_STATUS["support"]
_ORDER_STATE = "OrderState"


@dataclass(frozen=True)
class Filled:
    """What is in the tables now: ids by the number of the order, and the states there are."""

    tenant: str
    orders: int
    states: tuple[str, ...]
    item_states: tuple[str, ...]

    def order_id(self, number: int) -> str:
        """Identity of an order."""
        return f"{self.tenant}:order-{number:08d}"

    def number(self, number: int) -> str:
        """The number people know it by."""
        return f"N-{number:08d}"

    def quote_id(self, number: int) -> str:
        """Identity of its quote."""
        return f"{self.tenant}:quote-{number:08d}"

    def account_id(self, number: int) -> str:
        """Identity of its account."""
        return f"{self.tenant}:account-{number // ORDERS_PER_ACCOUNT:06d}"


def fill(connection: Connection[Any], tenant: str, orders: int) -> Filled:
    """Write `orders` order states, and for each what support sees of it as far as a search goes through it."""
    templates = _templates()
    states = tuple(sorted({str(record["state"]) for record in templates}))
    item_states = tuple(sorted({str(item["state"]) for record in templates for item in record["items"]}))
    filled = Filled(tenant, orders, states, item_states)
    _copy(connection, ORDER_STATE, _order_states(filled, templates))
    _copy(connection, _SUPPORT, _support(filled))
    connection.execute("ANALYZE")
    return filled


def _templates() -> list[dict[str, Any]]:
    """Order states of the demonstration's stories, at every stage of their lives."""
    schema = writer_schema(contract(_ORDER_STATE).text)
    found = demonstration(STORIES)
    return [decode_body(record.body, schema) for record in found if record.record.endswith(_ORDER_STATE)]


def _order_states(filled: Filled, templates: list[dict[str, Any]]) -> Iterator[tuple[Cell, ...]]:
    places = {column.name: place for place, column in enumerate(ORDER_STATE.columns)}
    made = [list(ORDER_STATE.cells(record)) for record in templates]
    choose = random.Random(SEED)
    for number in range(filled.orders):
        cells = list(choose.choice(made))
        cells[places["order_id"]] = filled.order_id(number)
        cells[places["order_number"]] = filled.number(number)
        cells[places["quote_id"]] = filled.quote_id(number)
        cells[places["account_id"]] = filled.account_id(number)
        cells[places["last_event_at"]] = NEWEST - timedelta(seconds=number)
        yield tuple(cells)


def _support(filled: Filled) -> Iterator[tuple[Cell, ...]]:
    """Rows as small as the table allows; those stuck are the ones that moved longest ago, as in life."""
    stuck_from = round(filled.orders * (1 - STUCK_SHARE))
    moment = NEWEST.isoformat()
    derivation = f'{{"ruleId": "order-status", "ruleVersion": "1", "calculatedAt": "{moment}"}}'
    given: dict[str, Cell] = {"derivation": derivation, "version": 1}
    for number in range(filled.orders):
        given["order_id"] = filled.order_id(number)
        given["order_number"] = filled.number(number)
        given["account_id"] = filled.account_id(number)
        given["stuck"] = number >= stuck_from
        given["last_moved_at"] = NEWEST - timedelta(seconds=number)
        yield tuple(given.get(c.name, None if c.nullable else _BLANK[c.kind.value]) for c in _SUPPORT.columns)


_BLANK: dict[str, Cell] = {"text": "", "integer": 0, "boolean": False, "timestamp": NEWEST, "json": "[]"}


def _copy(connection: Connection[Any], table: Table, rows: Iterator[tuple[Cell, ...]]) -> None:
    names = [*(column.name for column in table.columns), *_ARRIVAL]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        table_name(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for offset, cells in enumerate(rows):
            copy.write_row((*cells, table.topic, 0, offset, NEWEST))
