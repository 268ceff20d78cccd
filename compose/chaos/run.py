"""A chaos run from start to judgement."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from uuid import uuid4

from compose.chaos.faults import FAULTS
from compose.chaos.faults.fault import Fault, Site
from compose.chaos.fleet import Fleet
from compose.chaos.load import Load
from compose.chaos.oracle import judge
from compose.chaos.parts import Parts
from compose.chaos.recovery import RecoveryWatch
from compose.chaos.report import ChaosReport, Outcome
from compose.chaos.schedule import WORKER_KILL, Step, plan, seconds_max
from compose.platform import prepare
from compose.settings import Settings
from compose.stack.assembly import embedded_names
from compose.stack.endpoints import Endpoints
from compose.stack.lifecycle import running_stack
from compose.stack.part import PARTS, SETTING_OF
from compose.stack.progress import Reporter, Silent
from compose.verify.run import in_flight, verify
from domain.errors import ConfigurationError, OrdertruthError, UnavailableError

WARM_UP_SECONDS = 2.0
START_SECONDS_MAX = 240.0
"""A part that is started again shares the machine with everything that waits for it."""
BETWEEN_SECONDS_MAX = 45.0
"""How long a step that wants the platform settled waits for it."""
SETTLE_SECONDS = 120.0
POLL_SECONDS = 0.5
LOUD = ("topics.relay.librdkafka", "psycopg.pool")
"""Libraries that tell of each attempt to reach what was killed on purpose."""

Told = Callable[[str], None]


@contextmanager
def _quiet() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in LOUD}
    try:
        for name in LOUD:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def own_settings(settings: Settings) -> Settings:
    """The settings of a stack of the run's own: a new folder under the state folder, ports of its own.

    Raises `ConfigurationError` when a setting names a service: nobody else's broker or database is ever harmed.
    """
    named = [SETTING_OF[name] for name in PARTS if name not in embedded_names(settings)]
    if named:
        message = f"Chaos kills services, and {', '.join(named)} names one that is not its own."
        raise ConfigurationError(message, remediation=f"Unset {', '.join(named)}: the run starts a stack of its own.")
    ports = dict.fromkeys(("kafka_port", "registry_port", "postgres_port", "clickhouse_port"))
    return settings.model_copy(
        update={
            "state_dir": settings.state_path / f"chaos-{uuid4().hex[:8]}",
            "cache_dir": settings.cache_path,
            "stack": settings.stack.model_copy(update={**ports, "secure": False, "start_timeout_s": START_SECONDS_MAX}),
        }
    )


class Chaos:
    """One run; `run` returns when it is judged. `told` is given a line for each thing that happens.

    The stack's folder is removed after a good run and kept after a bad one.
    """

    def __init__(
        self, settings: Settings, *, seed: int, kills: int, faults: Sequence[str], workers: int, told: Told = print
    ) -> None:
        self.settings = own_settings(settings)
        schedule = plan(seed, kills, faults)
        self.report = ChaosReport(seed, kills, workers, schedule, folder=str(self.settings.state_path))
        self._told = told
        self._faults: list[Fault] = []

    def run(self, showing: AbstractContextManager[Reporter] | None = None) -> ChaosReport:
        """Do it, in this order:

        1. a stack is started in a folder of its own, and topics, schemas and tables are made ready;
        2. workers and sinks start as processes of their own, writers and the relay in this one;
        3. each fault of the schedule comes at its time, is healed, and its recovery is watched, while orders go on;
        4. no more orders are placed, the outbox is drained, and everything published is derived and copied;
        5. the workers stop; `verify` and the oracle judge what lies in the topics and stores.

        `showing` is where the stack's start is shown. Raises `UnavailableError` when the stack does not start.
        """
        self._began = time.monotonic()
        with ExitStack() as cleanup:
            cleanup.enter_context(_quiet())
            with showing or nullcontext(Silent()) as reporter:
                endpoints = cleanup.enter_context(running_stack(self.settings, reporter))
            self._told("preparing topics, schemas and tables")
            prepare(self.settings, endpoints)
            self._attack(endpoints)
            if not self.report.in_flight:
                self._judge(endpoints)
        self.report.seconds = time.monotonic() - self._began
        if self.report.good:
            shutil.rmtree(self.settings.state_path, ignore_errors=True)
            self.report.folder = ""
        return self.report

    def _attack(self, endpoints: Endpoints) -> None:
        report = self.report
        with (
            Fleet(self.settings, endpoints, report.workers) as fleet,
            Load(endpoints, report.seed) as load,
            RecoveryWatch(endpoints.kafka_config()) as watch,
        ):
            self._site = Site(endpoints, Path(self.settings.state_path), fleet, Parts(self.settings), load)
            fleet.await_members(fleet.instances)
            time.sleep(WARM_UP_SECONDS)
            deadline = time.monotonic() + seconds_max(report.schedule)
            for step in report.schedule:
                if time.monotonic() > deadline:
                    report.findings.append(f"Time was over before step {step.number}.")
                    break
                self._take(step, watch)
            self._told("no more faults; publishing what is left in the outbox")
            report.published = load.finish()
            self._told("deriving states and copying them")
            self._rest(endpoints)
            watch.settled(POLL_SECONDS * 4)
            for outcome, fault in zip(report.outcomes, self._faults, strict=True):
                outcome.observed = fault.outcome()
            report.commands = load.commands
            report.commands_repeated = load.repeated
            report.worker_restarts = fleet.restarts
            report.poison = len(self._site.poisons)
            report.zombie_commits_refused = self._site.zombie_commits_refused

    def _take(self, step: Step, watch: RecoveryWatch) -> None:
        if step.settled and not watch.settled(BETWEEN_SECONDS_MAX):
            self.report.findings.append(f"Before step {step.number} the platform had not recovered from those before.")
        time.sleep(step.delay_seconds)
        fault = FAULTS[step.fault](self._site, step)
        began = time.monotonic()
        outcome = Outcome(step, round(began - self._began, 1), findings=fault.findings)
        self._told(f"{step.number}/{len(self.report.schedule)} {step.fault} {step.variant}".rstrip())
        try:
            try:
                fault.inject()
            finally:
                fault.heal()
        except OrdertruthError as error:
            fault.findings.append(str(error))
        if fault.recovers:
            outcome.recovery = watch.expect(began)
        for finding in fault.findings:
            self._told(f"  {finding}")
        self._faults.append(fault)
        self.report.outcomes.append(outcome)

    def _rest(self, endpoints: Endpoints) -> None:
        """Wait until everything published has been derived and copied; what is not in the end stays in the report."""
        deadline = time.monotonic() + SETTLE_SECONDS
        behind: dict[str, int] = {"order-state": 1}
        while any(behind.values()):
            if time.monotonic() > deadline:
                self.report.in_flight = {name: count for name, count in behind.items() if count}
                logs = ", ".join(self._site.fleet.logs)
                self.report.findings.append(f"Not at rest after {SETTLE_SECONDS:g} s: {behind}. See {logs}.")
                return
            time.sleep(POLL_SECONDS)
            try:
                behind = in_flight(endpoints, ())
            except UnavailableError as error:
                self._told(f"waiting: {error.message}")

    def _judge(self, endpoints: Endpoints) -> None:
        self._told("verifying from the raw topics")
        self.report.verify = verify(endpoints, settle_seconds=SETTLE_SECONDS, apps=())
        self.report.findings += [f"verify: {note}" for note in self.report.verify.notes]
        self._told("judging counts, order of versions and dead letters")
        self.report.judgement = judge(endpoints, self.report.verify, self._site.poisons)
        kills = sum(1 for o in self.report.outcomes if o.step.fault == WORKER_KILL and "pid_after" in o.observed)
        if kills < self.report.kills:
            self.report.findings.append(f"Only {kills} of {self.report.kills} kills were done.")
