"""The main job: orders through commands, store, outbox, Kafka, streams and sinks, then verified."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from psycopg_pool import ConnectionPool

from avro.registry import Registry
from compose.demo.stories import Sent, stories
from compose.demo.wire import CarelessWire
from compose.platform import prepare
from compose.settings import Settings
from compose.stack.endpoints import BROKER_OBSERVER, Endpoints
from compose.supervise import Supervised
from compose.verify import accounting
from compose.verify.raw import read_all
from compose.verify.run import CONSUMER, POLL_SECONDS, Report, in_flight, verify
from domain.command import CommandOutcome
from domain.errors import UnavailableError
from streams.engine.processor import Counts
from topics.catalogue import ORDER_STATE_CHANGELOG, PRODUCT_ORDERS
from topics.outbox import OutboxMessage
from topics.relay import Relay
from topics.store import AggregateStore

WRITERS = 3
SETTLE_SECONDS = 120.0


@dataclass(slots=True)
class Progress:
    """What has happened so far; written by the demonstration's threads, read by whoever shows it."""

    orders: int
    phase: str = "starting"
    orders_done: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    published: int = 0
    duplicated: int = 0
    swapped: int = 0
    behind: dict[str, int] = field(default_factory=dict)
    restarts: int = 0


@dataclass(slots=True)
class Summary:
    """What the demonstration came to."""

    seed: int
    progress: Progress
    published_by_topic: dict[str, int]
    counts: Counts
    report: Report
    versions: dict[str, str]
    seconds: float

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it; counts are this run's, those under `verify` are of all runs."""
        return {
            "orders": self.progress.orders,
            "seed": self.seed,
            "commands": dict(self.progress.commands),
            "refusals": dict(self.progress.refusals),
            "events_published": sum(self.published_by_topic.values()),
            "events_published_by_topic": self.published_by_topic,
            "events_duplicated": self.progress.duplicated,
            "events_reordered": self.progress.swapped,
            "events_read": self.counts.read,
            "events_applied": self.counts.applied,
            "duplicates": self.counts.duplicate,
            "stale": self.counts.stale,
            "dead_lettered": self.counts.dead_lettered,
            "read_model": {"order_state": self.report.read_model},
            "analytics": {"order_state": self.report.analytics},
            "verify": self.report.to_plain(),
            "worker_restarts": self.progress.restarts,
            "seconds": round(self.seconds, 3),
            "stack": self.versions,
        }


class Demonstration:
    """One run of the demonstration over a running stack; `run` returns when everything is verified."""

    def __init__(self, settings: Settings, endpoints: Endpoints, *, orders: int, seed: int) -> None:
        self.progress = Progress(orders)
        self._settings = settings
        self._endpoints = endpoints
        self._seed = seed
        self._lock = threading.Lock()

    def run(self) -> Summary:
        """Do it, in this order:

        1. topics, schemas and tables are made ready, and it is noted what the consumer had read before;
        2. workers and sinks start as processes of their own, the relay in this one;
        3. every order's commands are carried out, several orders at a time;
        4. the outbox is drained, and everything published is derived and copied;
        5. the workers stop, and the whole is verified from the raw topics.

        Raises `UnavailableError` when the platform does not come to rest.
        """
        began = time.monotonic()
        self.progress.phase = "preparing topics, schemas and tables"
        prepare(self._settings, self._endpoints)
        before = _read_so_far(self._endpoints)
        with ExitStack() as cleanup:
            self.progress.phase = "starting workers"
            services = ["sink-postgres", "sink-clickhouse", *([BROKER_OBSERVER] if self._endpoints.denials else [])]
            workers = [
                cleanup.enter_context(Supervised(self._settings, [CONSUMER])),
                cleanup.enter_context(Supervised(self._settings, services)),
            ]
            relay = cleanup.enter_context(self._relaying())
            self.progress.phase = "placing and delivering orders"
            self._place()
            self.progress.phase = "publishing what is left in the outbox"
            published = relay.finish()
            self.progress.phase = "deriving states and copying them"
            self._settle(workers)
        self.progress.phase = "verifying from the raw topics"
        report = verify(self._endpoints, settle_seconds=SETTLE_SECONDS)
        self.progress.phase = "verified"
        after = Counts(**report.accounting["total"])
        return Summary(
            self._seed,
            self.progress,
            published,
            Counts(*(b - a for a, b in zip(before.to_plain(), after.to_plain(), strict=True))),
            report,
            dict(self._endpoints.versions),
            time.monotonic() - began,
        )

    def _relaying(self) -> Relaying:
        return Relaying(self._endpoints, self._seed, self.progress)

    def _place(self) -> None:
        with ConnectionPool(self._endpoints.database_url, min_size=WRITERS, max_size=WRITERS + 1) as pool:
            store = AggregateStore(pool)
            with ThreadPoolExecutor(WRITERS, thread_name_prefix="writer") as writers:
                told = [writers.submit(self._carry_out, store, s) for s in stories(self.progress.orders, self._seed)]
                for future in told:
                    future.result()

    def _carry_out(self, store: AggregateStore, story: list[Sent]) -> None:
        for sent in story:
            result = store.handle(sent.command, sent.at)
            with self._lock:
                self.progress.commands[result.outcome.value] += 1
                if result.outcome is CommandOutcome.REFUSED and result.refusal is not None:
                    self.progress.refusals[result.refusal.code] += 1
        with self._lock:
            self.progress.orders_done += 1

    def _settle(self, workers: list[Supervised]) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            self.progress.behind = in_flight(self._endpoints)
            self.progress.restarts = sum(worker.restarts for worker in workers)
            if not any(self.progress.behind.values()):
                return
            if time.monotonic() > deadline:
                logs = ", ".join(str(worker.log_path) for worker in workers)
                message = f"The platform is not at rest after {SETTLE_SECONDS:g} s: {self.progress.behind}."
                raise UnavailableError(message, remediation=f"See {logs}.")
            time.sleep(POLL_SECONDS)


class Relaying:
    """The relay in a thread, behind the careless wire, for the length of a block."""

    def __init__(self, endpoints: Endpoints, seed: int, progress: Progress) -> None:
        self._registry = Registry(endpoints.registry_url)
        self._wire = CarelessWire(seed)
        self._relay = Relay(
            endpoints.database_url,
            endpoints.kafka_config(),
            self._registry,
            identities=endpoints.identities(),
            wire=self._send,
        )
        self._progress = progress
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._relay.run, args=(self._stop,), name="relay", daemon=True)

    def _send(self, messages: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        sent = self._wire(messages)
        self._progress.duplicated = self._wire.duplicated
        self._progress.swapped = self._wire.swapped
        self._progress.published = self._relay.published
        return sent

    def finish(self) -> dict[str, int]:
        """Publish everything that is left; how many events went to each topic."""
        self._stop.set()
        self._thread.join()
        self._relay.drain()
        self._progress.published = self._relay.published
        return dict(self._relay.published_by_topic)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._relay.close()
        self._registry.close()


def _read_so_far(endpoints: Endpoints) -> Counts:
    found = accounting.positions(read_all(endpoints.kafka_config(), ORDER_STATE_CHANGELOG.name))
    return Counts(**accounting.table(PRODUCT_ORDERS.name, found)["total"])
