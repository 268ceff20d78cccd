"""A view for each business metric: its numbers, how far its facts have come, and that it is not authoritative."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from clickhouse_connect.driver.client import Client

from domain.metrics.catalogue import METRICS
from domain.metrics.measure import Arrival, Backlog, Findings
from domain.metrics.metric import Metric
from sinks.clickhouse.ddl import DATABASE, table_name
from sinks.clickhouse.measures import FACTS, MIRRORED, described, query, tenant_of, text
from sinks.tables import BUSINESS_FACTS, DRIFT_FINDINGS, RECONCILIATION_CASES

COLUMNS = ("tenant", "day", "scope", "numerator", "denominator", "value", "p95", "watermark", "lag_ms")
"""The columns of every view, in order."""
_FRESH = "max(published_at) AS watermark, dateDiff('millisecond', max(published_at), max(ingested_at)) AS lag_ms"


def view_name(metric: Metric) -> str:
    """The qualified name of a metric's view."""
    return f"{DATABASE}.metric_{metric.metric_id.replace('-', '_')}"


def view_query(metric: Metric) -> str:
    """The query of a metric's view.

    `watermark` is the log's time of the newest fact the metric is computed from, `lag_ms` how long that was under way.
    """
    return (
        "SELECT m.tenant AS tenant, m.day AS day, m.scope AS scope, m.numerator AS numerator, "
        "m.denominator AS denominator, if(m.denominator = 0, NULL, m.numerator / m.denominator) AS value, "
        "m.p95 AS p95, f.watermark AS watermark, f.lag_ms AS lag_ms "
        f"FROM ({query(metric.measure)}) AS m LEFT JOIN ({_freshness(metric)}) AS f ON f.tenant = m.tenant"
    )


def set_up_views(client: Client, metrics: Iterable[Metric] = METRICS.values()) -> None:
    """Make the views, or bring them to the shape of this release; the tables they read must be there."""
    there: dict[str, str] = {
        str(name): str(comment)
        for name, comment in client.query(
            "SELECT name, comment FROM system.tables WHERE database = %(database)s AND engine = 'View'",
            parameters={"database": DATABASE},
        ).result_rows
    }
    for metric in metrics:
        # the query itself comes back from the store in other words, so its hash tells whether it is still this one
        mark = hashlib.sha256(view_query(metric).encode()).hexdigest()[:12]
        comment = f"{metric.requirement}. {metric.definition} {described()} Query {mark}."
        if there.get(view_name(metric).partition(".")[2]) == comment:
            continue
        client.command(f"CREATE OR REPLACE VIEW {view_name(metric)} AS {view_query(metric)} COMMENT {text(comment)}")


def can_be_viewed(tables: Iterable[str]) -> bool:
    """Whether a store with these tables has all that the views read."""
    return {table.name for table in (*MIRRORED, BUSINESS_FACTS[0])} <= set(tables)


def sources(metric: Metric) -> frozenset[str]:
    """The kinds of events, or the tables of derived records, a metric is computed from; none for all events."""
    match metric.measure:
        case Findings():
            return frozenset({DRIFT_FINDINGS.name})
        case Backlog():
            return frozenset({RECONCILIATION_CASES.name})
        case Arrival():
            return frozenset(table.name for table in MIRRORED)
        case _:
            return frozenset(metric.kinds)


def _freshness(metric: Metric) -> str:
    among = sources(metric)
    if tables := [table for table in MIRRORED if table.name in among]:
        union = " UNION ALL ".join(
            f"SELECT {tenant_of(t.key)} AS tenant, published_at, ingested_at FROM {table_name(t)}" for t in tables
        )
        return f"SELECT tenant, {_FRESH} FROM ({union}) GROUP BY tenant"
    narrowed = f" WHERE kind IN ({', '.join(map(text, sorted(among)))})" if among else ""
    return f"SELECT tenant, {_FRESH} FROM {FACTS}{narrowed} GROUP BY tenant"
