"""What a worker counts, as Prometheus metrics: told once for each batch or commit, never for each record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.engine.backlog import Backlog
from streams.engine.deadletter import DeadLetter
from streams.engine.health import Vitals
from streams.engine.processor import Counts

_SHORT = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_LONG = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)


class Metrics:
    """Counters and durations of one application, in a registry of its own."""

    def __init__(self, app: str) -> None:
        self.app = app
        self.registry = registry = CollectorRegistry()
        self._records = Counter(
            "ordertruth_records",
            "Input records by what became of them; their sum is what was read.",
            ["app", "topic", "partition", "outcome"],
            registry=registry,
        )
        self._dead_letters = Counter(
            "ordertruth_dead_letters", "Dead-lettered records by code.", ["app", "topic", "code"], registry=registry
        )

        def counter(name: str, text: str) -> Counter:
            return Counter(f"ordertruth_{name}", text, ["app"], registry=registry).labels(app)

        def durations(name: str, text: str, buckets: Iterable[float]) -> Histogram:
            made = Histogram(f"ordertruth_{name}", text, ["app"], registry=registry, buckets=tuple(buckets))
            return made.labels(app)

        self.outputs = counter("outputs", "Records produced to derived topics; visible once committed.")
        self.batches = counter("batches", "Batches applied.")
        self.rebalances = counter("rebalances", "Assignments received, the first included.")
        self.pauses = counter("input_pauses", "Times fetching was paused because applying lagged behind.")
        self.restored_records = counter("restored_records", "Changelog records read while restoring.")
        self.batch_seconds = durations("batch_seconds", "Applying one batch.", _SHORT)
        self.commit_seconds = durations("commit_seconds", "Committing one transaction, changelog included.", _SHORT)
        self.restore_seconds = durations("restore_seconds", "Restoring the state of one assignment.", _LONG)
        transactions = Counter(
            "ordertruth_transactions", "Transactions by how they ended.", ["app", "result"], registry=registry
        )
        self.committed, self.aborted = (transactions.labels(app, result) for result in ("committed", "aborted"))

    def applied(self, topic: str, partition: int, counts: Counts, letters: Iterable[DeadLetter]) -> None:
        """Count a batch's records by their fate."""
        number = str(partition)
        for outcome in ("applied", "duplicate", "stale", "dead_lettered"):
            if count := getattr(counts, outcome):
                self._records.labels(self.app, topic, number, outcome).inc(count)
        for letter in letters:
            code = next((value for name, value in letter.headers if name == "dlq_error_code"), b"")
            self._dead_letters.labels(self.app, topic, code.decode(errors="replace")).inc()


class VitalsCollector(Collector):
    """Gauges read from a worker's vitals when they are asked for."""

    def __init__(self, app: str, vitals: Callable[[], Vitals], backlog: Backlog, ceiling_bytes: int) -> None:
        self._app = app
        self._vitals = vitals
        self._backlog = backlog
        self._ceiling_bytes = ceiling_bytes

    def collect(self) -> Iterator[Metric]:
        """The gauges as of now."""
        vitals = self._vitals()
        yield self._places("input_lag_records", "Input records not committed yet, as the worker sees it.", vitals.lag)
        yield self._places("input_position_offset", "Next offset as last committed.", vitals.committed)
        entries = GaugeMetricFamily("ordertruth_state_entries", "Keys in the state.", labels=["app", "partition"])
        for partition, count in sorted(vitals.entries.items()):
            entries.add_metric([self._app, str(partition)], count)
        yield entries
        if vitals.committed_at is not None:
            at = time.time() - (time.monotonic() - vitals.committed_at)
            yield self._one("last_commit_timestamp_seconds", "When a transaction was last committed.", at)
        yield self._one("assignment_epoch", "Number of the assignment being worked on.", vitals.epoch)
        yield self._one("assigned_partitions", "Input partitions being worked on.", len(vitals.assigned))
        yield self._one("backlog_batches", "Batches handed over and not applied yet.", len(self._backlog))
        yield self._one("backlog_bytes", "Memory they take.", self._backlog.bytes)
        yield self._one("memory_ceiling_bytes", "Bound on memory beside state and program.", self._ceiling_bytes)

    def _one(self, name: str, text: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"ordertruth_{name}", text, labels=["app"])
        family.add_metric([self._app], value)
        return family

    def _places(self, name: str, text: str, values: Mapping[tuple[str, int], int]) -> Metric:
        family = GaugeMetricFamily(f"ordertruth_{name}", text, labels=["app", "topic", "partition"])
        for (topic, partition), value in sorted(values.items()):
            family.add_metric([self._app, topic, str(partition)], value)
        return family
