"""One side over one topic, measured from outside: committed offsets, CPU time, memory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.progress import CommittedOffsets
from bench.sides import Side, command
from bench.usage import Usage
from compose.stack.assembly import ROOT
from compose.stack.guarded import GuardedProcess, python_path
from compose.stack.part import tail
from domain.errors import UnavailableError
from sinks.kafka_topic import TopicDirectory

ASK_SECONDS = 0.02
SAMPLE_SECONDS = 0.25
STALLED_SECONDS_MAX = 180.0
"""A side that commits nothing for so long is taken for hung; restoring a large state comes before the first commit."""
SETTLE_SECONDS = 1.0
SETTLE_SECONDS_MAX = 60.0
STOP_SECONDS = 30.0

Plan = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Timing:
    """What happened between two committed offsets; CPU in seconds, of the broker None when it runs elsewhere.

    `complete` says that the input was read to its end, so that the outputs are all there.
    """

    events: int
    seconds: float
    client_cpu_seconds: float
    broker_cpu_seconds: float | None
    memory_mib: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where the clock starts and stops: after `warm_up` records, and at `total` or when `seconds_max` are over."""

    warm_up: int
    total: int
    seconds_max: float = float("inf")


@dataclass(frozen=True, slots=True)
class Place:
    """Where sides are run: logs, the peers' interpreter, and the broker's process where it is one of ours."""

    logs: Path
    peers_python: Path
    broker_pid: int | None = None


def worker(side: Side, plan: Plan, place: Place) -> GuardedProcess:
    """The process of a side, not started."""
    return GuardedProcess(
        command(side, json.dumps(plan), place.peers_python),
        log_path=place.logs / f"{plan['group']}-{plan['instance']}.log",
        env={**os.environ, "PYTHONPATH": python_path(ROOT)},
        stop_timeout_s=STOP_SECONDS,
    )


def measure(side: Side, plans: Sequence[Plan], bounds: Bounds, place: Place) -> Timing:
    """Run a side, one process for each plan of the same group, until the bounds are reached; then stop it.

    Raises `UnavailableError` when a process ends early, commits nothing for a long time, or everything at once.
    """
    plan = plans[0]
    with ExitStack() as running:
        processes = [running.enter_context(worker(side, p, place)) for p in plans]
        offsets = running.enter_context(
            CommittedOffsets(plan["kafka"], plan["group"], plan["input"], plan["partitions"])
        )
        usages = [Usage(process.pid) for process in processes if process.pid is not None]
        broker = Usage(place.broker_pid) if place.broker_pid is not None else None
        watch = _Watch(offsets, processes, usages)
        watch.until(lambda committed: committed >= bounds.warm_up)
        cpu, broker_cpu = _cpu(usages), broker.cpu_seconds() if broker else 0.0
        started, began = watch.committed, watch.seen
        watch.until(lambda committed: committed >= bounds.total or time.monotonic() - began > bounds.seconds_max)
        cpu = _cpu(usages) - cpu
        broker_spent = broker.cpu_seconds() - broker_cpu if broker else None
        complete = watch.committed >= bounds.total
        if complete:
            await_written(plan["kafka"], plan["output"])
    if watch.committed == started:
        message = f"It committed all {bounds.total:,} events at once, so there is nothing to time."
        raise UnavailableError(message, remediation="Ask for more --events.")
    memory = sum(usage.peak_mib for usage in usages)
    return Timing(watch.committed - started, watch.seen - began, cpu, broker_spent, memory, complete)


class _Watch:
    """Asks how far was read; `committed` was true at `seen` (seconds of the monotonic clock)."""

    def __init__(self, offsets: CommittedOffsets, processes: Sequence[GuardedProcess], usages: Sequence[Usage]) -> None:
        self._offsets = offsets
        self._processes = processes
        self._usages = usages
        self.committed = 0
        self.seen = time.monotonic()

    def until(self, reached: Callable[[int], bool]) -> None:
        advanced = sampled = time.monotonic()
        while True:
            committed, self.seen = self._offsets.total(), time.monotonic()
            if committed > self.committed:
                advanced = self.seen
            self.committed = committed
            if reached(committed):
                self._sample()
                return
            self._require_alive(self.seen - advanced)
            if self.seen - sampled > SAMPLE_SECONDS:
                sampled = self.seen
                self._sample()
            time.sleep(ASK_SECONDS)

    def _sample(self) -> None:
        for usage in self._usages:
            usage.memory_mib()

    def _require_alive(self, still_seconds: float) -> None:
        for process in self._processes:
            status = process.poll()
            if status is not None:
                message = f"It ended with status {status} after {self.committed:,} events."
                raise UnavailableError(f"{message}\n{tail(process.log_path)}\n", remediation=f"See {process.log_path}.")
        if still_seconds > STALLED_SECONDS_MAX:
            message = f"It committed nothing for {STALLED_SECONDS_MAX:g} s after {self.committed:,} events."
            raise UnavailableError(message, remediation=f"See {self._processes[0].log_path}.")


def await_written(kafka_config: Mapping[str, str], topic: str) -> None:
    """Return when nothing is written to the topic any more: without a transaction, outputs may follow the offsets."""
    directory = TopicDirectory(kafka_config)
    ends, stood_since = directory.ends(topic), time.monotonic()
    deadline = stood_since + SETTLE_SECONDS_MAX
    while time.monotonic() < deadline and time.monotonic() - stood_since < SETTLE_SECONDS:
        time.sleep(SETTLE_SECONDS / 5)
        now = directory.ends(topic)
        if now != ends:
            ends, stood_since = now, time.monotonic()


def _cpu(usages: Sequence[Usage]) -> float:
    return sum(usage.cpu_seconds() for usage in usages)
