"""One relay at a time: leadership is a PostgreSQL advisory lock that lives and dies with a session."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import Connection

from domain.errors import UnavailableError

LOCK_KEY = 0x0DE7_0002
PRECEDENCE_KEY = 0x0DE7_0003
CONNECT_TIMEOUT_S = 5
PRECEDENCE_WAIT_S = 5.0
PRECEDENCE_POLL_S = 0.02

# A leader whose machine vanished must lose its session in seconds, not after the two hours of the default.
_NOTICE_DEAD_PEERS = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"


class Candidate:
    """A database session that leads or would like to.

    Everything a leader does to the outbox goes through this one session. When it breaks, leadership and the means
    to mark rows are lost in the same instant, so nobody marks who no longer leads.
    """

    def __init__(self, conninfo: str) -> None:
        self.connection = _session(conninfo)

    def leads(self) -> bool:
        """Take the lead if nobody has it; whether this session has it now. To be asked until it says yes."""
        return _took(self.connection, "pg_try_advisory_lock", LOCK_KEY)

    def is_to_step_aside(self) -> bool:
        """Whether somebody claims `Precedence`."""
        return not _took(self.connection, "pg_try_advisory_xact_lock_shared", PRECEDENCE_KEY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()


class Precedence:
    """Until it is closed, ordinary relays step aside, so that a relay made with `precedence` leads.

    It lives and dies with a database session, as the lead does. Raises `UnavailableError` when somebody else has it.
    """

    def __init__(self, conninfo: str, wait_s: float = PRECEDENCE_WAIT_S) -> None:
        self._connection = _session(conninfo)
        deadline = time.monotonic() + wait_s  # relays that ask hold the lock for an instant
        while not _took(self._connection, "pg_try_advisory_lock", PRECEDENCE_KEY):
            if time.monotonic() > deadline:
                self._connection.close()
                message = "Another run publishes in place of the relays."
                raise UnavailableError(message, remediation="Wait for its end.")
            time.sleep(PRECEDENCE_POLL_S)

    def lasts(self) -> bool:
        """Whether the session still lives, and so nobody else has led since it began."""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def close(self) -> None:
        """Let the ordinary relays lead again."""
        self._connection.close()


def _session(conninfo: str) -> Connection[Any]:
    return psycopg.connect(
        conninfo,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_S,
        options=_NOTICE_DEAD_PEERS,
        application_name="ordertruth-relay",
    )


def _took(connection: Connection[Any], function: str, key: int) -> bool:
    row = connection.execute(f"SELECT {function}(%s)".encode(), (key,)).fetchone()
    return bool(row and row[0])
