"""Every request: who asks and under which id, and what becomes of errors."""

from __future__ import annotations

import re
import time
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import problems
from console.measuring import Measurements
from domain.errors import Refusal, UnavailableError

BODY_BYTES_MAX = 64 * 1024

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._:/-]{1,128}")

log = structlog.get_logger(__name__)


class Correlated:
    """The outermost layer: gives each request its id, measures it, and lets no error out as it is."""

    def __init__(self, app: ASGIApp, measurements: Measurements) -> None:
        self._app = app
        self._measurements = measurements

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation_id = _correlation_id(scope)
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        started = time.perf_counter()
        status = 0

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-correlation-id", correlation_id.encode()))
            await send(message)

        try:
            await self._app(scope, _bounded(receive), told)
        except Exception:
            log.exception("request failed", correlation_id=correlation_id, method=scope["method"], path=scope["path"])
            if status:
                raise  # half an answer is out: the connection ends
            await problems.of_defect(correlation_id, scope["path"])(scope, receive, told)
        finally:
            self._measurements.count(scope, status, time.perf_counter() - started)


def correlation_id_of(request: Request) -> str:
    """The id a request goes by."""
    return str(request.state.correlation_id)


async def refused(request: Request, error: Exception) -> Response:
    """What is answered to a refusal."""
    assert isinstance(error, Refusal)
    return problems.of_refusal(error, correlation_id_of(request), request.url.path)


async def unavailable(request: Request, error: Exception) -> Response:
    """What is answered while something is away."""
    assert isinstance(error, UnavailableError)
    log.warning("request not answered", correlation_id=correlation_id_of(request), reason=error.message)
    return problems.of_unavailable(error, correlation_id_of(request), request.url.path)


def _bounded(receive: Receive) -> Receive:
    """Take in so much and no more; raises `HTTPException` 413 into whoever reads the body."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_BYTES_MAX:
            raise HTTPException(413, "The body is too large")
        return message

    return bounded


def _correlation_id(scope: MutableMapping[str, Any]) -> str:
    """The id the caller gave, when it is one; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-correlation-id" and _WELL_FORMED.fullmatch(value):
            return bytes(value).decode()
    return str(uuid4())
