"""The guard: a small process that stops its charge when the process that asked for it is gone.

Run as a file, standard library only, so that it is up in a few hundredths of a second:

    python -I -S guard.py '{"fd": 3, "command": [...], ...}'

`fd` is one end of a socket pair whose other end only the owner holds. It reads end-of-file when the owner closes it
or dies in any way, SIGKILL included; then the charge is asked to stop, and killed when it does not. The guard writes
one line to it: the charge's pid, or `error <reason>` when it could not be started.

Where the kernel can (Linux), the guard adopts what its charge leaves behind and stops that too, and the charge is
stopped when the guard itself is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
OWNER_CHECK_S = 1.0


def main(argument: str) -> int:
    """Start the charge, watch it and its owner, stop it when the owner is gone; returns the charge's exit status."""
    plan: dict[str, Any] = json.loads(argument)
    owner = os.getppid()
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = _start(plan)
    except (OSError, subprocess.SubprocessError) as error:
        _tell(plan["fd"], f"error {error}")
        return 127
    _tell(plan["fd"], str(child.pid))
    _watch(child, plan["fd"], wake_read, owner, asked)
    status = _stop(child, plan["stop_signal"], plan["stop_timeout"])
    _sweep(child.pid)
    return status if status >= 0 else 128 - status


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _start(plan: dict[str, Any]) -> subprocess.Popen[bytes]:
    user = plan["user"]

    def before_exec() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user[1])
            os.setuid(user[0])
        # After the change of user, which would clear it.
        _prctl(PR_SET_PDEATHSIG, plan["stop_signal"])
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)

    with Path(plan["log"]).open("ab", buffering=0) as log:
        return subprocess.Popen(
            plan["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=plan["cwd"],
            start_new_session=True,
            preexec_fn=before_exec,  # noqa: PLW1509 - the guard has one thread
        )


def _tell(fd: int, line: str) -> None:
    with contextlib.suppress(OSError):
        os.write(fd, f"{line}\n".replace("\n", " ").rstrip().encode() + b"\n")


def _watch(child: subprocess.Popen[bytes], fd: int, wake: int, owner: int, asked: list[int]) -> None:
    """Return when the charge has ended, the owner is gone or the guard was asked to stop."""
    while child.poll() is None and not asked:
        ready, _, _ = select.select([fd, wake], [], [], OWNER_CHECK_S)
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        if fd in ready and not os.read(fd, 4096):
            return
        # A fork of the owner may still hold the other end, so its death shows here only.
        if os.getppid() != owner:
            return


def _stop(child: subprocess.Popen[bytes], stop_signal: int, timeout: float) -> int:
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(stop_signal)
        try:
            return child.wait(timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
    return child.wait()


def _sweep(group: int) -> None:
    """Stop whatever the charge left behind: its process group, and on Linux its orphans."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        left = _children()
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.02)


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
