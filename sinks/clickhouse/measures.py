"""The forms of metrics (`domain.metrics.measure`) as queries over the facts.

Each gives the columns tenant, day, scope, numerator, denominator and p95; all but the last are never null.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from domain.metrics.measure import (
    Arrival,
    Backlog,
    Between,
    Condition,
    Count,
    Findings,
    Idle,
    Mean,
    Measure,
    Newest,
    Pending,
    Reached,
    Share,
    Superseded,
    Test,
    Total,
    Which,
)
from sinks.clickhouse.ddl import DATABASE, table_name
from sinks.table import Table
from sinks.tables import BILLING_HANDOFF, BUSINESS_FACTS, DRIFT_FINDINGS, ORDER_STATE, RECONCILIATION_CASES

FACTS = table_name(BUSINESS_FACTS[0])
AS_OF = f"(SELECT tenant, max(at) AS as_of FROM {FACTS} GROUP BY tenant)"
"""The newest fact of each tenant: how far its time has come."""
_NO_P95 = "CAST(NULL AS Nullable(Int64)) AS p95"
_US = "toUnixTimestamp64Micro"


@singledispatch
def query(measure: Measure) -> str:
    """The query of a measure."""
    raise AssertionError(measure)


def text(value: str) -> str:
    """A literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def holds(which: Which) -> str:
    """The predicate of a selection of facts."""
    parts = [_condition(condition) for condition in which.conditions]
    if which.kinds:
        parts.insert(0, f"kind IN ({', '.join(map(text, which.kinds))})")
    return " AND ".join(parts) or "1"


def _condition(condition: Condition) -> str:
    value = text(condition.value) if isinstance(condition.value, str) else str(condition.value)
    if condition.test is Test.BEGINS:
        return f"startsWith({condition.column}, {value})"
    return f"{condition.column} {condition.test} {value}"


def _scope(by: str | None) -> str:
    return by or "''"


def _daily(which: Which, by: str | None, number: str) -> str:
    """One number for each tenant, day and scope; in the very words of the projection that keeps it ready."""
    return (
        f"SELECT tenant, toDate(at) AS day, {_scope(by)} AS scope, {number} AS number FROM {FACTS} "
        f"WHERE {holds(which)} GROUP BY tenant, toDate(at){f', {by}' if by else ''}"
    )


@query.register
def _(measure: Count) -> str:
    daily = _daily(measure.of, measure.by, "toInt64(count())")
    return f"SELECT tenant, day, scope, number AS numerator, toInt64(1) AS denominator, {_NO_P95} FROM ({daily})"


@query.register
def _(measure: Total) -> str:
    daily = _daily(measure.of, measure.by, f"sum({measure.column})")
    return f"SELECT tenant, day, scope, number AS numerator, toInt64(1) AS denominator, {_NO_P95} FROM ({daily})"


@query.register
def _(measure: Share) -> str:
    parts = ((measure.of, "number", "toInt64(0)"), (measure.over, "toInt64(0)", "number"))
    union = " UNION ALL ".join(
        f"SELECT tenant, day, scope, {above} AS n, {below} AS d FROM ({_daily(which, measure.by, 'toInt64(count())')})"
        for which, above, below in parts
    )
    return (
        f"SELECT tenant, day, scope, sum(n) AS numerator, sum(d) AS denominator, {_NO_P95} "
        f"FROM ({union}) GROUP BY tenant, day, scope"
    )


@query.register
def _(measure: Mean) -> str:
    return (
        f"SELECT tenant, toDate(at) AS day, {_scope(measure.by)} AS scope, sum({measure.column}) AS numerator, "
        f"toInt64(count()) * {measure.scale} AS denominator, {_p95(measure.column)} FROM {FACTS} "
        f"WHERE {holds(measure.of)} GROUP BY tenant, day, scope"
    )


def _p95(column: str) -> str:
    return f"toNullable(quantileExact(0.95)({column})) AS p95"


def _firsts(start: Which, end: Which, key: Sequence[str]) -> str:
    """For each key the microseconds of its first start and its first end, 0 for none."""
    keys = ", ".join(key)
    named = " AND ".join(f"{column} != {0 if column == 'quote_version' else text('')}" for column in key)
    return (
        f"SELECT tenant, {keys}, minIf({_US}(at), {holds(start)}) AS started, minIf({_US}(at), {holds(end)}) AS ended, "
        f"countIf({holds(start)}) > 0 AS has_start, countIf({holds(end)}) > 0 AS has_end FROM {FACTS} "
        f"WHERE kind IN ({', '.join(map(text, (*start.kinds, *end.kinds)))}) AND {named} GROUP BY tenant, {keys}"
    )


def _day(microseconds: str) -> str:
    return f"toDate(fromUnixTimestamp64Micro({microseconds}, 'UTC'))"


@query.register
def _(measure: Between) -> str:
    return (
        f"SELECT tenant, {_day('ended')} AS day, '' AS scope, sum(ms) AS numerator, toInt64(count()) AS denominator, "
        f"{_p95('ms')} FROM (SELECT tenant, ended, intDiv(ended - started, 1000) AS ms "
        f"FROM ({_firsts(measure.start, measure.end, measure.key)}) WHERE has_start AND has_end AND ended >= started) "
        f"GROUP BY tenant, day"
    )


@query.register
def _(measure: Reached) -> str:
    reached = "has_end"
    if measure.within is not None:
        limit_us = measure.within // measure.within.resolution
        reached += f" AND ended >= started AND ended - started <= {limit_us}"
    return (
        f"SELECT tenant, {_day('started')} AS day, '' AS scope, toInt64(countIf({reached})) AS numerator, "
        f"toInt64(count()) AS denominator, {_NO_P95} FROM ({_firsts(measure.start, measure.end, (measure.key,))}) "
        f"WHERE has_start GROUP BY tenant, day"
    )


