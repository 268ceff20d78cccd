"""Whether analytics say of the business what its events say (R335-R391)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from avro.codec import SchemaForId
from avro.registry import Registry
from compose.stack.endpoints import Endpoints
from compose.verify.business.compare import Disagreement, disagreements
from compose.verify.business.derived import moments, recount_derived
from compose.verify.business.recount import Recount
from compose.verify.business.tallies import Counted, Place
from compose.verify.raw import is_end, read_messages
from compose.verify.rest import sink_behind
from domain.errors import RecordError, UnavailableError
from domain.fold.heard import Heard
from sinks.clickhouse.metrics import MetricReader
from sinks.clickhouse.sink import ClickHouseSink
from sinks.owner_event import heard
from sinks.postgres.reader import read_records
from sinks.tables import DRIFT_FINDINGS, RECONCILIATION_CASES
from topics.catalogue import OWNER_TOPICS

POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class BusinessReport:
    """What the comparison found: `events` were counted again, and `unreadable` records left out on either side."""

    metrics: int
    metrics_with_rows: int
    rows: int
    events: int
    unreadable: int
    disagreements: list[Disagreement]
    seconds: float

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "metrics": self.metrics,
            "metrics_with_rows": self.metrics_with_rows,
            "rows": self.rows,
            "events": self.events,
            "unreadable": self.unreadable,
            "disagreements": len(self.disagreements),
            "details": [str(found) for found in self.disagreements[:100]],
            "seconds": round(self.seconds, 3),
        }


def check_metrics(endpoints: Endpoints, *, settle_seconds: float = 60.0) -> BusinessReport:
    """Count every event of every owner's topic again and compare with the views, in this order:

    1. wait until the analytics have read everything there is;
    2. recount from the raw topics, with a count that shares nothing with the views;
    3. count what is derived again from the read model, which got it on another way than analytics;
    4. read the views and compare each day and scope to the last digit.

    Raises `UnavailableError` when a part is away, or analytics do not catch up within `settle_seconds`.
    """
    began = time.monotonic()
    _await_analytics(endpoints, settle_seconds)
    recount, unreadable = Recount(), 0
    with Registry(endpoints.registry_url) as registry:
        for event in _events(endpoints.kafka_config(), registry.schema_for_id):
            if event is None:
                unreadable += 1
            else:
                recount.take(event)
    counted = {**recount.counted(), **_derived(endpoints, recount)}
    with closing(MetricReader(endpoints.clickhouse_dsn)) as reader:
        rows = reader.views(tuple(counted))
    return BusinessReport(
        metrics=len(counted),
        metrics_with_rows=sum(bool(found) for found in rows.values()),
        rows=sum(map(len, rows.values())),
        events=recount.events,
        unreadable=unreadable,
        disagreements=disagreements(rows, counted),
        seconds=time.monotonic() - began,
    )


def _derived(endpoints: Endpoints, recount: Recount) -> dict[str, dict[Place, Counted]]:
    with psycopg.connect(endpoints.database_url) as connection:
        findings = [record for _, record in read_records(connection, DRIFT_FINDINGS)]
        cases = [record for _, record in read_records(connection, RECONCILIATION_CASES)]
    return recount_derived(findings, cases, moments(recount.newest_us))


def _events(kafka_config: Mapping[str, str], schema_for_id: SchemaForId) -> Iterator[Heard | None]:
    """Every event of every owner; None for a record nobody can read, which is a dead letter of the sink, too."""
    for topic in OWNER_TOPICS:
        for message, _ in read_messages(kafka_config, topic.name):
            if is_end(message):
                continue
            try:
                yield heard(message, schema_for_id)
            except RecordError:
                yield None


def _await_analytics(endpoints: Endpoints, settle_seconds: float) -> None:
    deadline = time.monotonic() + settle_seconds
    with ClickHouseSink(endpoints.clickhouse_dsn) as sink:
        while behind := sink_behind(endpoints.kafka_config(), sink):
            if time.monotonic() > deadline:
                message = f"Analytics still have {behind} records to read after {settle_seconds:g} s."
                raise UnavailableError(message, remediation="Start `ordertruth worker sink-clickhouse`, or wait.")
            time.sleep(POLL_S)
