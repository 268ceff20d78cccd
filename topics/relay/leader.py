"""One relay at a time: leadership is a PostgreSQL advisory lock that lives and dies with a session."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import Connection

LOCK_KEY = 0x0DE7_0002
CONNECT_TIMEOUT_S = 5

# A leader whose machine vanished must lose its session in seconds, not after the two hours of the default.
_NOTICE_DEAD_PEERS = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"


class Candidate:
    """A database session that leads or would like to.

    Everything a leader does to the outbox goes through this one session. When it breaks, leadership and the means
    to mark rows are lost in the same instant, so nobody marks who no longer leads.
    """

    def __init__(self, conninfo: str) -> None:
        self.connection: Connection[Any] = psycopg.connect(
            conninfo,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            options=_NOTICE_DEAD_PEERS,
            application_name="ordertruth-relay",
        )

    def leads(self) -> bool:
        """Take the lead if nobody has it; whether this session has it now. To be asked until it says yes."""
        row = self.connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
        return bool(row and row[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
