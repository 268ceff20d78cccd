"""The simulation published: through store, outbox and relay, or straight to Kafka."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

from confluent_kafka import Producer
from psycopg_pool import ConnectionPool

from avro.moments import microseconds
from avro.registry import Registry
from compose.platform import prepare
from compose.settings import Settings
from compose.simulate import direct
from compose.simulate.ahead import Batch, Sent, in_own_process
from compose.simulate.enterprise import Enterprise
from compose.simulate.faults.carrier import FaultyCarrier
from compose.simulate.faults.truth import Faults, Truth, in_order
from compose.simulate.faults.wire import Wire
from compose.simulate.world import Happened
from compose.stack.endpoints import Endpoints
from domain.command import Command, CommandResult
from domain.errors import IntegrityError, UnavailableError
from streams.engine.ticks import publish_tick
from topics.catalogue import CLOCK, topic_named
from topics.relay import Relay
from topics.relay.delivery import Carrier, Delivery
from topics.relay.leader import Precedence
from topics.store import AggregateStore
from topics.store.hosting import HOSTED

FLUSH_S = 60.0
AFTERWARDS = timedelta(days=2)
"""How long after its newest event a run ends: every settle window is over by then."""
LEAD_S = 60.0
"""How long the relay of a run may need to take the lead."""
_PRODUCER = {
    "partitioner": "murmur2_random",
    "linger.ms": 20,
    "enable.idempotence": True,
    "compression.type": "lz4",
    "queue.buffering.max.messages": 200_000,
}


@dataclass(slots=True)
class Progress:
    """What has happened so far; written by the run's threads, read by whoever shows it."""

    orders: int
    phase: str = "starting"
    orders_done: int = 0
    commands: int = 0
    refused: int = 0
    events: int = 0
    published: int = 0


@dataclass(slots=True)
class Summary:
    """What a run came to."""

    seed: int
    profile: str
    progress: Progress
    published_by_topic: dict[str, int]
    truths: tuple[Truth, ...]
    seconds: float
    direct: bool

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "orders": self.progress.orders,
            "seed": self.seed,
            "tenant": f"sim-{self.seed}",
            "direct": self.direct,
            "commands": self.progress.commands,
            "commands_refused": self.progress.refused,
            "events": self.progress.events,
            "events_published": sum(self.published_by_topic.values()),
            "events_published_by_topic": self.published_by_topic,
            "faults": {"profile": self.profile, "injected": dict(Counter(truth.fault for truth in self.truths))},
            "seconds": round(self.seconds, 3),
        }


@dataclass(slots=True)
class Pace:
    """At most so many events in a second of the wall; 0 is as fast as possible."""

    rate: float
    _began: float = field(default_factory=time.monotonic)
    _events: int = 0

    def wait(self, events: int) -> None:
        """Wait until so many further events are due."""
        self._events += events
        if self.rate > 0:
            time.sleep(max(0.0, self._began + self._events / self.rate - time.monotonic()))


class Carrying(Protocol):
    """What sending needs of a store."""

    def handle_many(self, sent: Sequence[tuple[Command, datetime]]) -> list[CommandResult]:
        """Carry out commands, each at its own time, in one transaction."""
        ...


class Run:
    """One run of the simulation over a running stack."""

    def __init__(
        self,
        settings: Settings,
        endpoints: Endpoints,
        *,
        orders: int,
        seed: int,
        profile: str,
        rate: float,
        carrier: Callable[[Carrier], Carrier] = lambda honest: honest,
    ) -> None:
        self.progress = Progress(orders)
        self._carrier = carrier
        self._settings = settings
        self._endpoints = endpoints
        self._seed = seed
        self._profile = profile
        self._rate = rate
        self._newest: datetime | None = None
        self._faults = Faults(seed, profile)
        self._wire = Wire(self._faults)
        self._orders = orders
        self._enterprise = Enterprise(orders, seed, self._faults)

    def through_store(self) -> Summary:
        """Commands through the store, events through outbox and relay, in this order:

        1. topics, schemas and tables are made ready;
        2. the relay starts, with the faults of the profile between it and Kafka;
        3. the enterprise runs, and its commands are sent in batches;
        4. the outbox is drained.
        """
        began = time.monotonic()
        self._prepare()
        with Relaying(self._endpoints, self._wire, self.progress, self._carrier) as relay:
            self.progress.phase = "running the enterprise"
            with ConnectionPool(self._endpoints.database_url, min_size=1, max_size=2) as pool:
                store, pace = AggregateStore(pool, HOSTED), Pace(self._rate)
                for found in in_own_process(self._orders, self._seed, self._profile):
                    if isinstance(found, Batch):
                        send(store, found.sent)
                        pace.wait(self._count(found))
                    else:
                        made = found
            self.progress.phase = "publishing what is left in the outbox"
            published = relay.finish()
        return self._summary(published, began, made, direct=False)

    def straight(self) -> Summary:
        """Events to Kafka without store and outbox; the same events, several times faster."""
        began = time.monotonic()
        self._prepare()
        self.progress.phase = "running the enterprise"
        published: Counter[str] = Counter()
        owners = Owners(self._endpoints)
        pace = Pace(self._rate)
        with Registry(self._endpoints.registry_url) as registry:
            passed = self._wire.all(direct.messages(self._counted(self._enterprise.run())))
            for record in direct.records(passed, registry.id_for):
                owners.produce(record)
                published[record.topic] += 1
                self.progress.published += 1
                pace.wait(1)
        owners.finish()
        return self._summary(dict(published), began, (), direct=True)

    def _prepare(self) -> None:
        self.progress.phase = "preparing topics, schemas and tables"
        prepare(self._settings, self._endpoints)

    def _counted(self, happened: Iterable[Happened]) -> Iterator[Happened]:
        progress = self.progress
        for told in happened:
            progress.commands += 1
            progress.refused += told.refusal is not None
            progress.events += len(told.events) + (told.attempt is not None)
            progress.orders_done = self._enterprise.orders_done
            self._newest = told.at
            yield told

    def _count(self, batch: Batch) -> int:
        events = sum(sent.events for sent in batch.sent)
        self.progress.commands += len(batch.sent)
        self.progress.refused += sum(sent.refused is not None for sent in batch.sent)
        self.progress.events += events
        self.progress.orders_done = batch.orders_done
        self._newest = batch.sent[-1].at
        return events

    def clock(self) -> dict[str, int]:
        """What the tenant's clock shows after the run, in microseconds: some time after its newest event."""
        return {} if self._newest is None else {f"sim-{self._seed}": microseconds(self._newest + AFTERWARDS)}

    def _tick(self) -> None:
        """Say how late it is for the tenant: what waits for a deadline may look."""
        if self._newest is not None:
            publish_tick(self._endpoints.kafka_config(), CLOCK.name, f"sim-{self._seed}", self._newest + AFTERWARDS)

    def _summary(self, published: dict[str, int], began: float, made: tuple[Truth, ...], *, direct: bool) -> Summary:
        """`made` are faults of journeys that went on elsewhere; those of the wire are known here."""
        self._tick()
        self.progress.phase = "published"
        truths = in_order((*made, *self._faults.truths()))
        seconds = time.monotonic() - began
        return Summary(self._seed, self._profile, self.progress, published, truths, seconds, direct)


