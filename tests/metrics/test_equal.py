"""Every metric that is a function of events, as analytics compute it and as the raw events come to."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from compose.verify.business.compare import FROM_EVENTS, disagreements
from compose.verify.business.recount import recount
from sinks.clickhouse.metrics import MetricRow, newest_day, read_metrics, read_views
from tests.folds.enterprise import told
from tests.metrics.analytics import Feeding
from tests.metrics.spoiled import spoiled

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from domain.fold.heard import Heard
    from tests.metrics.analytics import EmbeddedSink

RUN = (90, 5, "mixed")


def test_views_equal_the_events_to_the_last_digit(client: Client, sink: EmbeddedSink) -> None:
    events = list(spoiled(told(*RUN).events))
    again = random.Random(5).sample(events, len(events) // 10)
    feeding = Feeding(sink)
    first = feeding.feed(events)
    once = {event.event_id for event in events}
    assert (first.read, first.applied, first.stale) == (len(events), len(once), 0)
    second = feeding.feed(again)
    assert (second.duplicate, second.applied) == (len(again), 0), "an event counts once, wherever its copy lies"

    views = read_views(client, FROM_EVENTS)
    assert read_metrics(client, FROM_EVENTS) == views, "the quick way says the same, watermarks included"
    recounted = recount(events)
    assert {m.metric_id for m in FROM_EVENTS} == set(recounted), "each is counted twice"
    silent = {name for name, rows in views.items() if not any(row.numerator for row in rows)}
    assert not silent, "each had something to count"
    assert not disagreements(views, recounted)

    late = next(e for e in events if e.kind == "QuoteCreated")
    without = recount(e for e in events if e is not late)
    named = {found.metric_id for found in disagreements(views, without)}
    assert {"quote-creation-rate", "quote-revision-rate"} <= named, "a lost event shows"
    later = recount(replace(e, time_us=e.time_us + 1000) if e.kind == "ProductOrderAccepted" else e for e in events)
    assert "order-acceptance-latency" in {found.metric_id for found in disagreements(views, later)}

    _fill_again(sink, events)
    assert _numbers(read_views(client, FROM_EVENTS)) == _numbers(views), "filled again, they say the same"
    newest = newest_day(client, events[0].tenant)
    assert newest == max(r.day for r in views["order-submit-rate"] + views["quote-creation-rate"])
    assert newest_day(client, "nobody") is None


def _fill_again(sink: EmbeddedSink, events: list[Heard]) -> None:
    for topic in {event.topic for event in events}:
        sink.reset(topic)
    again = Feeding(sink, batch=1500).feed(events)
    assert again.applied == len({event.event_id for event in events})


def _numbers(views: dict[str, list[MetricRow]]) -> dict[str, list[tuple[object, ...]]]:
    return {name: [row[:7] for row in rows] for name, rows in views.items()}
