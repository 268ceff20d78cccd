"""When the platform has recovered from a fault: everything that was published by then has been read and committed."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from compose.chaos.progress import GroupProgress
from domain.errors import UnavailableError

POLL_SECONDS = 0.2


@dataclass(slots=True)
class Recovery:
    """`seconds` from the harm to the recovery; None as long as there is none."""

    injected_at: float
    ends: dict[int, int] | None = None
    seconds: float | None = None


class RecoveryWatch:
    """Follows the group's offsets in a thread of its own, for the length of a block.

    The first look after a fault was healed fixes what has to be committed: the ends of the owner topic at that time.
    """

    def __init__(self, kafka_config: Mapping[str, str]) -> None:
        self._kafka = kafka_config
        self._open: list[Recovery] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="recovery", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def expect(self, injected_at: float) -> Recovery:
        """Begin to wait for the recovery from a fault that did its harm at `injected_at` and is healed now."""
        recovery = Recovery(injected_at)
        with self._lock:
            self._open.append(recovery)
        return recovery

    def settled(self, timeout_seconds: float) -> bool:
        """Wait until everything is recovered from; whether that was so within the timeout."""
        deadline = time.monotonic() + timeout_seconds
        while self._open:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _follow(self) -> None:
        with GroupProgress(self._kafka) as progress:
            while not self._stop.wait(POLL_SECONDS):
                if not self._open:
                    continue
                with suppress(UnavailableError):
                    self._look(progress.ends(), progress.committed())

    def _look(self, ends: dict[int, int], committed: dict[int, int]) -> None:
        with self._lock:
            for recovery in self._open:
                recovery.ends = recovery.ends or ends
                if all(committed.get(p, 0) >= end for p, end in recovery.ends.items()):
                    recovery.seconds = round(time.monotonic() - recovery.injected_at, 1)
            self._open = [r for r in self._open if r.seconds is None]
