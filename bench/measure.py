"""Runs one side over a topic and measures it from outside: committed offsets, CPU time, memory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from compose.stack.guarded import GuardedProcess
from domain.errors import UnavailableError
from sinks.kafka_topic import TopicDirectory
from topics.admin import admin_client

PARTITIONS = 4
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one side needed: seconds and CPU seconds are those after the warm-up."""

    side: str
    events: int
    seconds: float
    cpu_seconds: float
    memory_mib: float
    outputs_per_event: float

    @property
    def events_per_second(self) -> float:
        """Throughput between committed offsets."""
        return self.events / self.seconds

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **asdict(self),
            "events_per_second": round(self.events_per_second),
            "events_per_cpu_second": round(self.events / self.cpu_seconds) if self.cpu_seconds else None,
        }


def measure(side: str, module: str, plan: dict[str, Any], total: int, warm_up: int, *, log_path: Path) -> Measurement:
    """Start a side, let it read `warm_up` events, and time the rest.

    Raises `UnavailableError` when it ends early or does not come to the end.
    """
    compacted = {"cleanup.policy": "compact"}
    create_topics(plan["kafka"], {plan["output"]: compacted, plan["changelog"]: compacted, plan["dead_letters"]: {}})
    command = [sys.executable, "-m", module, json.dumps(plan)]
    with GuardedProcess(command, log_path=log_path) as process:
        started = _reach(plan, warm_up, process)
        watched = psutil.Process(process.pid)
        cpu_before, began = _cpu(watched), time.monotonic()
        ended = _reach(plan, total, process)
        seconds, cpu = time.monotonic() - began, _cpu(watched) - cpu_before
        memory = watched.memory_info().rss / 2**20
    return Measurement(side, ended - started, seconds, cpu, memory, round(_written(plan) / total, 3))


def create_topics(kafka_config: Mapping[str, str], wanted: Mapping[str, dict[str, str]]) -> None:
    """Create topics with their settings, on one broker."""
    admin = admin_client(kafka_config)
    created = admin.create_topics([NewTopic(n, PARTITIONS, 1, config=c) for n, c in wanted.items()])
    for future in created.values():
        future.result(30)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _reach(plan: dict[str, Any], offset: int, process: GuardedProcess) -> int:
    """Wait until the group has committed at least `offset` records in sum."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        committed = _committed(plan)
        if committed >= offset:
            return committed
        if process.poll() is not None:
            message = f"The worker of {plan['group']} ended with status {process.poll()}."
            raise UnavailableError(message, remediation=f"See {process.log_path}.")
        time.sleep(POLL_SECONDS)
    message = f"The worker of {plan['group']} committed {committed} of {offset} records in {PATIENCE_SECONDS:g} s."
    raise UnavailableError(message, remediation=f"See {process.log_path}.")


def _committed(plan: dict[str, Any]) -> int:
    return sum(TopicDirectory(plan["kafka"]).committed(plan["group"], plan["input"]).values())


def _written(plan: dict[str, Any]) -> int:
    """Outputs on the topic, transaction markers not counted."""
    from compose.verify.raw import read_all

    return sum(1 for _ in read_all(plan["kafka"], plan["output"]))
