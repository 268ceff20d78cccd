"""Bounds on calls that may never return: beyond them the process ends, and its successor restores."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)

CRASH_SECONDS_MAX = 20.0
"""How long a failed worker may take to stop."""
EXIT_HUNG = 75
"""Exit status of a process that ended itself: try again."""


@contextmanager
def bounded(what: str, seconds: float) -> Iterator[None]:
    """End the process, at once and without cleaning up, when the block takes longer than `seconds`.

    For calls into the client library that do not keep the timeout they are given: `send_offsets_to_transaction`
    blocks for ever when the group's coordinator goes away under it. A thread that hangs there can be neither
    cancelled nor waited for, and a worker that lives on without working is worse than one that is started again:
    nothing of its open transaction is ever visible, and the successor fences it.
    """
    timer = end_within(what, seconds)
    try:
        yield
    finally:
        timer.cancel()


def end_within(what: str, seconds: float) -> threading.Timer:
    """End the process after `seconds`, unless the timer is cancelled or the process has ended by itself."""
    timer = threading.Timer(seconds, _end, (what, seconds))
    timer.daemon = True
    timer.start()
    return timer


def _end(what: str, seconds: float) -> None:
    log.critical("process ends itself", hanging_in=what, seconds=seconds)
    os._exit(EXIT_HUNG)
