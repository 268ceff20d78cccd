"""Bounds on calls that may never return."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)
T = TypeVar("T")
_Job = tuple[Callable[[], Any], Future[Any]]

CRASH_SECONDS_MAX = 20.0
"""How long a failed worker may take to stop."""
EXIT_HUNG = 75
"""Exit status of a process that ended itself: try again."""


class CallThread:
    """A daemon thread that makes blocking calls of a client library, one after the other.

    The library does not always keep the timeout it is given: `send_offsets_to_transaction` waits for ever for a group
    coordinator that its client has taken for removed (librdkafka 5511). A thread that hangs there can be neither
    cancelled nor joined, so it must be one nobody waits for: neither an executor, which is joined when the process
    ends, nor the event loop's.
    """

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        threading.Thread(target=_serve, args=(self._jobs,), name=name, daemon=True).start()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Have `call` made after those before it."""
        future: Future[T] = Future()
        self._jobs.put((call, future))
        return future

    def end(self) -> None:
        """Let the thread end after the calls it was given."""
        self._jobs.put(None)

    async def within(self, seconds: float, call: Callable[[], T]) -> T:
        """The result of `call`; raises `TimeoutError` when there is none after `seconds`, however the call goes on.

        A caller that is cancelled still waits until the call has ended or its time is over.
        """
        job = asyncio.wrap_future(self.submit(call))
        job.add_done_callback(_heard)
        try:
            return await asyncio.wait_for(asyncio.shield(job), seconds)
        except asyncio.CancelledError:
            await asyncio.wait([job], timeout=seconds)
            raise


def _heard(job: asyncio.Future[Any]) -> None:
    """Nobody may wait any more for what a late call comes to."""
    if not job.cancelled():
        job.exception()


def _serve(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while _make(jobs.get()):  # in a frame of its own, so that a thread that waits holds nothing
        pass


def _make(job: _Job | None) -> bool:
    if job is None:
        return False
    call, future = job
    try:
        result = call()
    except BaseException as error:
        if not future.cancelled():
            future.set_exception(error)
    else:
        if not future.cancelled():
            future.set_result(result)
    return True


def end_within(what: str, seconds: float) -> threading.Timer:
    """End the process after `seconds`, unless the timer is cancelled or the process has ended by itself."""
    timer = threading.Timer(seconds, _end, (what, seconds))
    timer.daemon = True
    timer.start()
    return timer


def _end(what: str, seconds: float) -> None:
    log.critical("process ends itself", hanging_in=what, seconds=seconds)
    os._exit(EXIT_HUNG)
