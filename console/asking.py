"""Who asks: the bearer token of a request, and whom it lets in (R511, R520)."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from console.service import Service
from domain.access import Reader
from domain.errors import Refusal

TOKEN_CHARACTERS_MAX = 200

_BEARER = HTTPBearer(auto_error=False, description="A token made by `ordertruth tokens create`.")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request by somebody who was let in, at one moment.

    `accepts` are the media types of the answer, as the header has them; `channel` is the way the request came.
    """

    service: Service
    reader: Reader
    now: datetime
    path: str
    correlation_id: str
    accepts: str = ""
    channel: str = "api"


async def asked(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Asked:
    """Let whoever asks in, or raise `Refusal`: who it is comes before what is asked."""
    service: Service = request.app.state.service
    now = service.now()
    if credentials is None:
        message = "The request has no bearer token."
        remediation = "Send `Authorization: Bearer <token>`; `ordertruth tokens create` makes one."
        raise Refusal("AUTHORIZATION_TOKEN_MISSING", message, remediation=remediation)
    reader = await admitted(service, credentials.credentials, now)
    _refuse_repeated(request)
    accepts = request.headers.get("accept", "")
    return Asked(service, reader, now, request.url.path, request.state.correlation_id, accepts)


def digest_of(token: str) -> bytes:
    """What is kept of a token: enough to know it again, not to show it."""
    return hashlib.sha256(token.encode()).digest()


async def admitted(service: Service, token: str, now: datetime) -> Reader:
    """Whom a token lets in. Raises `Refusal` when it is none, or over."""
    found = await service.passes.find(digest_of(token)) if len(token) <= TOKEN_CHARACTERS_MAX else None
    if found is None:
        message = "The token was not given out here."
        raise Refusal("AUTHORIZATION_TOKEN_UNKNOWN", message, remediation="Check it, or ask for a new one.")
    return found.admitted(now)


def _refuse_repeated(request: Request) -> None:
    counts = Counter(name for name, _ in request.query_params.multi_items())
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        message = f"Given more than once: {', '.join(name[:40] for name in repeated)}."
        raise Refusal("STRUCTURAL_PARAMETER", message, remediation="Give each parameter once.")


Asking = Annotated[Asked, Depends(asked)]
"""The parameter of a route that is open to those who were let in."""