@query.register
def _(measure: Newest) -> str:
    return (
        f"SELECT tenant, day, scope, sum(newest) AS numerator, toInt64(1) AS denominator, {_NO_P95} FROM ("
        f"SELECT tenant, toDate(at) AS day, {_scope(measure.by)} AS scope, argMax({measure.column}, version) AS newest "
        f"FROM {FACTS} WHERE {holds(measure.of)} GROUP BY tenant, day, scope, subject) GROUP BY tenant, day, scope"
    )


@query.register
def _(measure: Pending) -> str:
    return _ages(
        f"SELECT tenant, '' AS scope, started AS since_us FROM ({_firsts(measure.start, measure.end, (measure.key,))}) "
        f"WHERE has_start AND NOT has_end"
    )


@query.register
def _(_: Backlog) -> str:
    return _ages(
        f"SELECT {tenant_of('case_id')} AS tenant, severity AS scope, {_US}(opened_at) AS since_us "
        f"FROM {table_name(RECONCILIATION_CASES)} FINAL WHERE closed_at IS NULL"
    )


def _ages(waiting: str) -> str:
    """Ages in milliseconds of what has waited since `since_us`, as of the newest fact of its tenant."""
    return (
        f"SELECT tenant, any(toDate(as_of)) AS day, scope, sum(ms) AS numerator, toInt64(count()) AS denominator, "
        f"{_p95('ms')} FROM (SELECT tenant, scope, as_of, greatest(intDiv({_US}(as_of) - since_us, 1000), 0) AS ms "
        f"FROM ({waiting}) AS waiting INNER JOIN {AS_OF} AS newest USING (tenant)) GROUP BY tenant, scope"
    )


@query.register
def _(measure: Idle) -> str:
    limits = "transform(state, [{}], [{}], toInt64(-1))".format(
        ", ".join(map(text, measure.limits)),
        ", ".join(f"toInt64({limit // limit.resolution})" for limit in measure.limits.values()),
    )
    return (
        f"SELECT tenant, any(toDate(as_of)) AS day, state AS scope, toInt64(count()) AS numerator, "
        f"toInt64(1) AS denominator, {_NO_P95} FROM (SELECT tenant, argMax(state, version) AS state, "
        f"max({_US}(at)) AS newest_us FROM {FACTS} WHERE {holds(measure.of)} AND order_id != '' "
        f"GROUP BY tenant, order_id) AS orders INNER JOIN {AS_OF} AS newest USING (tenant) "
        f"WHERE {limits} >= 0 AND {_US}(as_of) - newest_us > {limits} GROUP BY tenant, state"
    )


@query.register
def _(measure: Superseded) -> str:
    quotes = (
        f"SELECT tenant, argMax(kind, version) AS newest_kind, argMax(reference, version) AS publication "
        f"FROM {FACTS} WHERE {holds(measure.quotes)} GROUP BY tenant, subject"
    )
    replaced = (
        f"SELECT tenant, reference AS publication, min(due_at) AS since FROM {FACTS} "
        f"WHERE {holds(measure.publications)} AND reference != '' AND due_at IS NOT NULL GROUP BY tenant, publication"
    )
    standing = (
        f"SELECT s.tenant AS tenant, s.publication AS publication, n.as_of AS as_of FROM ({quotes}) AS s "
        f"INNER JOIN {AS_OF} AS n ON n.tenant = s.tenant "
        f"WHERE s.newest_kind IN ({', '.join(map(text, measure.offered.kinds))})"
    )
    return (
        f"SELECT q.tenant AS tenant, any(toDate(q.as_of)) AS day, '' AS scope, "
        f"toInt64(countIf(r.publication != '' AND r.since <= q.as_of)) AS numerator, toInt64(count()) AS denominator, "
        f"{_NO_P95} FROM ({standing}) AS q "
        f"LEFT JOIN ({replaced}) AS r ON r.tenant = q.tenant AND r.publication = q.publication GROUP BY q.tenant"
    )


@query.register
def _(measure: Findings) -> str:
    rules = " OR ".join(f"startsWith(rule_id, {text(rule)})" for rule in measure.rules)
    return (
        f"SELECT {tenant_of('finding_id')} AS tenant, toDate(since) AS day, {measure.by} AS scope, "
        f"toInt64(count()) AS numerator, toInt64(1) AS denominator, {_NO_P95} "
        f"FROM {table_name(DRIFT_FINDINGS)} FINAL WHERE {rules} GROUP BY tenant, day, scope"
    )


@query.register
def _(_: Arrival) -> str:
    union = " UNION ALL ".join(
        f"SELECT {tenant_of(table.key)} AS tenant, toDate(published_at) AS day, {text(table.name)} AS scope, "
        f"dateDiff('millisecond', published_at, ingested_at) AS ms FROM {table_name(table)}"
        for table in MIRRORED
    )
    return (
        f"SELECT tenant, day, scope, sum(ms) AS numerator, toInt64(count()) AS denominator, {_p95('ms')} "
        f"FROM ({union}) GROUP BY tenant, day, scope"
    )


MIRRORED: tuple[Table, ...] = (ORDER_STATE, BILLING_HANDOFF, DRIFT_FINDINGS, RECONCILIATION_CASES)
"""The views whose staleness analytics can tell."""


def tenant_of(key: str) -> str:
    """The tenant in front of a key."""
    return f"substring({key}, 1, position({key}, ':') - 1)"


def described(database: str = DATABASE) -> str:
    """What every view of a metric says of itself in its comment."""
    return f"NOT AUTHORITATIVE. Computed in {database}; decisions must ask the owning system, never this view."
