"""Analytics inside the test's own process: the real engine, the real sink, and events as it reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from domain.fold.heard import Heard
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import SinkBatch, SinkRecord, Span, Tally, TopicIdentity

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PUBLISHED = datetime(2026, 11, 1, tzinfo=UTC)


class EmbeddedSink(ClickHouseSink):
    """The sink on an engine in this process."""

    def __init__(self, client: Client) -> None:
        super().__init__("")
        self._client = client


class Feeding:
    """Events on their way into a sink, each topic with one partition; a batch ends after so many records."""

    def __init__(self, sink: ClickHouseSink, batch: int = 4000) -> None:
        self._sink = sink
        self._batch = batch
        self._ends: dict[str, int] = defaultdict(int)

    def feed(self, events: Iterable[Heard]) -> Tally:
        """Write events of any topics; what became of them."""
        by_topic: dict[str, list[Heard]] = defaultdict(list)
        for event in events:
            by_topic[event.topic].append(event)
        return sum((self._write(topic, found) for topic, found in by_topic.items()), Tally())

    def _write(self, topic: str, events: list[Heard]) -> Tally:
        total = Tally()
        for begin in range(0, len(events), self._batch):
            total += self._sink.write(self.batch(topic, events[begin : begin + self._batch]))
        return total

    def batch(self, topic: str, events: list[Heard]) -> SinkBatch:
        """The next batch of a topic."""
        digest = self._sink.tables[topic].digest
        assert digest is not None
        start = self._ends[topic]
        end = self._ends[topic] = start + len(events)
        records = [SinkRecord(e.event_id, digest(e), 0, start + i, PUBLISHED) for i, e in enumerate(events)]
        rows = tuple(self._sink.prepare(topic, record) for record in records)
        return SinkBatch(TopicIdentity("cluster", topic, f"id-{topic}"), {0: Span(start, end)}, rows)
