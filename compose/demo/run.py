"""The main job: an enterprise in which things go wrong, run through the whole platform, verified and scored."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg

from compose.demo.score import Found, Score, score
from compose.demo.wire import CarelessCarrier
from compose.derivations import CASES, DERIVATIONS, PLACING
from compose.platform import prepare
from compose.settings import Settings
from compose.simulate.faults.truth import Truth, in_order, read, write
from compose.simulate.publish import Progress as Running
from compose.simulate.publish import Run
from compose.stack.endpoints import BROKER_OBSERVER, Endpoints
from compose.supervise import Supervised
from compose.verify import accounting
from compose.verify.raw import read_all
from compose.verify.rest import waiting_for_time
from compose.verify.run import CONSUMER, POLL_SECONDS, Report, in_flight, verify
from domain.errors import UnavailableError
from sinks.postgres.reader import read_records
from sinks.tables import ORDER_STATE, RECONCILIATION_CASES
from streams.engine.processor import Counts
from topics.catalogue import ORDER_STATE_CHANGELOG, PRODUCT_ORDERS
from topics.relay.delivery import Carrier

PROFILE = "mixed"
SETTLE_SECONDS = 120.0
SETTLE_SECONDS_EACH = 0.5
"""How long the platform may need besides for each matter: they are published faster than they are derived."""
WORKERS = ((CONSUMER,), (PLACING,), *((app,) for app in DERIVATIONS), (CASES,))
SERVICES = ("sink-postgres", "sink-clickhouse")


@dataclass(slots=True)
class Progress:
    """What has happened so far; written by the demonstration's threads, read by whoever shows it."""

    running: Running
    phase: str = "starting"
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
    score: Score
    orders: int
    cases: dict[str, Any]
    versions: dict[str, str]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether everything is as it should be: nothing differs, nothing was missed, nothing falsely found."""
        return not (self.report.mismatches or self.report.violations or self.score.missed or self.score.false)

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it; counts are this run's, those under `verify` are of all runs."""
        return {
            "matters": self.progress.running.orders,
            "orders": self.orders,
            "seed": self.seed,
            "commands": self.progress.running.commands,
            "commands_refused": self.progress.running.refused,
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
            **self.score.to_plain(),
            "cases": self.cases,
            "verify": self.report.to_plain(),
            "worker_restarts": self.progress.restarts,
            "seconds": round(self.seconds, 3),
            "stack": self.versions,
        }


class Demonstration:
    """One run of the demonstration over a running stack; `run` returns when everything is verified."""

    def __init__(self, settings: Settings, endpoints: Endpoints, *, orders: int, seed: int) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._seed = seed
        self._carrier: CarelessCarrier | None = None
        self._run = Run(settings, endpoints, orders=orders, seed=seed, profile=PROFILE, rate=0, carrier=self._careless)
        self.progress = Progress(self._run.progress)

    def run(self) -> Summary:
        """Do it, in this order:

        1. topics, schemas and tables are made ready, and it is noted what the consumer had read before;
        2. workers and sinks start as processes of their own, the relay in this one;
        3. the enterprise runs, with faults, behind a network that repeats and reorders;
        4. everything published is derived and copied, and two days later what is still wrong has become a case;
        5. the whole is verified from the raw topics, and the cases are held against what was done wrong.

        Raises `UnavailableError` when the platform does not come to rest.
        """
        began = time.monotonic()
        self.progress.phase = "preparing topics, schemas and tables"
        prepare(self._settings, self._endpoints)
        before = _read_so_far(self._endpoints)
        with ExitStack() as cleanup:
            self.progress.phase = "starting workers"
            observing = (BROKER_OBSERVER,) if self._endpoints.denials else ()
            started = (*WORKERS, (*SERVICES, *observing))
            workers = [cleanup.enter_context(Supervised(self._settings, apps)) for apps in started]
            self.progress.phase = "running the enterprise"
            done = self._run.through_store()
            self.progress.phase = "deriving and copying"
            self._settle(workers)
            self.progress.phase = "verifying from the raw topics"
            report = verify(self._endpoints, settle_seconds=SETTLE_SECONDS)
        self.progress.phase = "verified"
        after = Counts(**report.accounting["total"])
        cases, accounts = self._read()
        return Summary(
            self._seed,
            self.progress,
            done.published_by_topic,
            Counts(*(b - a for a, b in zip(before.to_plain(), after.to_plain(), strict=True))),
            report,
            score(self._truths(done.truths), cases, f"sim-{self._seed}", accounts),
            sum(order.startswith(f"sim-{self._seed}:") for order in accounts),
            _told_of(cases),
            dict(self._endpoints.versions),
            time.monotonic() - began,
        )

    def _careless(self, honest: Carrier) -> Carrier:
        self._carrier = CarelessCarrier(honest, self._seed)
        return self._carrier

    def _settle(self, workers: list[Supervised]) -> None:
        kafka = self._endpoints.kafka_config()
        deadline = time.monotonic() + SETTLE_SECONDS + SETTLE_SECONDS_EACH * self.progress.running.orders
        while True:
            self.progress.behind = in_flight(self._endpoints)
            self.progress.restarts = sum(worker.restarts for worker in workers)
            if self._carrier is not None:
                self.progress.duplicated, self.progress.swapped = self._carrier.duplicated, self._carrier.swapped
            waiting = [] if any(self.progress.behind.values()) else waiting_for_time(kafka, self._run.clock())
            if not waiting and not any(self.progress.behind.values()):
                return
            if time.monotonic() > deadline:
                logs = ", ".join(str(worker.log_path) for worker in workers)
                told = {**{name: count for name, count in self.progress.behind.items() if count}, "waiting": waiting}
                raise UnavailableError(f"The platform is not at rest: {told}.", remediation=f"See {logs}.")
            time.sleep(POLL_SECONDS)

    def _truths(self, made: tuple[Truth, ...]) -> tuple[Truth, ...]:
        """What was done wrong, kept beside the data: a repeated run publishes nothing, and does nothing wrong again."""
        path = self._settings.state_path / "simulations" / f"sim-{self._seed}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        known = read(path) if path.exists() else ()
        truths = in_order({(t.fault, t.entity_id): t for t in (*known, *made)}.values())
        write(path, truths)
        return truths

    def _read(self) -> tuple[list[Found], dict[str, str]]:
        """Every case, and the account of each order."""
        with psycopg.connect(self._endpoints.database_url) as connection:
            cases = [Found.of(row) for _, row in read_records(connection, RECONCILIATION_CASES)]
            return cases, {key: row["accountId"] for key, row in read_records(connection, ORDER_STATE)}


def _told_of(cases: list[Found]) -> dict[str, Any]:
    """Figures about the cases: how many of each status, and the money at risk in the open ones, by currency."""
    return {
        "all": len(cases),
        "by_status": dict(Counter(case.status for case in cases)),
        "money_at_risk": {c: str(a) for c, a in sorted(_money(cases).items())},
    }


def _money(cases: list[Found]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for case in cases:
        if case.is_open:
            for currency, amount in case.money:
                total[currency] = total.get(currency, 0) + amount
    return total


def _read_so_far(endpoints: Endpoints) -> Counts:
    found = accounting.positions(read_all(endpoints.kafka_config(), ORDER_STATE_CHANGELOG.name))
    return Counts(**accounting.table(PRODUCT_ORDERS.name, found)["total"])
