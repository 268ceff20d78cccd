"""The watcher: what the authoriser's log tells of becomes records of the governance ledger."""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import psycopg
import structlog
from psycopg_pool import ConnectionPool

from domain.command import CommandOutcome, CommandResult
from domain.errors import OrdertruthError
from domain.governance_record.commands import RecordUnauthorizedMutation
from domain.governance_record.refusals import Refusals
from topics.refusals.line import denial
from topics.refusals.tail import Tail
from topics.store import AggregateStore
from topics.store.hosting import GOVERNANCE_RECORDS

AUTHORIZER = "kafka-authorizer"
POLL_S = 0.5
PAUSE_S_MAX = 5.0
DATABASE_S_MAX = 10.0
LINES_MAX = 20_000
"""Lines read between two looks at what is due."""
COMMANDS_MAX = 200
"""Commands of one transaction."""
UNSENT_MAX = 10_000
"""With so many commands waiting for the database, reading waits as well; the log keeps the rest."""

log = structlog.get_logger(__name__)


class RefusalWatch:
    """Records every refused mutation of a log, each group of them within seconds and once (R324, R345).

    Nothing is remembered between two runs: the log is read from its oldest line again, and the store knows the
    commands that follow from it. `recorded` counts the records made, `attempts` the refusals they stand for.
    """

    def __init__(self, path: Path, conninfo: str) -> None:
        self._tail = Tail(path)
        self._conninfo = conninfo
        self._refusals = Refusals(AUTHORIZER)
        self._unsent: deque[RecordUnauthorizedMutation] = deque()
        self._trouble = ""
        self.recorded = 0
        self.attempts = 0
        self.phase = "starting"
        """starting, watching or waiting (for what is away)."""
        self.since = self.seen_at = time.monotonic()
        self.recorded_at: float | None = None

    @property
    def trouble(self) -> str | None:
        """What is being waited for; None while all is well."""
        return self._trouble if self.phase == "waiting" else None

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; whatever is away is waited for, with growing pauses."""
        pause = POLL_S
        with ConnectionPool(self._conninfo, min_size=0, max_size=1, timeout=DATABASE_S_MAX) as pool:
            store = AggregateStore(pool, (GOVERNANCE_RECORDS,))
            while not stop.is_set():
                try:
                    self._step(store, datetime.now(UTC))
                    self._enter("watching")
                    pause = POLL_S
                except (psycopg.Error, OSError, OrdertruthError) as error:
                    self._trouble = str(error).strip()
                    self._enter("waiting")
                    pause = min(PAUSE_S_MAX, pause * 2)
                    log.warning("refusals_wait", unsent=len(self._unsent), why=self._trouble.splitlines()[:1])
                stop.wait(pause)
        self._tail.close()

    def _step(self, store: AggregateStore, now: datetime) -> None:
        """Read what is new and record what is due. In this order:

        1. lines become refusals, and refusals the commands that are due, which are kept until they are carried out;
        2. commands are carried out in the order they were made, and only then forgotten: after a failure in between
           the store answers those it had carried out from memory.
        """
        lines = islice(self._tail.lines(), LINES_MAX if len(self._unsent) < UNSENT_MAX else 0)
        for found in filter(None, map(denial, lines)):
            self._refusals.add(found)
        self._unsent.extend(self._refusals.due(now))
        while self._unsent:
            commands = list(islice(self._unsent, COMMANDS_MAX))
            results = store.handle_many([(command, now) for command in commands])
            for command, result in zip(commands, results, strict=True):
                self._count(command, result)
                self._unsent.popleft()

    def _count(self, command: RecordUnauthorizedMutation, result: CommandResult) -> None:
        if result.outcome is CommandOutcome.ACCEPTED:
            self.recorded += 1
            self.attempts += command.attempts
            self.recorded_at = time.monotonic()
            log.warning(
                "mutation_refused",
                principal=command.principal,
                operation=command.operation,
                resource=command.resource,
                attempts=command.attempts,
            )
        elif result.refusal is not None:
            # The minute was read before, when more or less of it was left in the log; it is recorded as it was then.
            log.debug("refusal_known", record=command.aggregate_id, code=result.refusal.code)

    def _enter(self, phase: str) -> None:
        self.seen_at = time.monotonic()
        if phase != self.phase:
            self.phase, self.since = phase, self.seen_at
