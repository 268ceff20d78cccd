"""`/health/live`, `/health/ready` and `/metrics`: for whoever runs it, without a token."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from console.service import Service

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> Response:
    """Whether the process answers at all."""
    return _said({"live": True})


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """Whether it can answer questions; a problem (503) says what is away."""
    service: Service = request.app.state.service
    await service.model.check()
    return _said({"ready": True})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counts for Prometheus."""
    service: Service = request.app.state.service
    if (gauges := request.app.state.business_gauges) is not None:
        await gauges.refresh()
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(service.measurements.registry), headers={"Content-Type": content_type})


def _said(what: dict[str, bool]) -> Response:
    return Response(orjson.dumps(what), media_type="application/json", headers={"Cache-Control": "no-store"})
