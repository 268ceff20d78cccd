"""Reading the read model for many at a time: each role through connections of its own that cannot write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import orjson
from psycopg import AsyncConnection, sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg_pool import AsyncConnectionPool

from domain.errors import ConfigurationError
from sinks.postgres import question
from sinks.postgres.faults import translated
from sinks.postgres.question import Position, Search
from sinks.postgres.roles import OPERATIONS, role_of
from sinks.table import Table

CONNECT_TIMEOUT_S = 5
WAIT_S = 3.0
"""How long a question waits for a free connection."""
CONNECTIONS_MAX = 4
AUDIENCE_CONNECTIONS_MAX = 2
# A plan made for all values would read a frequent one the way that suits a rare one; compiling a plan takes longer
# than carrying it out.
SESSION = (
    "-c timezone=UTC -c default_transaction_read_only=on -c statement_timeout=3s -c lock_timeout=1s "
    "-c plan_cache_mode=force_custom_plan -c jit=off"
)


class Nested:
    """A nested value as the JSON text it is kept as; taking it apart to put it together again would cost most."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text

    def parsed(self) -> Any:
        """The value."""
        return orjson.loads(self.text)


def nested(value: object) -> orjson.Fragment:
    """What `orjson.dumps` makes of a nested value (its `default`). Raises `TypeError` for anything else."""
    if isinstance(value, Nested):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A row as it is told: `cells` by wire names, nested values unread."""

    cells: dict[str, Any]
    rule_version: str | None
    position: Position


class ReadModel:
    """The tables of the read model, asked as an audience that may read them, or as operations.

    `audiences` are those with a table of their own. Every method raises `UnavailableError` while PostgreSQL is away.
    """

    def __init__(self, database_url: str, audiences: Iterable[str] = ()) -> None:
        self._url = database_url
        self._roles = (OPERATIONS, *audiences)
        self._pools: dict[str, AsyncConnectionPool[AsyncConnection[Any]]] = {}
        self._statements: dict[object, bytes] = {}

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Begin to connect; it is not waited for, so that an answer can say that PostgreSQL is away."""
        for role in self._roles:
            pool = self._pools[role] = AsyncConnectionPool(
                self._url,
                kwargs={
                    "autocommit": True,
                    "connect_timeout": CONNECT_TIMEOUT_S,
                    "application_name": f"ordertruth-api-{role}",
                    "options": SESSION,
                },
                configure=partial(_become, role),
                min_size=1,
                max_size=CONNECTIONS_MAX if role == OPERATIONS else AUDIENCE_CONNECTIONS_MAX,
                timeout=WAIT_S,
                name=f"read-{role}",
                open=False,
            )
            await pool.open(wait=False)

    async def close(self) -> None:
        """Let go of every connection."""
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()

    async def find(
        self, table: Table, tenant: str, key: str, *, columns: Sequence[str] = (), role: str = OPERATIONS
    ) -> Found | None:
        """The row of a key, if it is this tenant's; of `columns`, or of all."""
        chosen = _chosen(table, columns)
        statement = self._statement((table.name, chosen), lambda: question.one(table, chosen))
        async with self._connection(role) as connection:
            cursor = await connection.execute(statement, (key, tenant), prepare=True)
            row = await cursor.fetchone()
        return None if row is None else _found(table, chosen, row)

    async def search(
        self, table: Table, search: Search, *, columns: Sequence[str] = (), role: str = OPERATIONS
    ) -> list[Found]:
        """The rows of a page in the order of the table's list."""
        chosen = _chosen(table, columns)
        statement = self._statement((table.name, chosen, search.shape), lambda: question.page(table, chosen, search))
        async with self._connection(role) as connection:
            cursor = await connection.execute(statement, search.parameters, prepare=True)
            rows = await cursor.fetchall()
        return [_found(table, chosen, row) for row in rows]

    async def tenants(self, table: Table) -> tuple[str, ...]:
        """The first and the last tenant with rows in a table, once if it is one; none when the table is empty."""
        statement = self._statement((table.name, "tenants"), lambda: question.tenants(table))
        async with self._connection(OPERATIONS) as connection:
            cursor = await connection.execute(statement, prepare=True)
            row = await cursor.fetchone()
        return tuple(sorted({name for name in row or () if name is not None}))

    async def check(self) -> None:
        """Ask PostgreSQL anything at all."""
        async with self._connection(OPERATIONS) as connection:
            await connection.execute("SELECT 1")

    def _statement(self, key: object, make: Callable[[], sql.Composed]) -> bytes:
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = make().as_bytes()
        return found

    @asynccontextmanager
    async def _connection(self, role: str) -> AsyncIterator[AsyncConnection[Any]]:
        pool = self._pools.get(role)
        if pool is None:
            message = f"The read model is not open to {role!r}."
            raise ConfigurationError(message, remediation="Open it, and name every audience that is served.")
        with translated("be read"):
            async with pool.connection() as connection:
                yield connection


class _NestedLoader(Loader):
    def load(self, data: Buffer) -> Nested:
        return Nested(bytes(data))


async def _become(role: str, connection: AsyncConnection[Any]) -> None:
    connection.adapters.register_loader("jsonb", _NestedLoader)
    await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role_of(role))))


def _chosen(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(columns) or tuple(column.name for column in table.columns)


def _found(table: Table, columns: tuple[str, ...], row: Sequence[Any]) -> Found:
    names = table.wire_names
    count = len(columns)
    cells = dict(zip((names[c] for c in columns), row[:count], strict=True))
    return Found(cells, row[count], tuple(row[count + 1 :]))
