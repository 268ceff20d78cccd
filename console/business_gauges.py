"""Business metrics for Prometheus, so that people are woken by what the business suffers (R380)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from console.ports import BusinessMetrics
from domain.errors import UnavailableError
from domain.metrics.catalogue import METRICS
from domain.metrics.summary import summarise

WINDOW_DAYS = 7
"""Days a value is over: one alone is too short where little happens."""
REFRESH_S = 30.0
TENANTS_MAX = 20
"""Each is fifty series more; the first ones by name are told of."""

log = structlog.get_logger(__name__)


class BusinessGauges(Collector):
    """What the metrics came to when they were last looked at. `refresh` looks; `collect` never waits for anything."""

    def __init__(self, analytics: BusinessMetrics) -> None:
        self._analytics = analytics
        self._values: dict[tuple[str, str], float] = {}
        self._watermarks: dict[tuple[str, str], float] = {}
        self._up = False
        self._looked_at: float | None = None

    async def refresh(self) -> None:
        """Look again, unless that was done within `REFRESH_S`. Values of analytics that are away are not repeated."""
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < REFRESH_S:
            return
        self._looked_at = now
        self._values, self._watermarks = {}, {}
        try:
            for tenant in (await self._analytics.known_tenants())[:TENANTS_MAX]:
                await self._look(tenant)
            self._up = True
        except UnavailableError as error:
            self._values, self._watermarks, self._up = {}, {}, False
            log.warning("business_metrics_away", reason=error.message)

    async def _look(self, tenant: str) -> None:
        last = await self._analytics.newest_day(tenant)
        if last is None:
            return
        first = last - timedelta(days=WINDOW_DAYS - 1)
        rows = await self._analytics.rows(tenant, tuple(METRICS), first)
        for metric_id, metric in METRICS.items():
            value = summarise(metric, rows[metric_id], first, last).value
            if value is not None:
                self._values[metric_id, tenant] = float(value)
            if rows[metric_id]:
                self._watermarks[metric_id, tenant] = max(row.watermark for row in rows[metric_id]).timestamp()

    def collect(self) -> Iterator[Metric]:
        """The values by metric and tenant, when the newest fact of each was published, and whether analytics answer."""
        value = GaugeMetricFamily(
            "ordertruth_business_metric",
            f"Value over the last {WINDOW_DAYS} days with business, in the metric's own unit. NOT AUTHORITATIVE.",
            labels=["metric", "tenant"],
        )
        watermark = GaugeMetricFamily(
            "ordertruth_business_watermark_timestamp_seconds",
            "When the newest fact of a metric was published.",
            labels=["metric", "tenant"],
        )
        for labels, number in self._values.items():
            value.add_metric(labels, number)
        for labels, at in self._watermarks.items():
            watermark.add_metric(labels, at)
        yield value
        yield watermark
        yield GaugeMetricFamily("ordertruth_analytics_up", "1 when analytics answer.", value=float(self._up))
