"""What processes use, seen from outside: CPU time and resident memory of a process with all it has started."""

from __future__ import annotations

import time
from contextlib import suppress

import psutil

MEBIBYTE = 2**20
_FAMILY_SECONDS = 2.0


class Usage:
    """One process and its descendants; keeps the peak of what `memory_mib` saw."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._family: list[psutil.Process] = [self._root]
        self._looked = 0.0
        self.peak_mib = 0.0

    def cpu_seconds(self) -> float:
        """User and system time since their start, those included that have ended and been waited for."""
        return sum(_cpu(process) for process in self._members(fresh=True))

    def memory_mib(self) -> float:
        """Resident memory now."""
        total = 0
        for process in self._members():
            with suppress(psutil.Error):
                total += process.memory_info().rss
        self.peak_mib = max(self.peak_mib, total / MEBIBYTE)
        return total / MEBIBYTE

    def _members(self, *, fresh: bool = False) -> list[psutil.Process]:
        # walking all processes of the machine costs milliseconds, and must not become part of what is measured
        if fresh or time.monotonic() - self._looked > _FAMILY_SECONDS:
            with suppress(psutil.Error):
                self._family = [self._root, *self._root.children(recursive=True)]
            self._looked = time.monotonic()
        return self._family


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(times.user + times.system + ended)
