"""Reading business metrics back. Nothing that decides may use it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from domain.metrics.catalogue import METRICS
from domain.metrics.measure import Share
from domain.metrics.metric import Metric
from sinks.clickhouse.connection import connect, translated
from sinks.clickhouse.daily import daily_query, is_daily
from sinks.clickhouse.ddl import QUERY_BYTES_MAX, table_name
from sinks.clickhouse.measures import FACTS, MIRRORED, query, tenant_of, text
from sinks.clickhouse.metric_views import COLUMNS, sources, view_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TABLES = frozenset(table.name for table in MIRRORED)
_COMMERCIAL = ("QuoteCreated", "ProductOrderCreated", "ProductOrderSubmitted", "ProductOrderCompleted")
"""Events whose newest day is that up to which a business is told of; invoices go on for months in a simulation."""


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


def read_views(client: Client, metrics: Iterable[Metric]) -> dict[str, list[MetricRow]]:
    """The rows of each metric's view by id, of all tenants, in order of tenant, day and scope.

    Raises `UnavailableError` when ClickHouse is away or the analytics were never set up.
    """
    wanted = list(metrics)
    union = " UNION ALL ".join(
        f"SELECT {text(m.metric_id)} AS metric, {', '.join(COLUMNS)} FROM {view_name(m)}" for m in wanted
    )
    found: dict[str, list[MetricRow]] = {metric.metric_id: [] for metric in wanted}
    with translated("be read"):
        for metric_id, *cells in _rows(client, f"SELECT * FROM ({union}) ORDER BY metric, tenant, day, scope"):
            found[metric_id].append(MetricRow(*cells))
    return found


def read_metrics(
    client: Client, metrics: Iterable[Metric], tenant: str | None = None, since: date | None = None
) -> dict[str, list[MetricRow]]:
    """What `read_views` gives, of one tenant and from a day on where they are named.

    Daily sums in one query, and one for each other form: fifty views that each look for their watermark take several
    times as long to plan as to run.
    """
    wanted = list(metrics)
    found: dict[str, list[MetricRow]] = {metric.metric_id: [] for metric in wanted}
    with translated("be read"):
        arrived = _arrived(client, tenant)
        daily = [metric for metric in wanted if is_daily(metric)]
        rows = _daily_rows(client, daily, tenant, since)
        for alike in _by_form(metric for metric in wanted if not is_daily(metric)):
            rows += _rows(client, _union(alike, tenant, since))
    fresh = {metric.metric_id: _freshness(metric, arrived) for metric in wanted}
    for metric_id, whose, day, scope, numerator, denominator, p95 in rows:
        value = numerator / denominator if denominator else None
        watermark, lag_ms = fresh[metric_id][whose]
        found[metric_id].append(MetricRow(whose, day, scope, numerator, denominator, value, p95, watermark, lag_ms))
    return found


def _daily_rows(client: Client, daily: list[Metric], tenant: str | None, since: date | None) -> list[Sequence[Any]]:
    if not daily:
        return []
    shares = {metric.metric_id for metric in daily if isinstance(metric.measure, Share)}
    narrowed = _narrowed(tenant, since).replace("day >=", "toDate(at) >=")
    return [
        (*place, above, below if place[0] in shares else 1, None)
        for *place, above, below in _rows(client, daily_query(daily, narrowed))
    ]


def _by_form(metrics: Iterable[Metric]) -> Iterable[list[Metric]]:
    forms: dict[type, list[Metric]] = {}
    for metric in metrics:
        forms.setdefault(type(metric.measure), []).append(metric)
    return forms.values()


def _union(metrics: Iterable[Metric], tenant: str | None, since: date | None) -> str:
    union = " UNION ALL ".join(
        f"SELECT {text(m.metric_id)} AS metric, tenant, day, scope, numerator, denominator, p95 "
        f"FROM ({query(m.measure)}){_narrowed(tenant, since)}"
        for m in metrics
    )
    return f"SELECT * FROM ({union}) ORDER BY metric, tenant, day, scope"


_Arrived = dict[tuple[str, str], tuple[datetime, datetime]]
"""When the newest was published and when it came, by tenant and kind of event or name of a table."""


def _arrived(client: Client, tenant: str | None) -> _Arrived:
    newest = "max(published_at), max(ingested_at)"
    parts = [f"SELECT tenant, kind AS what, {newest} FROM {FACTS}{_narrowed(tenant, None)} GROUP BY tenant, what"]
    parts += [
        f"SELECT {tenant_of(table.key)} AS tenant, {text(table.name)} AS what, {newest} "
        f"FROM {table_name(table)}{_narrowed(tenant, None)} GROUP BY tenant"
        for table in MIRRORED
    ]
    rows = _rows(client, " UNION ALL ".join(parts))
    return {(whose, what): (published, came) for whose, what, published, came in rows}


def _freshness(metric: Metric, arrived: _Arrived) -> dict[str, tuple[datetime, int]]:
    """Watermark and lag of a metric for each tenant."""
    among = sources(metric)
    newest: dict[str, tuple[datetime, datetime]] = {}
    for (tenant, what), (published, came) in arrived.items():
        if what in among if among else what not in _TABLES:
            before = newest.get(tenant, (published, came))
            newest[tenant] = max(before[0], published), max(before[1], came)
    return {tenant: (published, _milliseconds(published, came)) for tenant, (published, came) in newest.items()}


def _milliseconds(published: datetime, came: datetime) -> int:
    """Crossed boundaries of milliseconds, as the store counts them."""
    return (came - _EPOCH) // _MILLISECOND - (published - _EPOCH) // _MILLISECOND


def _rows(client: Client, statement: str) -> Sequence[Sequence[Any]]:
    return client.query(statement, tz_mode="aware", settings={"max_query_size": QUERY_BYTES_MAX}).result_rows


def _narrowed(tenant: str | None, since: date | None) -> str:
    parts = [] if tenant is None else [f"tenant = {text(tenant)}"]
    parts += [] if since is None else [f"day >= toDate({text(since.isoformat())})"]
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def newest_day(client: Client, tenant: str) -> date | None:
    """The newest day on which something was quoted or ordered. Raises `UnavailableError` as `read_views` does."""
    kinds = ", ".join(map(text, _COMMERCIAL))
    with translated("be read"):
        rows = _rows(
            client,
            f"SELECT toDate(max(at)) FROM {FACTS} WHERE tenant = {text(tenant)} AND kind IN ({kinds}) "
            "HAVING count() > 0",
        )
    return rows[0][0] if rows else None


class MetricReader:
    """Reads metrics over one connection, made when it is first needed; used from any thread until closed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._client: Client | None = None
        self._lock = threading.Lock()

    async def known_tenants(self) -> Sequence[str]:
        """The tenants there are facts of. Raises `UnavailableError` while ClickHouse is away."""
        return await asyncio.to_thread(self.tenants)

    async def newest_day(self, tenant: str) -> date | None:
        """See the function `newest_day`. Raises `UnavailableError` while ClickHouse is away."""
        return await asyncio.to_thread(self.newest_day_now, tenant)

    async def rows(self, tenant: str, metric_ids: Sequence[str], since: date) -> Mapping[str, Sequence[MetricRow]]:
        """The rows of some metrics from a day on. Raises `UnavailableError` while ClickHouse is away."""
        return await asyncio.to_thread(self.rows_now, tenant, metric_ids, since)

    def newest_day_now(self, tenant: str) -> date | None:
        """The same as `newest_day`, for who has no event loop."""
        with self._lock:
            return newest_day(self._connected(), tenant)

    def rows_now(
        self, tenant: str, metric_ids: Sequence[str], since: date | None = None
    ) -> Mapping[str, Sequence[MetricRow]]:
        """The same as `rows`, for who has no event loop; of all days where none is named."""
        with self._lock:
            return read_metrics(self._connected(), (METRICS[name] for name in metric_ids), tenant, since)

    def views(self, metric_ids: Sequence[str]) -> Mapping[str, Sequence[MetricRow]]:
        """Everything the views of some metrics say. Raises `UnavailableError` while ClickHouse is away."""
        with self._lock:
            return read_views(self._connected(), (METRICS[name] for name in metric_ids))

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
