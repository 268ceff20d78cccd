"""Looking at processes and ports from outside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def is_alive(pid: int | None) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    try:
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def mentioning(text: str | Path) -> list[int]:
    """The processes whose command line or working folder holds `text`."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd", "status"]):
        facts = process.info
        words = [*(facts["cmdline"] or []), facts["cwd"] or ""]
        if facts["status"] != psutil.STATUS_ZOMBIE and any(str(text) in word for word in words):
            found.append(facts["pid"])
    return found


def until(condition: Callable[[], bool], timeout_s: float = 15.0) -> bool:
    """Wait for a condition; whether it came true."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
