"""Every metric that is a function of events, as analytics compute it and as the raw events come to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest

from compose.verify.business.compare import FROM_EVENTS, disagreements
from compose.verify.business.recount import recount
from sinks.clickhouse.metrics import read_metrics, read_views
from tests.folds.enterprise import told
from tests.metrics.analytics import EmbeddedSink, Feeding

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

RUN = (150, 5, "mixed")
SEEN_IN_THE_RUN = 40
"""Metrics of which a run this small already has something to say."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("analytics")
    made = clickhouse_connect.get_client(interface="chdb", path=str(folder))
    yield made
    made.close()


def test_views_equal_the_events_to_the_last_digit(client: Client) -> None:
    sink = EmbeddedSink(client)
    sink.setup()
    events = list(told(*RUN).events)
    again = random.Random(5).sample(events, len(events) // 10)
    feeding = Feeding(sink)
    first = feeding.feed(events)
    assert (first.read, first.stale) == (len(events), 0)
    second = feeding.feed(again)
    assert (second.duplicate, second.applied) == (len(again), 0), "an event counts once, wherever its copy lies"

    views = read_views(client, FROM_EVENTS)
    assert read_metrics(client, FROM_EVENTS) == views, "the quick way says the same, watermarks included"
    recounted = recount(events)
    assert {m.metric_id for m in FROM_EVENTS} == set(recounted), "each is counted twice"
    assert sum(bool(rows) for rows in views.values()) >= SEEN_IN_THE_RUN
    assert not disagreements(views, recounted)

    late = next(e for e in events if e.kind == "QuoteCreated")
    without = recount(e for e in events if e is not late)
    named = {found.metric_id for found in disagreements(views, without)}
    assert {"quote-creation-rate", "quote-revision-rate"} <= named, "a lost event shows"
    changed = recount(
        replace(e, time_us=e.time_us + 1_000_000) if e.kind == "ProductOrderAccepted" else e for e in events
    )
    assert "order-acceptance-latency" in {found.metric_id for found in disagreements(views, changed)}
