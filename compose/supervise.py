"""Worker processes that are started again when they fail."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import structlog

from compose.settings import Settings
from compose.stack.guarded import GuardedProcess
from domain.errors import OrdertruthError

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
BACKOFF_SECONDS_FIRST = 0.5
BACKOFF_SECONDS_MAX = 10.0
STEADY_SECONDS = 30.0
"""After running this long a worker is trusted again, and the next restart comes quickly."""


class Supervised:
    """`ordertruth worker APP…` as a child process that cannot outlive this one, restarted with back-off.

    As a context manager it starts on entry and stops, drained, on exit.
    """

    def __init__(
        self,
        settings: Settings,
        apps: Sequence[str],
        *,
        instance: str = "0",
        backoff_seconds_max: float = BACKOFF_SECONDS_MAX,
    ) -> None:
        self.apps = tuple(apps)
        self.restarts = 0
        self._backoff_seconds_max = backoff_seconds_max
        self.log_path = settings.state_path / "logs" / f"worker-{'-'.join(apps)}-{instance}.log"
        command = [sys.executable, "-m", "compose.cli", "worker", *apps, "--instance", instance]
        self._process = GuardedProcess(command, log_path=self.log_path, env=environment(settings), stop_timeout_s=20.0)
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, name=f"supervise-{apps[0]}", daemon=True)

    @property
    def pid(self) -> int | None:
        """Process id of the worker itself."""
        return self._process.pid

    def __enter__(self) -> Self:
        self._process.start()
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watch.join()
        self._process.stop()

    def _keep_alive(self) -> None:
        pause = BACKOFF_SECONDS_FIRST
        started = time.monotonic()
        while not self._stop.wait(POLL_SECONDS):
            status = self._process.poll()
            if status is None:
                if time.monotonic() - started > STEADY_SECONDS:
                    pause = BACKOFF_SECONDS_FIRST
                continue
            log.warning("worker ended", apps=self.apps, status=status, again_in_seconds=pause, log=str(self.log_path))
            if self._stop.wait(pause):
                return
            pause = min(pause * 2, self._backoff_seconds_max)
            self.restarts += 1
            started = time.monotonic()
            try:
                self._process.start()
            except (OrdertruthError, OSError) as error:
                log.exception("worker not started", apps=self.apps, error=str(error))


def environment(settings: Settings) -> Mapping[str, str]:
    """The environment a child process finds the same stack by."""
    root = str(Path(__file__).resolve().parents[1])
    return {
        **os.environ,
        "ORDERTRUTH_STATE_DIR": str(settings.state_path),
        "ORDERTRUTH_CACHE_DIR": str(settings.cache_path),
        "PYTHONPATH": root,
    }
