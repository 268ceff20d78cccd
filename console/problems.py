"""What went wrong, told in the one shape every error has: RFC 9457 problem details with the fields of R438."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from domain.errors import RETRY_ADVICE, Category, Refusal, Severity, UnavailableError

MEDIA_TYPE = "application/problem+json"

_STATUS_BY_CATEGORY: Mapping[Category, int] = {
    Category.STRUCTURAL: 422,
    Category.REFERENCE: 404,
    Category.STATE: 409,
    Category.STALENESS: 409,
    Category.CONFLICT: 409,
    Category.AUTHORIZATION: 403,
    Category.POLICY: 422,
    Category.FEASIBILITY: 409,
    Category.DOWNSTREAM_TIMEOUT: 503,
}
"""What a refusal means in HTTP, by its category (R429-R437)."""

_STATUS_BY_CODE: Mapping[str, int] = {
    "AUTHORIZATION_TOKEN_MISSING": 401,
    "AUTHORIZATION_TOKEN_UNKNOWN": 401,
    "AUTHORIZATION_TOKEN_EXPIRED": 401,
    "AUTHORIZATION_TOKEN_REVOKED": 401,
    "STALENESS_PROJECTION": 412,
    "STALENESS_CURSOR": 410,
    "STRUCTURAL_CURSOR": 400,
    "STRUCTURAL_REQUEST": 400,
    "STRUCTURAL_METHOD": 405,
    "STRUCTURAL_BODY_TOO_LARGE": 413,
    "STRUCTURAL_MEDIA_TYPE": 415,
    "FEASIBILITY_DEFECT": 500,
}

TITLES: Mapping[int, str] = {
    400: "The request cannot be understood",
    401: "Nobody knows who asks",
    403: "This is not open to you",
    404: "There is no such thing",
    405: "This cannot be done here",
    409: "It cannot be done as things stand",
    410: "This is over",
    412: "What is here is older than was asked for",
    413: "The request is too large",
    415: "This kind of content is not taken",
    422: "The request is not right",
    500: "The platform failed",
    503: "A part of the platform is away",
}


class RequestRefused(Refusal):
    """A refusal with more to say than its text: `told` are further members of the problem."""

    def __init__(self, code: str, message: str, *, remediation: str, told: Mapping[str, Any]) -> None:
        super().__init__(code, message, remediation=remediation, stage="API")
        self.told = told


def of_refusal(refusal: Refusal, correlation_id: str, instance: str) -> Response:
    """The answer to a request that was refused."""
    status = _STATUS_BY_CODE.get(refusal.code, _STATUS_BY_CATEGORY[refusal.category])
    told = refusal.told if isinstance(refusal, RequestRefused) else {}
    return problem(
        status,
        refusal.code,
        refusal.message,
        refusal.remediation,
        correlation_id,
        instance,
        severity=refusal.severity,
        told=told,
    )


def of_unavailable(error: UnavailableError, correlation_id: str, instance: str) -> Response:
    """The answer while a part that is needed is away."""
    return problem(503, "DOWNSTREAM_TIMEOUT_PART", error.message, error.remediation, correlation_id, instance)


def of_defect(correlation_id: str, instance: str) -> Response:
    """The answer when the platform itself is at fault; what happened is in its log, and nothing of it in here."""
    return problem(
        500,
        "FEASIBILITY_DEFECT",
        "The request could not be answered because of a defect.",
        f"Report it with the correlation id {correlation_id}, by which its log is found.",
        correlation_id,
        instance,
    )


def problem(
    status: int,
    code: str,
    message: str,
    remediation: str,
    correlation_id: str,
    instance: str,
    *,
    severity: Severity = Severity.BLOCKING,
    told: Mapping[str, Any] | None = None,
) -> Response:
    """One problem as a response. `code` begins with its category, from which follows whether to try again."""
    category = next(c for c in Category if code.startswith(f"{c.value}_"))
    document = {
        "type": f"urn:ordertruth:problem:{code.lower().replace('_', '-')}",
        "title": TITLES[status],
        "status": status,
        "detail": message,
        "instance": instance,
        "code": code,
        "severity": severity,
        "message": message,
        "remediation": remediation,
        "correlationId": correlation_id,
        "category": category,
        "retry": RETRY_ADVICE[category],
        **(told or {}),
    }
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ordertruth"'
    if status == 503:
        headers["Retry-After"] = "1"
    return Response(orjson.dumps(document), status, headers, MEDIA_TYPE)
