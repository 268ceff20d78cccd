"""The query API, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console import problems
from console.business_gauges import BusinessGauges
from console.documented import Problem
from console.exchange import BODY_BYTES_MAX, Correlated, correlation_id_of, refused, unavailable
from console.routes import accounts, cases, health, metrics, mismatches, orders, quotes
from console.routes.documentation import add_documentation
from console.service import Service
from console.views import VIEWS
from domain.errors import Refusal, UnavailableError

_DESCRIPTION = (
    "What is derived from the events of the systems that own quotes, orders, fulfillment and billing. Nothing here is "
    "authoritative: each answer names the owners that decide, and how far behind them it is."
)
_ROUTERS = tuple(part.router for part in (orders, accounts, quotes, mismatches, cases, metrics, health))
_CODES: Mapping[int, tuple[str, str]] = {
    400: ("STRUCTURAL_REQUEST", "Correct the request."),
    404: ("REFERENCE_ROUTE", "See `/docs` for what there is."),
    405: ("STRUCTURAL_METHOD", "See `/docs` for what can be done."),
    413: ("STRUCTURAL_BODY_TOO_LARGE", f"Send at most {BODY_BYTES_MAX} bytes."),
    415: ("STRUCTURAL_MEDIA_TYPE", "Send application/json."),
}


def create_api(service: Service) -> FastAPI:
    """The API over a service, whose parts are open as long as the application is."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as parts:
            for part in service.opened:
                await parts.enter_async_context(part)
            yield

    app = FastAPI(
        title="Ordertruth",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        # what it does is measured here; it sends nothing anywhere by itself
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.service = service
    app.state.business_gauges = None if service.metrics is None else BusinessGauges(service.metrics)
    if app.state.business_gauges is not None:
        service.measurements.registry.register(app.state.business_gauges)
    service.measurements.watch(VIEWS, service.freshness, service.now)
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(UnavailableError, unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Correlated, measurements=service.measurements)
    for router in _ROUTERS:
        app.include_router(router)
    add_documentation(app)
    _describe_problems(app)
    return app


async def _invalid(request: Request, error: Exception) -> Response:
    """Parameters or a body that are not as declared; what was sent is not repeated, it may be personal."""
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"where": ".".join(map(str, found["loc"]))[:200], "problem": str(found["msg"])[:300]}
        for found in error.errors()[:20]
    ]
    message = "; ".join(f"{entry['where']}: {entry['problem']}" for entry in wrong)
    return problems.problem(
        422,
        "STRUCTURAL_PARAMETER",
        f"The request is not right: {message}.",
        "Correct what is named; `/docs` describes every parameter.",
        correlation_id_of(request),
        request.url.path,
        told={"errors": wrong},
    )


async def _http_error(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: a path that is not there, a method it does not have."""
    assert isinstance(error, HTTPException)
    code, remediation = _CODES.get(error.status_code, _CODES[400])
    status = error.status_code if error.status_code in _CODES else 400
    answer = problems.problem(
        status,
        code,
        f"{request.method} {request.url.path[:200]}: {error.detail}.",
        remediation,
        correlation_id_of(request),
        request.url.path,
    )
    answer.headers.update(error.headers or {})
    return answer


def _describe_problems(app: FastAPI) -> None:
    """Put the shape of problems where the routes refer to it."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schemas["Problem"].pop("$defs", {}))
        return document

    app.openapi = openapi  # type: ignore[method-assign]
