"""Grafana dashboards: one of the business, a panel for each metric, and one of the platform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from compose.monitoring.rules import BUSINESS_GAUGE
from console.metrics import BANNER
from domain.metrics.catalogue import METRICS
from domain.metrics.catalogue.audit import AUDIT
from domain.metrics.catalogue.delivery import DELIVERY
from domain.metrics.catalogue.orders import ORDERS
from domain.metrics.catalogue.quotes import QUOTES
from domain.metrics.catalogue.truth import TRUTH
from domain.metrics.metric import Metric, Unit

DATASOURCE = {"type": "prometheus", "uid": "ordertruth-prometheus"}
SCHEMA_VERSION = 39
_WIDTH, _HEIGHT, _COLUMNS = 6, 6, 4
_UNITS = {
    Unit.COUNT: "short",
    Unit.PER_DAY: "short",
    Unit.SHARE: "percentunit",
    Unit.MILLISECONDS: "ms",
    Unit.PERCENT: "percent",
}
_SECTIONS: tuple[tuple[str, tuple[Metric, ...]], ...] = (
    ("How well the truth is known", TRUTH),
    ("Quotes, prices and approvals", QUOTES),
    ("Orders", ORDERS),
    ("Delivery and billing", DELIVERY),
    ("What somebody must answer for", AUDIT),
)


def _p99(by: str, histogram: str) -> str:
    return f"histogram_quantile(0.99, sum by ({by}, le) (rate({histogram}_bucket[5m])))"


_PLATFORM: tuple[tuple[str, str, str], ...] = (
    ("Records behind", "sum by (app) (ordertruth_input_lag_records)", "short"),
    ("Records by outcome", "sum by (app, outcome) (rate(ordertruth_records_total[5m]))", "ops"),
    ("Dead letters", "sum by (app, topic) (increase(ordertruth_dead_letters_total[1h]))", "short"),
    ("Commit time, 99th percentile", _p99("app", "ordertruth_commit_seconds"), "s"),
    ("Views behind their owners", "max by (source) (ordertruth_api_staleness_seconds)", "s"),
    ("Time to answer, 99th percentile", _p99("route", "ordertruth_api_request_seconds"), "s"),
    ("Sinks by outcome", "sum by (app, outcome) (rate(ordertruth_sink_records_total[5m]))", "ops"),
    ("Outbox", "ordertruth_relay_pending_rows", "short"),
    ("Alerts sent", "sum by (channel, outcome) (increase(ordertruth_alert_sent_total[1h]))", "short"),
)


def dashboards() -> dict[str, dict[str, Any]]:
    """Both dashboards by the name of their file."""
    return {"business.json": _business(), "platform.json": _platform()}


def _business() -> dict[str, Any]:
    panels: list[dict[str, Any]] = [_banner()]
    top = _HEIGHT // 2
    for title, metrics in _SECTIONS:
        panels.append({"type": "row", "title": title, "gridPos": _place(0, top, _WIDTH * _COLUMNS, 1), "panels": []})
        top += 1
        for index, metric in enumerate(sorted(metrics, key=list(METRICS.values()).index)):
            row, column = divmod(index, _COLUMNS)
            panels.append(_metric_panel(metric, _place(column * _WIDTH, top + row * _HEIGHT, _WIDTH, _HEIGHT)))
        top += -(-len(metrics) // _COLUMNS) * _HEIGHT
    tenant = {
        "name": "tenant",
        "type": "query",
        "datasource": DATASOURCE,
        "query": f"label_values({BUSINESS_GAUGE}, tenant)",
        "refresh": 2,
    }
    return _dashboard("ordertruth-business", "Ordertruth: the business (not authoritative)", panels, [tenant])


def _platform() -> dict[str, Any]:
    panels = [
        _panel(title, expr, unit, _place(i % 3 * 8, i // 3 * 8, 8, 8))
        for i, (title, expr, unit) in enumerate(_PLATFORM)
    ]
    return _dashboard("ordertruth-platform", "Ordertruth: the platform", panels, [])


def _dashboard(
    uid: str, title: str, panels: Iterable[dict[str, Any]], variables: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "uid": uid,
        "title": title,
        "tags": ["ordertruth"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": variables},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, start=1)],
    }


def _banner() -> dict[str, Any]:
    return {
        "type": "text",
        "title": "",
        "gridPos": _place(0, 0, _WIDTH * _COLUMNS, _HEIGHT // 2),
        "options": {"mode": "markdown", "content": f"**{BANNER}**"},
    }


def _metric_panel(metric: Metric, place: dict[str, int]) -> dict[str, Any]:
    expr = f'{BUSINESS_GAUGE}{{metric="{metric.metric_id}", tenant=~"$tenant"}}'
    panel = _panel(f"{metric.name} ({metric.requirement})", expr, _UNITS[metric.unit], place)
    panel["description"] = f"{metric.definition} = {metric.formula}. {BANNER}"
    if (limits := metric.thresholds) is not None:
        warning, critical = float(limits.warning), float(limits.critical)
        colours = (
            [("green", None), ("orange", warning), ("red", critical)]
            if limits.above
            else [("red", None), ("orange", critical), ("green", warning)]
        )
        steps = [{"color": colour, "value": value} for colour, value in colours]
        panel["fieldConfig"]["defaults"]["thresholds"] = {"mode": "absolute", "steps": steps}
    return panel


def _panel(title: str, expr: str, unit: str, place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "datasource": DATASOURCE,
        "gridPos": place,
        "targets": [{"refId": "A", "datasource": DATASOURCE, "expr": expr}],
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
    }


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}
