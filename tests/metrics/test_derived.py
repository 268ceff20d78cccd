"""Metrics of derived records and of the running platform: what is induced has to show, and to go away again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from compose.verify.business.compare import FROM_RECORDS, disagreements
from compose.verify.business.derived import moments, recount_derived
from domain.metrics.catalogue import METRICS, metric_named
from sinks.clickhouse.ddl import DATABASE
from sinks.clickhouse.metric_views import view_name
from sinks.clickhouse.metrics import MetricRow, read_metrics, read_views
from sinks.contract import SinkBatch, SinkRecord, Span, TopicIdentity
from sinks.tables import DRIFT_FINDINGS, ORDER_STATE, RECONCILIATION_CASES
from tests.console.enterprise import RUN, records
from tests.metrics.analytics import Feeding

RULES = (
    "state.stale-fingerprint-accepted",
    "financial.quote-vs-order",
    "billing.handoff",
    "asset.orphan",
    "referential.account-merged",
    "event.late",
)
"""One of each metric, and one of none."""

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from sinks.table import Table
    from tests.metrics.analytics import EmbeddedSink


def write(sink: EmbeddedSink, table: Table, record: dict[str, Any] | str, offset: int, at: datetime) -> None:
    """One record published at a time; a key alone is a tombstone."""
    if isinstance(record, str):
        arriving = SinkRecord(record, None, 0, offset, at)
    else:
        name = table.model.__name__
        decoded = decode_body(encode_body(name, record), writer_schema(contract(name).text))
        arriving = SinkRecord(decoded[table.wire_names[table.key]], decoded, 0, offset, at)
    identity = TopicIdentity("cluster", table.topic, "id")
    sink.write(SinkBatch(identity, {0: Span(offset, offset + 1)}, (sink.prepare(table.topic, arriving),)))


def test_findings_cases_and_staleness_show_and_go(client: Client, sink: EmbeddedSink) -> None:
    now = datetime.now(UTC)
    Feeding(sink).feed(RUN.events)
    (finding,), (case,) = records()["drift_findings"], records()["reconciliation_cases"]
    write(sink, DRIFT_FINDINGS, finding, 0, now)
    write(sink, RECONCILIATION_CASES, case, 0, now)
    for offset, state in enumerate(records()["order_state"]):
        write(sink, ORDER_STATE, state, offset, now - timedelta(seconds=5))

    rows = read_views(client, METRICS.values())
    assert rows == read_metrics(client, METRICS.values())
    (found,) = rows["reconciliation-mismatches"]
    assert (found.day, found.scope, found.numerator) == (finding["since"].date(), finding["kind"], 1)
    assert rows["order-billing-mismatches"] or rows["fulfillment-asset-mismatches"]
    (waiting,) = rows["reconciliation-backlog-age"]
    newest = max(event.time_us for event in RUN.events)
    age_ms = max(0, newest - int(case["openedAt"].timestamp() * 1_000_000)) // 1000
    assert waiting[2:5] == (case["severity"], age_ms, 1)
    assert waiting.value == waiting.p95 == age_ms
    late = next(r for r in rows["read-model-staleness"] if r.scope == "order_state")
    assert late.denominator == Counter(bool(s) for s in records()["order_state"])[True]
    assert late.value is not None
    assert 5000 <= late.value < 120_000
    assert late.lag_ms <= late.p95, "the newest fact is not later than the latest"  # type: ignore[operator]

    write(sink, DRIFT_FINDINGS, finding["findingId"], 1, now)
    closed = {**case, "status": "CONVERGED", "closedAt": now, "version": case["version"] + 1}
    write(sink, RECONCILIATION_CASES, closed, 1, now)
    gone = read_views(client, [metric_named("R371"), metric_named("R342")])
    assert gone == {"reconciliation-mismatches": [], "reconciliation-backlog-age": []}


def test_views_say_what_they_are_and_are_made_once_and_mended(client: Client, sink: EmbeddedSink) -> None:
    comments: dict[str, str] = {
        str(name): str(comment)
        for name, comment in client.query(
            "SELECT name, comment FROM system.tables WHERE database = %(database)s", parameters={"database": DATABASE}
        ).result_rows
    }
    assert "non_authoritative" in DATABASE
    for metric in METRICS.values():
        comment = comments[view_name(metric).partition(".")[2]]
        assert "NOT AUTHORITATIVE" in comment
        assert comment.startswith(f"{metric.requirement}. {metric.definition}")
    assert comments["business_facts"].startswith("NOT AUTHORITATIVE")
    assert list(MetricRow._fields) == [
        name for name, *_ in client.query(f"DESCRIBE {view_name(metric_named('R346'))}").result_rows
    ]

    name = view_name(metric_named("R346"))
    made = "SELECT metadata_modification_time FROM system.tables WHERE database = %(database)s AND name = %(name)s"
    about = {"database": DATABASE, "name": name.partition(".")[2]}
    before = client.query(made, parameters=about).result_rows
    sink.setup()
    assert client.query(made, parameters=about).result_rows == before
    client.command(f"CREATE OR REPLACE VIEW {name} AS SELECT 1 AS wrong COMMENT 'another release'")
    sink.setup()
    assert read_views(client, [metric_named("R346")]) == {"quote-creation-rate": []}
    for tenant in ("nobody", "it's \\ odd"):
        assert not any(read_metrics(client, METRICS.values(), tenant).values())


def test_derived_metrics_equal_a_count_of_the_records(client: Client, sink: EmbeddedSink) -> None:
    now = datetime.now(UTC)
    Feeding(sink).feed(RUN.events)
    (finding,), (case,) = records()["drift_findings"], records()["reconciliation_cases"]
    findings = [{**finding, "findingId": f"{finding['findingId']}{n}", "ruleId": rule} for n, rule in enumerate(RULES)]
    cases = [{**case, "caseId": f"{case['caseId']}{n}", "openedAt": case["openedAt"]} for n in range(3)]
    for offset, record in enumerate(findings):
        write(sink, DRIFT_FINDINGS, record, offset, now)
    for offset, record in enumerate(cases):
        write(sink, RECONCILIATION_CASES, record, offset, now)
    newest = moments({RUN.events[0].tenant: max(event.time_us for event in RUN.events)})
    counted = recount_derived(findings, cases, newest)
    views = read_views(client, FROM_RECORDS)
    assert set(counted) == {metric.metric_id for metric in FROM_RECORDS}
    assert all(counted.values()), "each had something to count"
    assert not disagreements(views, counted)
    fewer = recount_derived(findings[1:], cases, newest)
    assert {found.metric_id for found in disagreements(views, fewer)} >= {"reconciliation-mismatches"}
