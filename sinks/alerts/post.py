"""One HTTP request to a configured address, and what its answer means."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 2048
RETRY_AFTER_MAX_S = 3600.0
_AWAY = frozenset({401, 403, 404, 407, 408, 423, 425, 429})
"""Answers below 500 that say nothing about the message: the receiver is not (yet) what it will be again."""


class Verdict(Enum):
    """What became of a request."""

    TAKEN = "taken"
    AWAY = "away"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Request:
    """A POST of JSON; `url` may hold a secret and is never shown."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: taken, away (try later, all messages) or refused (this message); why, and when next."""

    verdict: Verdict
    detail: str
    retry_after_s: float | None = None


Post = Callable[[Request], Answer]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Alerts go where the settings say and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def post(request: Request) -> Answer:
    """Send it; whatever goes wrong is an answer, too."""
    asked = urllib.request.Request(request.url, data=request.body, method="POST", headers=dict(request.headers))
    try:
        with _OPENER.open(asked, timeout=TIMEOUT_S) as response:
            response.read(ANSWER_BYTES_MAX)
            return Answer(Verdict.TAKEN, f"HTTP {response.status}")
    except urllib.error.HTTPError as error:
        with error:
            return _refusal(error)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return Answer(Verdict.AWAY, f"{type(reason).__name__}: {_shown(str(reason), request)}")


def _refusal(error: urllib.error.HTTPError) -> Answer:
    away = error.code >= 500 or error.code in _AWAY or 300 <= error.code < 400
    try:
        said = error.read(ANSWER_BYTES_MAX).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        said = ""
    detail = " ".join(f"HTTP {error.code} {said}".split())[:300]
    return Answer(Verdict.AWAY if away else Verdict.REFUSED, detail, retry_after(error.headers.get("Retry-After")))


def retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds a Retry-After header asks for, given in seconds or as a date; None without one that can be read."""
    if text is None:
        return None
    if re.fullmatch(r"\s*\d{1,9}\s*", text):
        return min(float(text), RETRY_AFTER_MAX_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    left = (moment.astimezone(UTC) - (now or datetime.now(UTC))).total_seconds()
    return min(max(left, 0.0), RETRY_AFTER_MAX_S)


def _shown(text: str, request: Request) -> str:
    return text.replace(request.url, "the configured address")[:300]
