"""Parts of the embedded stack brought down and mended."""

from __future__ import annotations

import os
import signal
import time

from compose.settings import Settings
from compose.stack.lifecycle import current, running_stack
from compose.stack.record import StackRecord
from domain.errors import UnavailableError

POLL_SECONDS = 0.05
NOTICED_SECONDS_MAX = 40.0


class Parts:
    """The parts of the stack these settings name; it must run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, name: str, number: signal.Signals) -> int:
        """Send a signal to a part's process; its process id. Raises `UnavailableError` when it does not run."""
        process = self._record().parts[name].process
        if process is None or process.process() is None:
            message = f"The part {name} does not run."
            raise UnavailableError(message, remediation="It was brought down before and not mended.")
        os.kill(process.pid, number)
        return process.pid

    def mend(self, name: str) -> None:
        """Have the supervisor start a part again that has ended, as `ordertruth up` does, and wait until it answers.

        The supervisor mends what it has seen end, so that is waited for first. Raises `UnavailableError` when the part
        does not end or does not come back.
        """
        deadline = time.monotonic() + NOTICED_SECONDS_MAX
        while self._record().parts[name].state == "healthy":
            if time.monotonic() > deadline:
                message = f"The part {name} was told to end and still runs."
                raise UnavailableError(message, remediation=f"See {self._record().parts[name].log}.")
            time.sleep(POLL_SECONDS)
        with running_stack(self._settings):
            pass

    def _record(self) -> StackRecord:
        record = current(self._settings)
        if record is None or not record.is_alive:
            message = "The stack has ended."
            raise UnavailableError(message, remediation=f"See the logs in {self._settings.state_path / 'logs'}.")
        return record
