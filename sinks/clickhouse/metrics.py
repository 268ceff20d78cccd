"""Reading business metrics back. Nothing that decides may use it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from domain.metrics.catalogue import METRICS
from domain.metrics.metric import Metric
from sinks.clickhouse.connection import connect, translated
from sinks.clickhouse.measures import FACTS, text
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


def newest_day(client: Client, tenant: str) -> date | None:
    """The day of the newest fact of a tenant, None when there is none. Raises `UnavailableError` as `read_metrics`."""
    with translated("be read"):
        rows = client.query(
            f"SELECT toDate(max(at)) FROM {FACTS} WHERE tenant = %(tenant)s HAVING count() > 0",
            parameters={"tenant": tenant},
        ).result_rows
    return rows[0][0] if rows else None


class MetricReader:
    """Reads metrics over one connection, made when it is first needed; used from any thread until closed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._client: Client | None = None
        self._lock = threading.Lock()

    async def newest_day(self, tenant: str) -> date | None:
        """The day of the newest fact. Raises `UnavailableError` while ClickHouse is away."""
        return await asyncio.to_thread(self.newest_day_now, tenant)

    async def rows(self, tenant: str, metric_ids: Sequence[str], since: date) -> Mapping[str, Sequence[MetricRow]]:
        """The rows of some metrics from a day on. Raises `UnavailableError` while ClickHouse is away."""
        return await asyncio.to_thread(self.rows_now, tenant, metric_ids, since)

    def newest_day_now(self, tenant: str) -> date | None:
        """The same as `newest_day`, for who has no event loop."""
        with self._lock:
            return newest_day(self._connected(), tenant)

    def rows_now(
        self, tenant: str | None, metric_ids: Sequence[str], since: date | None = None
    ) -> Mapping[str, Sequence[MetricRow]]:
        """The same as `rows`, for who has no event loop; of all tenants or days where none is named."""
        with self._lock:
            return read_metrics(self._connected(), (METRICS[name] for name in metric_ids), tenant, since)

    def tenants(self) -> list[str]:
        """The tenants there are facts of, by name. Raises `UnavailableError` while ClickHouse is away."""
        with self._lock, translated("be read"):
            rows = self._connected().query(f"SELECT DISTINCT tenant FROM {FACTS} ORDER BY tenant").result_rows
        return [str(tenant) for (tenant,) in rows]

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self._dsn)
        return self._client