def send(store: Carrying, batch: Sequence[Sent]) -> None:
    """Carry out a batch once more, through the store; the one place where the simulation meets it.

    Raises `IntegrityError` when the store decides otherwise than the simulation did.
    """
    results = store.handle_many([(sent.command, sent.at) for sent in batch])
    for sent, result in zip(batch, results, strict=True):
        _require_same(sent, result)


def _require_same(sent: Sent, result: CommandResult) -> None:
    code = result.refusal.code if result.refusal else None
    if code != sent.refused:
        message = f"{sent.command.name} on {sent.command.aggregate_id} came to {code}, not to {sent.refused}."
        remediation = "Simulate another seed, or on an empty database: this seed was simulated otherwise before."
        raise IntegrityError(message, remediation=remediation)


class Owners:
    """Each owner's producer; the same one for all where the broker does not know them apart."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._config: dict[str, Any] = {**endpoints.kafka_config(), **_PRODUCER}
        self._identities = endpoints.identities()
        self._producers: dict[str, Producer] = {}
        self._failed: list[str] = []

    def produce(self, record: direct.Record) -> None:
        """Queue a record for its topic as that topic's owner, waiting for room."""
        producer = self._of(topic_named(record.topic).owner)
        while True:
            try:
                producer.produce(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    on_delivery=self._told,
                )
            except BufferError:
                producer.poll(0.1)
                continue
            producer.poll(0)
            return

    def finish(self) -> None:
        """Wait until everything is published. Raises `UnavailableError` when the broker did not take all of it."""
        left = sum(producer.flush(FLUSH_S) for producer in self._producers.values())
        if left or self._failed:
            message = f"Kafka did not take all events: {self._failed[0] if self._failed else 'no answer in time'}."
            raise UnavailableError(message, remediation="Start the broker and run the simulation again.")

    def _of(self, owner: str) -> Producer:
        name = owner if owner in self._identities else ""
        if name not in self._producers:
            self._producers[name] = Producer({**self._config, **self._identities.get(name, {})})
        return self._producers[name]

    def _told(self, error: object, _: object) -> None:
        if error is not None:
            self._failed.append(str(error))


class Relaying:
    """The relay in a thread, with the faulty wire between it and Kafka, for the length of a block.

    Other relays step aside for so long: they would publish what this run's wire has not had.
    """

    def __init__(
        self, endpoints: Endpoints, wire: Wire, progress: Progress, between: Callable[[Carrier], Carrier]
    ) -> None:
        self._precedence = Precedence(endpoints.database_url)
        self._registry = Registry(endpoints.registry_url)
        honest = between(Delivery(endpoints.kafka_config(), endpoints.identities()))
        carrier = FaultyCarrier(honest, wire, self._registry.id_for)
        self._relay = Relay(
            endpoints.database_url, endpoints.kafka_config(), self._registry, carrier=carrier, precedence=True
        )
        self._carrier = carrier
        self._progress = progress
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def _run(self) -> None:
        watch = threading.Thread(target=self._watch, name="relay-watch", daemon=True)
        watch.start()
        self._relay.run(self._stop)

    def _watch(self) -> None:
        while not self._stop.wait(0.25):
            self._progress.published = self._relay.published

    def finish(self) -> dict[str, int]:
        """Publish everything that is left; how many records of the run went to each topic.

        Raises `UnavailableError` when the database was away meanwhile: another relay may have published some of them.
        """
        self._stop.set()
        self._thread.join()
        self._relay.drain()
        if not self._precedence.lasts():
            message = "The database was away during the run, and some faults may be missing on the topics."
            raise UnavailableError(message, remediation="Simulate another seed.")
        self._progress.published = self._carrier.sent.total()
        return dict(self._carrier.sent)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + LEAD_S
        while self._relay.phase != "leading":
            if time.monotonic() > deadline:
                self.__exit__()
                message = f"The outbox cannot be published: {self._relay.trouble or 'another relay holds the lead'}"
                raise UnavailableError(message, remediation="Stop the other relay, or simulate with --direct.")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._relay.close()
        self._registry.close()
        self._precedence.close()
