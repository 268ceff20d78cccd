"""What PostgreSQL's errors mean to whoever feeds the sink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from domain.errors import UnavailableError
from sinks.contract import SinkBusy

RETRY_AFTER_S = 0.2

_BUSY = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.TooManyConnections,
    errors.InsufficientResources,
    errors.QueryCanceled,
)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn psycopg's errors into `SinkBusy` or `UnavailableError`; `doing` completes "could not ..."."""
    try:
        yield
    except _BUSY as error:
        message = f"PostgreSQL could not {doing} right now: {_reason(error)}."
        raise SinkBusy(message, retry_after_s=RETRY_AFTER_S, remediation="It is tried again by itself.") from error
    except (errors.UndefinedTable, errors.InvalidSchemaName) as error:
        message = f"PostgreSQL could not {doing}: {_reason(error)}."
        raise UnavailableError(message, remediation="The sink makes its tables when it starts; start it.") from error
    except psycopg.Error as error:
        message = f"PostgreSQL could not {doing}: {_reason(error)}."
        remediation = "Nothing was lost. Start it (`ordertruth up`) or check DATABASE_URL; it is tried again by itself."
        raise UnavailableError(message, remediation=remediation) from error


def _reason(error: psycopg.Error) -> str:
    # The details of an error quote rows, which may hold personal data; its first line does not.
    return error.diag.message_primary or str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
