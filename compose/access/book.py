"""The tokens as the API looks them up: anew for each request, so that a revoked one lets nobody in any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from compose.access.tokens import COLUMNS, pass_of
from domain.access import Pass
from sinks.postgres.faults import translated
from sinks.postgres.reading import CONNECT_TIMEOUT_S, SESSION, WAIT_S

CONNECTIONS_MAX = 4

_FIND = f"SELECT {COLUMNS} FROM access.tokens WHERE digest = %s".encode()


class TokenBook:
    """The tokens of one database (`console.ports.Passes`)."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self._pool = pool

    async def find(self, digest: bytes) -> Pass | None:
        """The pass whose token has this SHA-256. Raises `UnavailableError` when PostgreSQL is away."""
        with translated("look a token up"):
            async with self._pool.connection() as connection:
                cursor = await connection.execute(_FIND, (digest,), prepare=True)
                row = await cursor.fetchone()
        return None if row is None else pass_of(row)


@asynccontextmanager
async def token_book(database_url: str) -> AsyncIterator[TokenBook]:
    """The tokens of a database, while the block runs."""
    pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
        database_url,
        kwargs={
            "autocommit": True,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "ordertruth-api-tokens",
            "options": SESSION,
        },
        min_size=1,
        max_size=CONNECTIONS_MAX,
        timeout=WAIT_S,
        name="tokens",
        open=False,
    )
    await pool.open(wait=False)
    try:
        yield TokenBook(pool)
    finally:
        await pool.close()
