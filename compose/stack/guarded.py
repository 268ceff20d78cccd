"""A child process that cannot outlive its owner."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

GUARD = Path(__file__).with_name("guard.py")
START_TIMEOUT_S = 20.0
KILL_GRACE_S = 10.0


def python_path(root: Path) -> str:
    """PYTHONPATH for a child process that runs a module of the checkout at `root`; what was set stays behind it."""
    return os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])


class GuardedProcess:
    """A command run under a guard (see `guard`), stopped at the latest when this process ends, however it ends.

    `command` is run in a session of its own with `env` as its whole environment (default: this process's) and its
    output appended to `log_path`. To stop it, `stop_signal` is sent, and SIGKILL after `stop_timeout_s` seconds;
    what it left running is killed too. `user` is a (uid, gid) to run it as, for owners that are root.

    Not for sharing between threads while starting or stopping. As a context manager it starts on entry and stops on
    exit.
    """

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        log_path: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_timeout_s: float = 10.0,
        user: tuple[int, int] | None = None,
    ) -> None:
        self.command = [os.fspath(part) for part in command]
        self.log_path = log_path
        self.env = dict(os.environ if env is None else env)
        self.cwd = cwd
        self.stop_signal = stop_signal
        self.stop_timeout_s = stop_timeout_s
        self.user = user
        self._guard: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._pid: int | None = None

    def start(self) -> Self:
        """Start the command and return when it runs. Raises UnavailableError when it cannot be executed."""
        if self._guard is not None and self._guard.poll() is None:
            return self
        self.request_stop()  # closes the line to an earlier life, which has ended
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        mine, its = socket.socketpair()
        plan = {
            "fd": its.fileno(),
            "command": self.command,
            "log": str(self.log_path),
            "cwd": str(self.cwd) if self.cwd else None,
            "stop_signal": int(self.stop_signal),
            "stop_timeout": self.stop_timeout_s,
            "user": self.user,
        }
        with its:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), json.dumps(plan)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=self.env,
                pass_fds=[its.fileno()],
                start_new_session=True,
            )
        self._line = mine
        try:
            self._pid = self._read_pid(mine)
        except BaseException:
            self.stop()
            raise
        return self

    def _read_pid(self, line: socket.socket) -> int:
        line.settimeout(START_TIMEOUT_S)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while not answer.endswith(b"\n"):
                got = line.recv(4096)
                if not got:
                    break
                answer += got
        text = answer.decode(errors="replace").strip()
        if text.isdigit():
            return int(text)
        reason = text.removeprefix("error ") or "its guard did not answer"
        msg = f"{Path(self.command[0]).name} could not be started: {reason}."
        raise UnavailableError(msg, remediation=f"See {self.log_path}.")

    @property
    def pid(self) -> int | None:
        """The command's process id; None before it was started."""
        return self._pid

    @property
    def guard_pid(self) -> int | None:
        """The process id of its guard; None before it was started."""
        return self._guard.pid if self._guard else None

    def poll(self) -> int | None:
        """Its exit status (128 + n when signal n ended it), or None while it runs."""
        if self._guard is None:
            return None
        status = self._guard.poll()
        return 128 - status if status is not None and status < 0 else status

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait for its end and return its exit status. Raises TimeoutError after `timeout_s` seconds."""
        if self._guard is None:
            return 0
        try:
            self._guard.wait(timeout_s)
        except subprocess.TimeoutExpired:
            msg = f"{self.command[0]} still runs after {timeout_s} s"
            raise TimeoutError(msg) from None
        return self.poll() or 0

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the command itself; nothing happens when it is gone."""
        if self._pid is not None and self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def request_stop(self) -> None:
        """Ask for the stop without waiting for it; `stop` waits."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def stop(self) -> int:
        """Stop it and return its exit status; safe to call again, and on one that never started."""
        if self._guard is None:
            return 0
        self.request_stop()
        deadline = time.monotonic() + self.stop_timeout_s + KILL_GRACE_S
        while True:
            try:
                return self.wait(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                # Its death makes the kernel send the stop signal to the command; better than waiting for ever.
                self._guard.kill()
                self._guard.wait()
            except KeyboardInterrupt:
                # A second Ctrl-C must not leave the command behind: the guard is already stopping it.
                continue

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
