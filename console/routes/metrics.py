"""`/metrics/business`: how the business does, from analytics that decide nothing (R335-R391)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from console.asking import Asked, Asking
from console.documented import informed
from console.metrics import metric_told, metrics_meta
from console.parameters import Text
from domain.access import Subject, require_reader, require_whole_tenant
from domain.errors import Refusal, UnavailableError
from domain.metrics.catalogue import METRICS
from domain.metrics.metric import Metric

router = APIRouter(tags=["metrics"])

DAYS_MAX = 400


class MetricFilters(BaseModel):
    """Which metrics, over how long, and how closely."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    metric: Annotated[Text | None, Field(description="Id of one metric, such as `stuck-orders`; all without.")] = None
    days: Annotated[int, Field(ge=1, le=DAYS_MAX, description="Days up to that of the newest fact.")] = 30
    daily: Annotated[bool, Field(description="Whether every day and scope is wanted, too.")] = False


@router.get("/metrics/business", responses=informed())
async def business_metrics(asked: Asking, filters: Annotated[MetricFilters, Query()]) -> Response:
    """The business metrics of the tenant, in the order of the requirements; analytics, and no authority."""
    require_reader(asked.reader, Subject.METRICS)
    require_whole_tenant(asked.reader, Subject.METRICS)
    chosen = _chosen(filters.metric)
    told, watermark = await _told(asked, chosen, filters)
    body = {"data": told, "meta": metrics_meta(chosen, watermark)}
    return Response(
        orjson.dumps(body, option=orjson.OPT_UTC_Z),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _chosen(name: str | None) -> Mapping[str, Metric]:
    if name is None:
        return METRICS
    if name not in METRICS:
        message = f"There is no metric {name!r}."
        raise Refusal("REFERENCE_METRIC", message, remediation="Ask without `metric` for all there are.")
    return {name: METRICS[name]}


async def _told(
    asked: Asked, chosen: Mapping[str, Metric], filters: MetricFilters
) -> tuple[list[dict[str, Any]], datetime | None]:
    analytics = asked.service.metrics
    if analytics is None:
        message = "Analytics are not connected here."
        raise UnavailableError(message, remediation="Serve the API with CLICKHOUSE_DSN set.")
    last = await analytics.newest_day(asked.reader.tenant) or asked.now.date()
    first = last - timedelta(days=filters.days - 1)
    rows = await analytics.rows(asked.reader.tenant, tuple(chosen), first)
    told = [metric_told(metric, rows[name], first, last, days=filters.daily) for name, metric in chosen.items()]
    return told, max((point.watermark for points in rows.values() for point in points), default=None)
