"""Prometheus alert rules: for the business, from the thresholds of its metrics, and for the platform (R380)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console.metrics import BANNER
from domain.metrics.catalogue import METRICS
from domain.metrics.metric import Metric

BUSINESS_GAUGE = "ordertruth_business_metric"
ANALYTICS_UP = "ordertruth_analytics_up"
_STANDS = "15m"
"""How long a business metric has to be beyond a threshold: analytics catch up in batches."""


@dataclass(frozen=True, slots=True)
class PlatformAlert:
    """A symptom of the platform itself."""

    name: str
    expr: str
    stands: str
    severity: str
    summary: str
    action: str


PLATFORM: tuple[PlatformAlert, ...] = (
    PlatformAlert(
        "AnalyticsAway",
        f"{ANALYTICS_UP} == 0",
        "5m",
        "warning",
        "Business metrics cannot be read.",
        "Start ClickHouse; nothing else waits for it, and it catches up by itself.",
    ),
    PlatformAlert(
        "ApplicationHangs",
        "ordertruth_live == 0",
        "2m",
        "critical",
        "{{ $labels.app }} does not move.",
        "Read its log, then restart the worker: its state and its position come back.",
    ),
    PlatformAlert(
        "ApplicationNotReady",
        "ordertruth_ready == 0",
        "10m",
        "warning",
        "{{ $labels.app }} is not doing its work.",
        "`ordertruth status` says what it waits for.",
    ),
    PlatformAlert(
        "InputLag",
        "sum by (app) (ordertruth_input_lag_records) > 100000",
        "10m",
        "warning",
        "{{ $labels.app }} is {{ $value }} records behind.",
        "Start another worker of it, up to as many as there are partitions.",
    ),
    PlatformAlert(
        "DeadLetters",
        "sum by (app, topic) (increase(ordertruth_dead_letters_total[15m])) > 0",
        "0m",
        "warning",
        "{{ $labels.app }} could not apply records of {{ $labels.topic }}.",
        "`ordertruth dlq list`, have the producer mend it, then `ordertruth dlq replay`.",
    ),
    PlatformAlert(
        "SinkWaits",
        "ordertruth_sink_waiting == 1",
        "5m",
        "warning",
        "{{ $labels.app }} waits for its store or the broker.",
        "Start what is away; nothing is lost meanwhile.",
    ),
    PlatformAlert(
        "ReadModelStale",
        "max by (source) (ordertruth_api_staleness_seconds) > 60",
        "5m",
        "warning",
        "{{ $labels.source }} is {{ $value }} s behind its owners.",
        "Look for the application that is behind in `ordertruth status`.",
    ),
    PlatformAlert(
        "OutboxParked",
        "ordertruth_relay_parked_rows > 0",
        "0m",
        "critical",
        "{{ $value }} events of owners cannot be published.",
        "See docs/operations.md on parked events.",
    ),
    PlatformAlert(
        "AlertsGivenUp",
        "ordertruth_alert_parked_rows > 0",
        "0m",
        "warning",
        "{{ $value }} alerts never reached {{ $labels.channel }}.",
        "Check the address and the secret of the channel.",
    ),
)


def rules() -> dict[str, Any]:
    """The rules file, as Prometheus reads it."""
    return {
        "groups": [
            {"name": "ordertruth-business", "rules": [rule for m in METRICS.values() for rule in _of_metric(m)]},
            {"name": "ordertruth-platform", "rules": [_of_platform(alert) for alert in PLATFORM]},
        ]
    }


def alert_name(metric: Metric, severity: str) -> str:
    """`StuckOrdersWarning` of `stuck-orders`."""
    return "".join(part.capitalize() for part in metric.metric_id.split("-")) + severity.capitalize()


def _of_metric(metric: Metric) -> list[dict[str, Any]]:
    if metric.thresholds is None:
        return []
    sign = ">=" if metric.thresholds.above else "<="
    found = []
    for severity, limit in (("warning", metric.thresholds.warning), ("critical", metric.thresholds.critical)):
        found.append(
            {
                "alert": alert_name(metric, severity),
                "expr": f'{BUSINESS_GAUGE}{{metric="{metric.metric_id}"}} {sign} {limit}',
                "for": _STANDS,
                "labels": {"severity": severity, "owner": metric.owner, "requirement": metric.requirement},
                "annotations": {
                    "summary": f"{metric.name}: {{{{ $value }}}} ({metric.unit}) for {{{{ $labels.tenant }}}}.",
                    "description": f"{metric.definition} {BANNER}",
                    "action": f"`ordertruth metrics show {metric.metric_id}`; {metric.owner} can change it.",
                },
            }
        )
    return found


def _of_platform(alert: PlatformAlert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.stands,
        "labels": {"severity": alert.severity, "owner": "ordertruth"},
        "annotations": {"summary": alert.summary, "action": alert.action},
    }
