"""The workers under attack, and who works on which partitions."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, suppress
from typing import Self

import psutil

from compose.chaos.membership import Members, members
from compose.settings import Settings
from compose.stack.endpoints import Endpoints
from compose.supervise import Supervised
from compose.verify.run import CONSUMER
from domain.errors import UnavailableError

SINKS = ("sink-postgres", "sink-clickhouse")
POLL_SECONDS = 0.1
ALIVE_SECONDS_MAX = 30.0
MEMBERS_SECONDS_MAX = 40.0
MEMBERS_POLL_SECONDS = 0.4
BACKOFF_SECONDS_MAX = 1.0
"""Restarts come quickly here: a kill is only a test of what is running."""


class Fleet:
    """Supervised order-state workers, instances `0` to `workers - 1`, and the sinks; for the length of a block."""

    def __init__(self, settings: Settings, endpoints: Endpoints, workers: int) -> None:
        self.workers = workers
        self._settings = settings
        self._kafka = endpoints.kafka_config()
        self._cleanup = ExitStack()
        self._running: dict[str, Supervised] = {}
        self._restarts_before = 0

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.callback(self._stop)
            self._sinks = self._cleanup.enter_context(Supervised(self._settings, SINKS))
            for number in range(self.workers):
                self.add(str(number))
            starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        for instance in list(self._running):
            self.remove(instance)
        self._cleanup.close()

    @property
    def instances(self) -> list[str]:
        """The order-state workers there are."""
        return sorted(self._running)

    @property
    def restarts(self) -> int:
        """How often supervision has started a worker or the sinks again."""
        return self._restarts_before + self._sinks.restarts + sum(w.restarts for w in self._running.values())

    @property
    def logs(self) -> list[str]:
        """Where the processes' logs are."""
        return [str(w.log_path) for w in (*self._running.values(), self._sinks)]

    def add(self, instance: str) -> None:
        """Start one more order-state worker."""
        worker = Supervised(self._settings, [CONSUMER], instance=instance, backoff_seconds_max=BACKOFF_SECONDS_MAX)
        self._running[instance] = worker.__enter__()

    def remove(self, instance: str) -> None:
        """Drain and stop a worker."""
        worker = self._running.pop(instance)
        self._restarts_before += worker.restarts
        worker.__exit__(None, None, None)

    def victim(self, choice: int) -> str:
        """The worker a fault has chosen among those there are."""
        return self.instances[choice % len(self.instances)]

    def send(self, instance: str, number: signal.Signals) -> int:
        """Send a signal to the worker process itself, once it runs; its process id."""
        pid = self.await_alive(instance)
        os.kill(pid, number)
        return pid

    def restarts_of(self, instance: str) -> int:
        """How often this worker was started again."""
        return self._running[instance].restarts

    def await_alive(self, instance: str, *, other_than: int | None = None) -> int:
        """The process id of the worker once it runs; `other_than` a process that is gone or going.

        Raises `UnavailableError` when supervision has not started it within half a minute.
        """
        deadline = time.monotonic() + ALIVE_SECONDS_MAX
        while True:
            pid = self._running[instance].pid
            if pid is not None and pid != other_than and _lives(pid):
                return pid
            if time.monotonic() > deadline:
                message = f"Worker {instance} of {CONSUMER} was not started again."
                raise UnavailableError(message, remediation=f"See {self._running[instance].log_path}.")
            time.sleep(POLL_SECONDS)

    def members(self) -> Members:
        """Who works on what, as the broker has it; empty while the group rebalances or the broker is away."""
        return members(self._kafka)

    def await_members(self, instances: list[str], timeout_seconds: float = MEMBERS_SECONDS_MAX) -> Members:
        """Who works on what once exactly these workers are the group; what is so at the end of the timeout."""
        deadline = time.monotonic() + timeout_seconds
        while sorted(found := self.members()) != sorted(instances) and time.monotonic() < deadline:
            time.sleep(MEMBERS_POLL_SECONDS)
        return found


def _lives(pid: int) -> bool:
    with suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
