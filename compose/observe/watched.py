"""The applications of a worker as operators see them: is it ready, is it live, and what does it say of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sinks.alerts import AlertService
from sinks.consumer import SinkConsumer
from streams.engine.engine import Engine
from streams.engine.health import Check, Place, live, ready
from topics.refusals import RefusalWatch
from topics.relay import Relay

SERVICE_LIVE_SECONDS = 60.0
"""A plain loop is given at least this long: handing a batch to a broker that does not answer takes up to 35 s."""


class Watched(Protocol):
    """One application; times are monotonic seconds."""

    name: str

    def ready(self) -> Check:
        """Whether it does its work, or could at once."""
        ...

    def live(self, now: float, live_seconds: float) -> Sequence[Check]:
        """Whether starting it again would be no better."""
        ...

    def state(self) -> State:
        """What it says of itself."""
        ...


@dataclass(frozen=True)
class State:
    """Where an application is: next offsets as committed or stored, ends and lag as it sees them, the last commit."""

    phase: str
    positions: Mapping[Place, int]
    lag: Mapping[Place, int]
    committed_at: float | None = None
    detail: Mapping[str, Any] | None = None


class WatchedStream:
    """A stream application on the batch engine."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.config.app
        self.engine = engine

    def ready(self) -> Check:
        """Restored, assigned, not rebalancing."""
        return ready(self.engine.observer.vitals())

    def live(self, now: float, live_seconds: float) -> Sequence[Check]:
        """It breathes, and commits advance while records wait."""
        return live(self.engine.observer.vitals(), now, live_seconds)

    def state(self) -> State:
        """Its vitals in short."""
        vitals = self.engine.observer.vitals()
        backlog = self.engine.backlog
        detail = {
            "epoch": vitals.epoch,
            "state_entries": sum(vitals.entries.values()),
            "backlog_batches": len(backlog),
            "backlog_bytes": backlog.bytes,
            "applied": by_topic(vitals.applied),
        }
        return State(vitals.phase.value, vitals.committed, vitals.lag, vitals.committed_at, detail)


class WatchedSink:
    """A sink's consumer."""

    def __init__(self, consumer: SinkConsumer) -> None:
        self.name = consumer.name
        self.consumer = consumer

    def ready(self) -> Check:
        """Nothing is being waited for."""
        return _working(self.consumer)

    def live(self, now: float, live_seconds: float) -> Sequence[Check]:
        """Its loop comes by; while its store is away it waits, and that is no reason to kill it."""
        return [_seen(self.consumer.seen_at, now, live_seconds)]

    def state(self) -> State:
        """Positions and the tally since the start."""
        tally = self.consumer.counters
        detail = {"written": tally.applied, "read": tally.read, "troubles": self.consumer.troubles}
        return State(self.consumer.phase, self.consumer.positions, {}, self.consumer.written_at, detail)


class WatchedAlerts(WatchedSink):
    """Alerts: their consumer and the couriers; a receiver that is away makes nothing unready: others are told."""

    def __init__(self, service: AlertService) -> None:
        super().__init__(service.consumer)
        self.name = "alerts"
        self.couriers = service.couriers

    def live(self, now: float, live_seconds: float) -> Sequence[Check]:
        """The loops of the consumer and of every courier come by."""
        couriers = [_seen(courier.seen_at, now, live_seconds) for courier in self.couriers]
        return [*super().live(now, live_seconds), *couriers]

    def state(self) -> State:
        """As a sink's, and how each channel stands."""
        told = super().state()
        channels = {
            courier.channel.name: {
                "outcomes": dict(courier.outcomes),
                "trouble": courier.trouble,
                "waiting": courier.backlog and courier.backlog.waiting,
                "parked": courier.backlog and courier.backlog.parked,
            }
            for courier in self.couriers
        }
        return replace(told, detail={**(told.detail or {}), "channels": channels})


class WatchedRelay:
    """The relay of the outbox."""

    def __init__(self, relay: Relay, name: str = "relay") -> None:
        self.name = name
        self.relay = relay

    def ready(self) -> Check:
        """It leads or stands by, and nothing is being waited for."""
        return _working(self.relay)

    def live(self, now: float, live_seconds: float) -> Sequence[Check]:
        """Its loop comes by."""
        return [_seen(self.relay.seen_at, now, live_seconds)]

    def state(self) -> State:
        """What it sent, and what waits."""
        relay = self.relay
        detail = {"sent": relay.published, "refused": relay.refused, "pending": relay.pending, "parked": relay.parked}
        return State(relay.phase, {}, {}, relay.sent_at, detail)


class WatchedRefusals:
    """The watcher of what the broker refuses."""

    def __init__(self, watch: RefusalWatch, name: str) -> None:
        self.name = name
        self.watch = watch

    def ready(self) -> Check:
        """It reads the log, and nothing is being waited for."""
        return _working(self.watch)

    def live(self, now: float, live_seconds: float) -> Sequence[Check]:
        """Its loop comes by."""
        return [_seen(self.watch.seen_at, now, live_seconds)]

    def state(self) -> State:
        """What it recorded."""
        detail = {"recorded": self.watch.recorded, "attempts": self.watch.attempts}
        return State(self.watch.phase, {}, {}, self.watch.recorded_at, detail)


def _working(service: SinkConsumer | Relay | RefusalWatch) -> Check:
    name, phase, since = "nothing is away", service.phase, service.since
    if phase == "starting":
        return Check(name, holds=False, since=since, detail="has not begun", remediation="Wait.")
    if (trouble := service.trouble) is None:
        return Check(name, holds=True, since=since, detail=f"is {phase}")
    mend = "It goes on by itself when that is mended; `ordertruth doctor` looks at the parts."
    return Check(name, holds=False, since=since, detail=trouble.rstrip("."), remediation=mend)


def _seen(seen_at: float, now: float, live_seconds: float) -> Check:
    silent = now - seen_at
    if silent <= max(live_seconds, SERVICE_LIVE_SECONDS):
        return Check("loop", holds=True, since=seen_at, detail="comes by")
    text = f"has not been seen for {silent:.0f} s"
    mend = "Ask /stacks where it hangs, then kill it: nothing is lost, and its supervisor starts it again."
    return Check("loop", holds=False, since=seen_at, detail=text, remediation=mend)


def by_topic(positions: Mapping[Place, int]) -> dict[str, dict[str, int]]:
    """Offsets as JSON holds them: topic, then partition as text."""
    found: dict[str, dict[str, int]] = {}
    for (topic, partition), offset in sorted(positions.items()):
        found.setdefault(topic, {})[str(partition)] = offset
    return found
