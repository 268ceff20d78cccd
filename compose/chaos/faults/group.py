"""Faults of the workers: killed, stopped for too long, joined by others, bereft of what they kept on disk."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from typing import ClassVar

from compose.chaos.faults.fault import Fault, await_that
from compose.verify.run import CONSUMER

TAKEN_OVER_SECONDS_MAX = 15.0
GONE_SECONDS_MAX = 5.0


class WorkerKill(Fault):
    """SIGKILL to a worker process: its transaction stays open, its state is gone; supervision starts it again."""

    name: ClassVar[str] = "worker-kill"

    def inject(self) -> None:
        """Kill the victim, whatever it is doing."""
        self.instance = self.site.fleet.victim(self.step.victim)
        self.pid = self.site.fleet.send(self.instance, signal.SIGKILL)
        self.observed |= {"instance": self.instance, "pid": self.pid}

    def heal(self) -> None:
        """Wait until supervision has started it again."""
        if self.observed:
            self.observed["pid_after"] = self.site.fleet.await_alive(self.instance, other_than=self.pid)


class StateLost(WorkerKill):
    """A worker killed and everything it kept on disk removed: the state must come back from the changelog alone."""

    name: ClassVar[str] = "state-lost"

    def inject(self) -> None:
        """Kill the victim and remove its folder before it is started again; which one is told."""
        super().inject()
        with suppress(ProcessLookupError):
            await_that(lambda: not _runs(self.pid), GONE_SECONDS_MAX)
        folder = self.site.folder / "faust" / CONSUMER / self.instance
        files = sum(1 for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
        self.observed |= {"removed": str(folder), "files": files}


class Pause(Fault):
    """SIGSTOP beyond the session timeout, then SIGCONT: the others take over, and the resumed one must not go on.

    Where there is one worker alone, another joins for the length of the pause, so that there is somebody to take
    over.
    """

    name: ClassVar[str] = "pause"
    _pid: int | None = None
    _successor: str | None = None

    def inject(self) -> None:
        """Stop the victim, and wait until it has been put out of the group."""
        fleet = self.site.fleet
        self.instance = fleet.victim(self.step.victim)
        self.restarts = fleet.restarts_of(self.instance)
        if len(fleet.instances) == 1:
            self._successor = str(fleet.workers)
            fleet.add(self._successor)
            fleet.await_members(fleet.instances)
        self._pid = fleet.send(self.instance, signal.SIGSTOP)
        stopped = time.monotonic()
        others = [instance for instance in fleet.instances if instance != self.instance]
        time.sleep(self.step.seconds)
        members = fleet.await_members(others, TAKEN_OVER_SECONDS_MAX)
        self.observed |= {
            "instance": self.instance,
            "pid": self._pid,
            "stopped_seconds": round(time.monotonic() - stopped, 1),
            "taken_over_by": members,
        }
        if self.instance in members or not members:
            self.findings.append(f"Worker {self.instance} was stopped, and nobody took over: {members}.")

    def heal(self) -> None:
        """Let the victim go on, and wait until it is a member again."""
        fleet = self.site.fleet
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGCONT)
            self.observed["members_after"] = members = fleet.await_members(fleet.instances)
            if self.instance not in members:
                self.findings.append(f"Worker {self.instance} did not come back into the group: {members}.")
            self.observed["restarts"] = fleet.restarts_of(self.instance) - self.restarts
        if self._successor is not None:
            fleet.remove(self._successor)


class Rebalance(Fault):
    """More workers join under load and leave again: partitions move both ways with their state."""

    name: ClassVar[str] = "rebalance"

    def inject(self) -> None:
        """Start as many more workers as the variant says, and wait until each of them has partitions."""
        fleet = self.site.fleet
        self.restarts = fleet.restarts
        self.observed["before"] = fleet.members()
        self.added: list[str] = []
        for number in range(int(self.step.variant)):
            self.added.append(str(fleet.workers + number))
            fleet.add(self.added[-1])
        self.observed["joined"] = members = fleet.await_members(fleet.instances)
        if not all(members.get(instance) for instance in self.added):
            self.findings.append(f"Workers {', '.join(self.added)} joined and got no partitions: {members}.")

    def heal(self) -> None:
        """Drain and stop them, and wait until those that stay have everything again."""
        fleet = self.site.fleet
        for instance in self.added:
            fleet.remove(instance)
        self.observed["left"] = members = fleet.await_members(fleet.instances)
        if sorted(members) != fleet.instances:
            self.findings.append(f"The group is {members} instead of {fleet.instances}.")
        self.observed["restarts"] = fleet.restarts - self.restarts
        if self.observed["restarts"]:
            self.findings.append("A worker had to be started again: partitions are to move without that.")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
