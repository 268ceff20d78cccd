"""Every metric that is a daily sum, in one pass over the daily counts the facts keep ready.

A query for each of them would read the same counts thirty times, and take longer to plan than to run.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.metrics.measure import Count, Share, Total, Which
from domain.metrics.metric import Metric
from sinks.clickhouse.ddl import DAILY_COLUMNS
from sinks.clickhouse.measures import FACTS, holds, text

_NUMBERS = {"amount": "all_amount", "missing": "all_missing", "elapsed_ms": "all_elapsed_ms"}


def is_daily(metric: Metric) -> bool:
    """Whether a metric can be told from daily counts alone."""
    measure = metric.measure
    if not isinstance(measure, Count | Share | Total):
        return False
    selections = [measure.of, *([measure.over] if isinstance(measure, Share) else [])]
    columns = {condition.column for which in selections for condition in which.conditions}
    return columns <= set(DAILY_COLUMNS)


def daily_query(metrics: Iterable[Metric], narrowed: str) -> str:
    """Metric, tenant, day, scope, numerator and denominator of metrics for which `is_daily` holds.

    `narrowed` is a WHERE clause over tenant and day, or empty.
    """
    columns = ", ".join(DAILY_COLUMNS)
    numbers = ", ".join(f"sum({column}) AS {name}" for column, name in _NUMBERS.items())
    daily = (
        f"SELECT tenant, toDate(at) AS day, {columns}, toInt64(count()) AS n, {numbers} "
        f"FROM {FACTS}{narrowed} GROUP BY tenant, toDate(at), {columns}"
    )
    parts = ", ".join(_part(metric) for metric in metrics)
    return (
        "SELECT x.1 AS metric, tenant, day, x.2 AS scope, sum(x.3) AS numerator, sum(x.4) AS denominator "
        f"FROM ({daily}) ARRAY JOIN arrayFilter(part -> part.5, [{parts}]) AS x "
        "GROUP BY metric, tenant, day, scope ORDER BY metric, tenant, day, scope"
    )


def _part(metric: Metric) -> str:
    """What a daily count adds to a metric, and whether it does; counts are over 1, which the sum of 0 stands for."""
    measure = metric.measure
    assert isinstance(measure, Count | Share | Total)
    scope = measure.by or "''"
    hit = _is(measure.of)
    if isinstance(measure, Share):
        over = _is(measure.over)
        return f"({text(metric.metric_id)}, {scope}, if({hit}, n, 0), if({over}, n, 0), toUInt8({hit} OR {over}))"
    number = _NUMBERS[measure.column] if isinstance(measure, Total) else "n"
    return f"({text(metric.metric_id)}, {scope}, {number}, toInt64(0), toUInt8({hit}))"


def _is(which: Which) -> str:
    return f"({holds(which)})"
