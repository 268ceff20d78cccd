"""Cursors: where a list goes on, sealed, so that only what was given out here is taken back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from domain.errors import Refusal
from sinks.postgres.question import Position

LIFETIME = timedelta(hours=1)
LIMIT_DEFAULT = 50
LIMIT_MAX = 200

_VERSION = 1
_SEAL_BYTES = 16
_AGAIN = "Ask for the list from its beginning."


class Cursors:
    """Makes and reads cursors; those of another key, list or tenant are refused.

    Every process that serves one database needs the same key.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, position: Position, about: Mapping[str, Any], now: datetime) -> str:
        """The cursor behind a row of the list `about`: its path, tenant and filters."""
        told = [[value.isoformat(), True] if isinstance(value, datetime) else [value, False] for value in position]
        body = orjson.dumps([_VERSION, int(now.timestamp()), told])
        return base64.urlsafe_b64encode(self._seal(body, about) + body).decode().rstrip("=")

    def read(self, cursor: str, about: Mapping[str, Any], now: datetime) -> Position:
        """Where the list goes on.

        Raises `Refusal` STRUCTURAL_CURSOR when it was not given out for this list, STALENESS_CURSOR when it is over.
        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _foreign() from None
        seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(body, about)):
            raise _foreign()
        version, made, told = orjson.loads(body)
        if version != _VERSION or now - datetime.fromtimestamp(made, UTC) > LIFETIME:
            message = "The cursor is older than cursors are good for."
            raise Refusal("STALENESS_CURSOR", message, remediation=_AGAIN)
        return tuple(datetime.fromisoformat(value) if moment else value for value, moment in told)

    def _seal(self, body: bytes, about: Mapping[str, Any]) -> bytes:
        told = orjson.dumps(dict(about), option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self._key, told + b"\0" + body, hashlib.sha256)[:_SEAL_BYTES]


def _foreign() -> Refusal:
    message = (
        "The cursor was not given out for this list: it was altered, or filters differ from those it was made with."
    )
    return Refusal("STRUCTURAL_CURSOR", message, remediation=_AGAIN)
