"""Faults of the services: the broker killed or stopped, the database killed, the analytics away."""

from __future__ import annotations

import signal
import time
from typing import ClassVar

from compose.chaos.faults.fault import Fault

PROGRESS_SECONDS_MAX = 20.0


class _PartKill(Fault):
    """A part of the stack told to end at once, then started again on the data it has left."""

    part: ClassVar[str]
    _ended = False

    def inject(self) -> None:
        """Send the variant's signal to the part's process."""
        number = signal.Signals[self.step.variant or "SIGKILL"]
        pid = self.site.parts.send(self.part, number)
        self._ended = True
        self.observed |= {"pid": pid, "signal": number.name}

    def heal(self) -> None:
        """Start it again."""
        if self._ended:
            began = time.monotonic()
            self.site.parts.mend(self.part)
            self.observed["mended_seconds"] = round(time.monotonic() - began, 1)


class BrokerKill(_PartKill):
    """Kafka killed (SIGKILL) or shut down (SIGTERM), and started again: what it has acknowledged must be there."""

    name: ClassVar[str] = "broker-kill"
    part: ClassVar[str] = "kafka"


class PostgresRestart(_PartKill):
    """PostgreSQL killed, or shut down at once (SIGQUIT), between two rows: effects and positions must agree."""

    name: ClassVar[str] = "postgres-restart"
    part: ClassVar[str] = "postgres"


class ClickHouseDown(_PartKill):
    """ClickHouse away for a while: the authoritative path goes on, and the analytics catch up later."""

    name: ClassVar[str] = "clickhouse-down"
    part: ClassVar[str] = "clickhouse"

    def inject(self) -> None:
        """Kill it, and see that orders are still derived while it is away."""
        super().inject()
        before = self.site.read_so_far()
        time.sleep(self.step.seconds)
        deadline = time.monotonic() + PROGRESS_SECONDS_MAX
        while (gained := self.site.read_so_far() - before) <= 0 and time.monotonic() < deadline:
            time.sleep(0.2)
        self.observed |= {"away_seconds": self.step.seconds, "derived_meanwhile": gained}
        if gained <= 0:
            self.findings.append("Nothing was derived while ClickHouse was away.")


class BrokerPause(Fault):
    """Kafka stopped (SIGSTOP) beyond the session timeout: nobody can tell it from a network that is cut."""

    name: ClassVar[str] = "broker-pause"
    _stopped = False

    def inject(self) -> None:
        """Stop it for as long as the step says."""
        pid = self.site.parts.send("kafka", signal.SIGSTOP)
        self._stopped = True
        self.observed |= {"pid": pid, "stopped_seconds": self.step.seconds}
        time.sleep(self.step.seconds)

    def heal(self) -> None:
        """Let it go on."""
        if self._stopped:
            self.site.parts.send("kafka", signal.SIGCONT)
