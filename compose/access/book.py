"""The tokens as the API looks them up: anew for each request, so that a revoked one lets nobody in any more."""

from __future__ import annotations

from typing import Any, Self

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from compose.access.tokens import COLUMNS, pass_of
from domain.access import Pass
from sinks.postgres.faults import translated
from sinks.postgres.reading import CONNECT_TIMEOUT_S, SESSION, WAIT_S

CONNECTIONS_MAX = 4

_FIND = f"SELECT {COLUMNS} FROM access.tokens WHERE digest = %s".encode()


class TokenBook:
    """The tokens of one database (`console.ports.Passes`), while it is entered."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] | None = None

    async def __aenter__(self) -> Self:
        # a pool belongs to the event loop it was made in
        self._pool = AsyncConnectionPool(
            self._url,
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
        await self._pool.open(wait=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def find(self, digest: bytes) -> Pass | None:
        """The pass whose token has this SHA-256. Raises `UnavailableError` when PostgreSQL is away."""
        assert self._pool is not None, "the book is opened before"
        with translated("look a token up"):
            async with self._pool.connection() as connection:
                cursor = await connection.execute(_FIND, (digest,), prepare=True)
                row = await cursor.fetchone()
        return None if row is None else pass_of(row)
