"""Metrics of a whole worker: of its process, of its health, and of the applications that keep plain counts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from compose.observe.watched import Watched, WatchedAlerts, WatchedRelay, WatchedSink, WatchedStream

_OUTCOMES = ("applied", "duplicate", "stale", "dead_lettered")


def worker_registry(watched: Sequence[Watched], live_seconds: float) -> CollectorRegistry:
    """Everything there is to count in a worker, under one roof."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody asks for
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_Health(watched, live_seconds))
    for stream in watched:
        if isinstance(stream, WatchedStream):
            registry.register(_Forwarded(stream.engine.observer.metrics.registry))
    if sinks := [w for w in watched if isinstance(w, WatchedSink)]:
        registry.register(_Sinks(sinks))
    if alerts := [w for w in watched if isinstance(w, WatchedAlerts)]:
        registry.register(_Alerts(alerts))
    if relays := [w for w in watched if isinstance(w, WatchedRelay)]:
        registry.register(_Relays(relays))
    return registry


class _Forwarded(Collector):
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()


class _Health(Collector):
    def __init__(self, watched: Sequence[Watched], live_seconds: float) -> None:
        self._watched = watched
        self._live_seconds = live_seconds

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("ordertruth_ready", "1 when it does its work, as /readyz.", labels=["app"])
        live = GaugeMetricFamily("ordertruth_live", "0 when it hangs, as /livez.", labels=["app"])
        for watched in self._watched:
            ready.add_metric([watched.name], float(watched.ready().holds))
            checks = watched.live(time.monotonic(), self._live_seconds)
            live.add_metric([watched.name], float(all(check.holds for check in checks)))
        yield from (ready, live)


class _Sinks(Collector):
    def __init__(self, sinks: Sequence[WatchedSink]) -> None:
        self._sinks = sinks

    def collect(self) -> Iterator[Metric]:
        records = CounterMetricFamily(
            "ordertruth_sink_records",
            "Records of derived topics by what became of them; `applied` were written.",
            labels=["app", "outcome"],
        )
        troubles = CounterMetricFamily(
            "ordertruth_sink_troubles", "Times something had to be waited for.", labels=["app"]
        )
        waiting = GaugeMetricFamily("ordertruth_sink_waiting", "1 while store or broker are away.", labels=["app"])
        positions = GaugeMetricFamily(
            "ordertruth_sink_position_offset", "Next offset, as stored.", labels=["app", "topic", "partition"]
        )
        for sink in self._sinks:
            tally = sink.consumer.counters
            for outcome in _OUTCOMES:
                records.add_metric([sink.name, outcome], getattr(tally, outcome))
            troubles.add_metric([sink.name], sink.consumer.troubles)
            waiting.add_metric([sink.name], float(sink.consumer.trouble is not None))
            for (topic, partition), offset in sorted(sink.consumer.positions.items()):
                positions.add_metric([sink.name, topic, str(partition)], offset)
        yield from (records, troubles, waiting, positions)


class _Alerts(Collector):
    def __init__(self, alerts: Sequence[WatchedAlerts]) -> None:
        self._alerts = alerts

    def collect(self) -> Iterator[Metric]:
        sent = CounterMetricFamily(
            "ordertruth_alert_sent",
            "Attempts to send a message of alerts by what became of them.",
            labels=["channel", "outcome"],
        )
        waiting = GaugeMetricFamily(
            "ordertruth_alert_waiting_rows", "Alerts a channel was not told yet.", labels=["channel"]
        )
        parked = GaugeMetricFamily("ordertruth_alert_parked_rows", "Alerts that were given up.", labels=["channel"])
        for courier in (courier for watched in self._alerts for courier in watched.couriers):
            name = courier.channel.name
            for outcome, count in sorted(courier.outcomes.items()):
                sent.add_metric([name, outcome], count)
            if (backlog := courier.backlog) is not None:
                waiting.add_metric([name], backlog.waiting)
                parked.add_metric([name], backlog.parked)
        yield from (sent, waiting, parked)


class _Relays(Collector):
    def __init__(self, relays: Sequence[WatchedRelay]) -> None:
        self._relays = relays

    def collect(self) -> Iterator[Metric]:
        sent = CounterMetricFamily(
            "ordertruth_relay_sent", "Outbox rows published and marked.", labels=["app", "topic"]
        )
        refused = CounterMetricFamily(
            "ordertruth_relay_refused", "Outbox rows Kafka did not take at an attempt.", labels=["app"]
        )
        leads = GaugeMetricFamily("ordertruth_relay_leads", "1 when it publishes, 0 on standby.", labels=["app"])
        waiting = GaugeMetricFamily("ordertruth_relay_waiting", "1 while something is away.", labels=["app"])
        pending = GaugeMetricFamily(
            "ordertruth_relay_pending_rows", "Outbox rows not published yet; told by the leader.", labels=["app"]
        )
        parked = GaugeMetricFamily(
            "ordertruth_relay_parked_rows", "Outbox rows that cannot be published as they are.", labels=["app"]
        )
        for watched in self._relays:
            relay = watched.relay
            for topic, count in sorted(dict(relay.published_by_topic).items()):
                sent.add_metric([watched.name, topic], count)
            refused.add_metric([watched.name], relay.refused)
            leads.add_metric([watched.name], float(relay.phase == "leading"))
            waiting.add_metric([watched.name], float(relay.trouble is not None))
            if (rows := relay.pending) is not None:
                pending.add_metric([watched.name], rows)
            if (rows := relay.parked) is not None:
                parked.add_metric([watched.name], rows)
        yield from (sent, refused, leads, waiting, pending, parked)
