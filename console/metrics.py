"""Business metrics as they are answered: values, ratings and days, under a banner that says they decide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from console.answer import REPLICATION
from console.ports import MetricPoint
from domain.derivation import Authority
from domain.metrics.metric import Metric
from domain.metrics.summary import summarise

SOURCE = "analytics_non_authoritative"
BANNER = "NOT AUTHORITATIVE. Analytics inform; whoever decides asks the system that owns the fact."


def metric_definition(metric: Metric) -> dict[str, Any]:
    """What a metric says, of what, and from when on somebody should look; nothing of it depends on facts."""
    limits = metric.thresholds
    return {
        "metricId": metric.metric_id,
        "requirement": metric.requirement,
        "name": metric.name,
        "definition": metric.definition,
        "formula": metric.formula,
        "unit": metric.unit.value,
        "grain": metric.grain.value,
        "source": metric.source.value,
        "sourceEvents": list(metric.kinds),
        "owner": metric.owner,
        "freshnessTargetMs": metric.freshness // timedelta(milliseconds=1),
        "thresholds": limits
        and {"warning": limits.warning, "critical": limits.critical, "worse": "above" if limits.above else "below"},
    }


def metric_told(
    metric: Metric, points: Sequence[MetricPoint], first: date, last: date, *, days: bool
) -> dict[str, Any]:
    """A metric with what it came to from `first` to `last`; with every day and scope when `days` are asked for."""
    summary = summarise(metric, points, first, last)
    newest = max(points, key=lambda p: p.watermark, default=None)
    told = {
        **metric_definition(metric),
        "value": None if summary.value is None else float(summary.value),
        "rating": summary.rating.value,
        "scopes": {scope: float(value) for scope, value in summary.scopes.items()},
        "from": first.isoformat(),
        "to": last.isoformat(),
        "watermark": newest and newest.watermark,
        "lagMs": newest and newest.lag_ms,
    }
    if days:
        told["days"] = [
            {
                "day": p.day.isoformat(),
                "scope": p.scope,
                "numerator": p.numerator,
                "denominator": p.denominator,
                "value": p.value,
                "p95": p.p95,
            }
            for p in points
            if first <= p.day <= last
        ]
    return told


def metrics_meta(metrics: Mapping[str, Metric], watermark: datetime | None) -> dict[str, Any]:
    """How far the answer may be trusted: it informs, and the owners of the facts decide."""
    return {
        "source": SOURCE,
        "banner": BANNER,
        "authority": Authority.INFORMATIONAL,
        "authoritativeFor": [],
        "notAuthoritativeFor": ["any decision", "any fact", "any single order, quote or charge"],
        "owners": sorted({metric.owner for metric in metrics.values()}),
        "replication": REPLICATION,
        "watermark": watermark,
    }
