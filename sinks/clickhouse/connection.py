"""Clients of ClickHouse, and what its errors mean to whoever feeds the sink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from domain.errors import UnavailableError
from sinks.contract import SinkBusy

CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60
RETRY_AFTER_S = 1.0

_SECURE_SCHEMES = {"clickhouses", "https"}
_SECURE_PORTS = {443, 8443}
_BUSY_CODES = {
    159,  # TIMEOUT_EXCEEDED
    202,  # TOO_MANY_SIMULTANEOUS_QUERIES
    241,  # MEMORY_LIMIT_EXCEEDED
    252,  # TOO_MANY_PARTS
    439,  # CANNOT_SCHEDULE_TASK
}


def connect(dsn: str) -> Client:
    """A client for `clickhouse://`, `clickhouses://`, `http://` or `https://`; raises `UnavailableError`.

    Without sessions, since a session serves one query at a time.
    """
    address = urlsplit(dsn)
    secure = address.scheme in _SECURE_SCHEMES or address.port in _SECURE_PORTS
    interface = "https" if secure else "http"
    with translated("be reached"):
        return clickhouse_connect.get_client(
            dsn=address._replace(scheme=interface).geturl(),
            interface=interface,
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=ANSWER_TIMEOUT_S,
            autogenerate_session_id=False,
            dedicated_pool=True,
        )


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn the client's errors into `SinkBusy` or `UnavailableError`; `doing` completes "could not ..."."""
    try:
        yield
    except ClickHouseError as error:
        reason = _reason(error)
        if isinstance(error, DatabaseError) and error.code in _BUSY_CODES:
            message = f"ClickHouse could not {doing} right now: {reason}."
            raise SinkBusy(message, retry_after_s=RETRY_AFTER_S, remediation="It is tried again by itself.") from error
        message = f"ClickHouse could not {doing}: {reason}."
        remediation = (
            "Nothing was lost. Start it (`ordertruth up`) or check CLICKHOUSE_DSN; it is tried again by itself."
        )
        raise UnavailableError(message, remediation=remediation) from error


def _reason(error: ClickHouseError) -> str:
    text = str(error)
    return text.splitlines()[0][:300].rstrip(".") if text else type(error).__name__
