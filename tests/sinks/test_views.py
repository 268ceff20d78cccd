"""The tables of timelines, quotes, deliveries and accounts in real PostgreSQL: rows and back, and their indexes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from sinks.contract import SinkBatch, SinkRow, Span, TopicIdentity
from sinks.postgres import PostgresSink
from sinks.postgres.indexes import wanted
from sinks.postgres.reader import read_records
from sinks.tables import tables_of
from tests.folds.enterprise import told
from tests.folds.published import NOW, all_published
from tests.folds.test_views_converge import FOLDS

if TYPE_CHECKING:
    from sinks.table import Table
    from tests.sinks.conftest import Connections

pytestmark = pytest.mark.stack

VIEWS = [table for table in tables_of("postgres") if table.stores == {"postgres"}]


def records() -> dict[str, dict[str, Any]]:
    """Every record of every view over a small run, by name and key."""
    run = told(12, 5, "mixed")
    # only until something fails for the last time, so that an exception stands
    until_us = max(event.time_us for event in run.events if event.kind == "FulfillmentTaskFailed")
    events = [event for event in run.events if event.time_us <= until_us]
    found: dict[str, dict[str, Any]] = {}
    for fold in FOLDS:
        for row, record in all_published(fold, events, run.end_us):
            found.setdefault(row.record, {})[row.key] = record
    return found


def test_every_view_is_written_and_read_back_whole(connections: Connections) -> None:
    made = records()
    tables: list[Table] = VIEWS
    with PostgresSink(connections.stack.database_url) as sink:
        sink.setup()
        for table in tables:
            expected = made.get(table.model.__name__, {})
            sink.reset(table.topic)
            identity = TopicIdentity("cluster-1", table.topic, "topic-id-1")
            rows = tuple(
                SinkRow(key, record["version"], table.cells(record), 0, offset, NOW)
                for offset, (key, record) in enumerate(expected.items())
            )
            if rows:
                assert sink.write(SinkBatch(identity, {0: Span(0, len(rows))}, rows)).applied == len(rows)
            assert dict(read_records(connections.postgres, table)) == expected
            sink.reset(table.topic)
    assert set(made) >= {"OrderTimeline", "QuoteView", "FulfillmentPlanView", "FulfillmentException", "AccountHoldings"}


@pytest.mark.parametrize("table", VIEWS, ids=lambda table: table.name)
def test_what_is_searched_by_has_an_index(table: Table, connections: Connections) -> None:
    with PostgresSink(connections.stack.database_url) as sink:
        sink.setup()
    found = connections.postgres.execute(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'derived' AND tablename = %s", (table.name,)
    ).fetchall()
    # PostgreSQL writes predicates its own way: only whether there is one is compared
    indexes = Counter(_index(definition) for (definition,) in found)
    needed = Counter((", ".join(columns), bool(predicate)) for columns, predicate in wanted(table))
    assert indexes == needed + Counter([(table.key, False)])
    for name in (*table.indexes, *(() if table.paging is None else table.paging.within)):
        leading = name if isinstance(name, str) else ", ".join(name)
        assert any(columns.removeprefix("tenant_id, ").startswith(leading) for columns, _ in indexes)


def _index(definition: str) -> tuple[str, bool]:
    columns, _, rest = definition.partition("USING btree (")[2].partition(")")
    return columns.replace('"', ""), "WHERE" in rest
