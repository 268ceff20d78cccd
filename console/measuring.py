"""What the API counts of itself, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from console.answer import staleness_ms
from console.ports import Freshness
from console.views import View

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Measurements:
    """Counts of one API process. `registry` is what `/metrics` shows."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asks for
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._seconds = Histogram(
            "ordertruth_api_request_seconds",
            "Time to answer, by route.",
            ["route", "method"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._answers = Counter(
            "ordertruth_api_requests",
            "Requests by route and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )

    def count(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """Count one request; what was asked for in vain is one route, so that nobody can make labels up."""
        route = scope.get("route")
        path = getattr(route, "path", None) or "unknown"
        method = scope["method"] if route is not None else "any"
        self._seconds.labels(path, method).observe(seconds)
        self._answers.labels(path, method, str(status)).inc()

    def watch(self, views: Sequence[View], freshness: Freshness, now: Callable[[], datetime]) -> None:
        """Show how stale each view is."""
        self.registry.register(_Staleness(views, freshness, now))


class _Staleness(Collector):
    def __init__(self, views: Sequence[View], freshness: Freshness, now: Callable[[], datetime]) -> None:
        self._views, self._freshness, self._now = views, freshness, now

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "ordertruth_api_staleness_seconds", "How far a view is behind its owners.", labels=["source"]
        )
        now = self._now()
        for view in self._views:
            synced = self._freshness.complete_as_of(view.table.topic)
            if synced is not None:
                family.add_metric([view.table.topic], staleness_ms(synced, now) / 1000)
        yield family
