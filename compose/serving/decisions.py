"""Decisions about cases go to their aggregate, in a database of their own events (`console.ports.Decisions`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from domain.command import Command, CommandResult
from topics.store import AggregateStore
from topics.store.hosting import CASE_DECISIONS

CONNECTIONS_MAX = 2
WAIT_S = 5.0


class CaseDecisions:
    """The aggregate store, asked from an event loop."""

    def __init__(self, store: AggregateStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def send(self, command: Command) -> CommandResult:
        """See `console.ports.Decisions.send`."""
        return await asyncio.to_thread(self._store.handle, command, self._now())


@contextmanager
def case_decisions(database_url: str, now: Callable[[], datetime]) -> Iterator[CaseDecisions]:
    """A way for decisions while the block runs."""
    pool: ConnectionPool[Connection[Any]] = ConnectionPool(
        database_url, min_size=0, max_size=CONNECTIONS_MAX, timeout=WAIT_S, name="decisions", open=True
    )
    with pool:
        yield CaseDecisions(AggregateStore(pool, (CASE_DECISIONS,)), now)
