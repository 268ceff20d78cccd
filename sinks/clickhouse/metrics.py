"""Reading business metrics back. Nothing that decides may use it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from domain.metrics.metric import Metric
from sinks.clickhouse.connection import translated
from sinks.clickhouse.measures import text
from sinks.clickhouse.metric_views import COLUMNS, view_name


class MetricRow(NamedTuple):
    """One row of a metric's view.

    For a day and scope the two whole numbers and their quotient (None over 0), a 95th percentile where the metric is
    about times, the log's time of the newest fact it rests on, and how long that was under way.
    """

    tenant: str
    day: date
    scope: str
    numerator: int
    denominator: int
    value: float | None
    p95: int | None
    watermark: datetime
    lag_ms: int


def read_metrics(
    client: Client, metrics: Iterable[Metric], tenant: str | None = None, since: date | None = None
) -> dict[str, list[MetricRow]]:
    """The rows of each metric by id, in order of day and scope, of all tenants when none is named; one query for all.

    Raises `UnavailableError` when ClickHouse is away or the analytics were never set up.
    """
    wanted = list(metrics)
    found: dict[str, list[MetricRow]] = {metric.metric_id: [] for metric in wanted}
    if not wanted:
        return found
    union = " UNION ALL ".join(
        f"SELECT {text(m.metric_id)} AS metric, {', '.join(COLUMNS)} FROM {view_name(m)}{_narrowed(tenant, since)}"
        for m in wanted
    )
    with translated("be read"):
        rows = client.query(
            f"SELECT * FROM ({union}) ORDER BY metric, tenant, day, scope",
            tz_mode="aware",
            settings={"max_query_size": 16 * 1024 * 1024},
        ).result_rows
    for metric_id, *cells in rows:
        found[metric_id].append(MetricRow(*cells))
    return found


def _narrowed(tenant: str | None, since: date | None) -> str:
    parts = [] if tenant is None else [f"tenant = {text(tenant)}"]
    parts += [] if since is None else [f"day >= toDate({text(since.isoformat())})"]
    return f" WHERE {' AND '.join(parts)}" if parts else ""
