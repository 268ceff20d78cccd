"""The enterprise in a process of its own, some batches ahead of whoever carries its commands out once more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any, NamedTuple

from compose.simulate.enterprise import Enterprise
from compose.simulate.faults.truth import Faults, Truth
from compose.simulate.world import Happened
from domain.command import Command
from domain.errors import IntegrityError

BATCH = 200
"""Commands that go over at a time."""
AHEAD_MAX = 50
"""Batches that may wait, so that memory stays bounded."""
POLL_S = 1.0


class Sent(NamedTuple):
    """A command with its time, how many events it leads to, and the code of its refusal if there is one."""

    command: Command
    at: datetime
    events: int
    refused: str | None


class Batch(NamedTuple):
    """Commands, and how many orders were through when the last of them was sent."""

    sent: list[Sent]
    orders_done: int


def in_own_process(orders: int, seed: int, profile: str) -> Iterator[Batch | tuple[Truth, ...]]:
    """The batches of a run, made by a process of its own; the truth about its faults comes last.

    Raises `IntegrityError` when that process ends before its time.
    """
    context = get_context("spawn")
    queue: Queue[Any] = context.Queue(AHEAD_MAX)
    process = context.Process(target=_make, args=(queue, orders, seed, profile), name="enterprise", daemon=True)
    process.start()
    try:
        while True:
            found = _next(queue, process.is_alive)
            yield found
            if not isinstance(found, Batch):
                return
    finally:
        process.terminate()
        process.join()


def _next(queue: Queue[Any], alive: Any) -> Any:
    while True:
        lives = alive()
        try:
            return queue.get(timeout=POLL_S)
        except Empty:
            if not lives:
                message = "The process that runs the enterprise ended before its time."
                raise IntegrityError(message, remediation="Its own message above says why.") from None


def _make(queue: Queue[Any], orders: int, seed: int, profile: str) -> None:
    faults = Faults(seed, profile)
    enterprise = Enterprise(orders, seed, faults)
    for batch in batches(enterprise):
        queue.put(batch)
    queue.put(faults.truths())


def batches(enterprise: Enterprise) -> Iterator[Batch]:
    """Everything an enterprise sends, in batches."""
    happened = enterprise.run()
    while taken := [_sent(told) for told in islice(happened, BATCH)]:
        yield Batch(taken, enterprise.orders_done)


def _sent(told: Happened) -> Sent:
    events = len(told.events) + (told.attempt is not None)
    return Sent(told.command, told.at, events, told.refusal.code if told.refusal else None)
