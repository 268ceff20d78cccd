"""From the append of an event to the moment its effect is visible to a reader of committed records, at a fixed rate."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from statistics import median
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from avro.codec import SchemaForId, decode
from avro.registry import Registry
from bench.measure import Plan, worker
from bench.plan import COMMIT_MS, Stage
from bench.progress import CommittedOffsets
from bench.sides import OURS, Side
from bench.statistics import percentile
from bench.topics import PARTITIONS, STAMPED
from bench.workload import Shape, messages, publish, templates_for
from compose.stack.assembly import ROOT
from compose.stack.guarded import GuardedProcess, python_path
from domain.errors import OrdertruthError, UnavailableError

PRIMING_EVENTS = 200
"""Written and waited for before the clock starts, so that no start of a worker is part of it."""
READY_SECONDS_MAX = 180.0
SILENT_SECONDS_MAX = 60.0
WARM_UP_SHARE = 0.2


class Seen(NamedTuple):
    """An output as it was received: `at_ms` by this process's clock, milliseconds since the epoch."""

    at_ms: float
    key: bytes
    value: bytes


class Appended(NamedTuple):
    """An event as the broker stamped it."""

    at_ms: int
    key: bytes
    version: int


def run(stage: Stage, sides: Sequence[Side]) -> dict[str, Any]:
    """p50 and p99 of every side on both shapes, in milliseconds; `p50_ms` and `p99_ms` are the worse of ours."""
    result: dict[str, Any] = {shape.value: {"sides": {}} for shape in Shape}
    for shape in Shape:
        for side in sides:
            found = _side(stage, shape, side)
            result[shape.value]["sides"][side.name] = found
            stage.tell(f"{shape} {side.name}: {_words(found)}")
    ours = [result[shape.value]["sides"][OURS] for shape in Shape]
    if not any("failed" in found for found in ours):
        result |= {name: max(found[name] for found in ours) for name in ("p50_ms", "p99_ms")}
    every = [(name, found) for shape in Shape for name, found in result[shape.value]["sides"].items()]
    return {**result, "rate": stage.options.rate, "failed": sorted({n for n, found in every if "failed" in found})}


def _side(stage: Stage, shape: Shape, side: Side) -> dict[str, Any]:
    try:
        found = [_once(stage, shape, side, repeat) for repeat in range(1, stage.options.repeats + 1)]
    except OrdertruthError as error:
        return {"label": side.label, "failed": str(error)}
    p50, p99 = (round(median(percentile(once, percent) for once in found), 1) for percent in (50, 99))
    return {"label": side.label, "events": len(found[0]), "p50_ms": p50, "p99_ms": p99}


def _once(stage: Stage, shape: Shape, side: Side, repeat: int) -> list[float]:
    """The latencies of one repeat after its warm-up."""
    run_name = f"latency-{shape}-{repeat}"
    total = stage.options.events
    with ExitStack() as open_, Registry(stage.endpoints.registry_url) as registry:
        source = open_.enter_context(stage.source(f"{run_name}.{side.name}", dict(STAMPED)))
        plan = {**stage.plan(side, source, run_name), "take_ms": COMMIT_MS}
        open_.enter_context(stage.topics_of(plan))
        process = open_.enter_context(worker(side, plan, stage.place()))
        _prime(plan, registry, process, total, shape)
        pace = open_.enter_context(_paced(stage, plan, total, shape))
        seen = _receive(plan, total, (process, pace))
        appended = _appended(plan, total)
        return latencies(appended[int(total * WARM_UP_SHARE) :], visible(seen, registry.schema_for_id))


def _prime(plan: Plan, registry: Registry, process: GuardedProcess, total: int, shape: Shape) -> None:
    # the very first events of the run, so that the paced rest goes on where these end
    publish(
        plan["kafka"], registry, plan["input"], islice(messages(templates_for(total), total, shape), PRIMING_EVENTS)
    )
    deadline = time.monotonic() + READY_SECONDS_MAX
    with CommittedOffsets(plan["kafka"], plan["group"], plan["input"], PARTITIONS) as offsets:
        while offsets.total() < PRIMING_EVENTS:
            if process.poll() is not None or time.monotonic() > deadline:
                message = "The worker ended, or did not read its first events in time."
                raise UnavailableError(message, remediation=f"See {process.log_path}.")
            time.sleep(0.1)


def _paced(stage: Stage, plan: Plan, total: int, shape: Shape) -> GuardedProcess:
    told = {
        "kafka": plan["kafka"],
        "registry_url": plan["registry_url"],
        "topic": plan["input"],
        "events": total,
        "skip": PRIMING_EVENTS,
        "rate": stage.options.rate,
        "shape": shape.value,
    }
    return GuardedProcess(
        [sys.executable, "-P", "-m", "bench.paced", json.dumps(told)],
        log_path=stage.state_dir / "logs" / f"{plan['group']}-paced.log",
        env={**os.environ, "PYTHONPATH": python_path(ROOT)},
    )


def _receive(plan: Plan, total: int, processes: Sequence[GuardedProcess]) -> list[Seen]:
    """Read committed outputs as they appear until every event is committed and nothing more comes."""
    consumer = _reader(plan, plan["output"], "read_committed")
    seen: list[Seen] = []
    worker_process, pace = processes
    try:
        with CommittedOffsets(plan["kafka"], plan["group"], plan["input"], PARTITIONS) as offsets:
            heard = asked = time.monotonic()
            finished = False
            while not finished or time.monotonic() - heard < 1.0:
                message = consumer.poll(0.05)
                if message is not None and message.error() is None:
                    heard = time.monotonic()
                    seen.append(Seen(time.time() * 1000, message.key() or b"", message.value() or b""))
                elif not finished and time.monotonic() - asked > 1.0:
                    asked = time.monotonic()
                    finished = pace.poll() is not None and offsets.total() >= total
                    if worker_process.poll() is not None or asked - heard > SILENT_SECONDS_MAX:
                        text = f"Nothing came for {asked - heard:.0f} s."
                        raise UnavailableError(text, remediation=f"See {worker_process.log_path}, {pace.log_path}.")
    finally:
        consumer.close()
    return seen


def _appended(plan: Plan, total: int) -> list[Appended]:
    """Every event with the broker's time, in the order of those times."""
    consumer = _reader(plan, plan["input"], "read_uncommitted")
    found: list[Appended] = []
    try:
        deadline = time.monotonic() + SILENT_SECONDS_MAX
        while len(found) < total and time.monotonic() < deadline:
            for message in consumer.consume(5_000, 0.2):
                if message.error() is None:
                    headers = dict(message.headers() or ())
                    version = int(headers["ce_aggregateversion"] or 0)
                    found.append(Appended(message.timestamp()[1], message.key() or b"", version))
    finally:
        consumer.close()
    return sorted(found)


def visible(seen: Iterable[Seen], schema_for_id: SchemaForId) -> dict[bytes, list[tuple[float, int]]]:
    """For each order when which version of it was first visible, in the order of receipt; versions only rise."""
    found: dict[bytes, list[tuple[float, int]]] = {}
    for output in seen:
        version = decode(output.value, schema_for_id).data["version"]
        steps = found.setdefault(output.key, [])
        if not steps or version > steps[-1][1]:
            steps.append((output.at_ms, version))
    return found


def latencies(appended: Iterable[Appended], visible_from: Mapping[bytes, Sequence[tuple[float, int]]]) -> list[float]:
    """Milliseconds from each event's append to the first output that holds its version or a newer one.

    Raises `UnavailableError` for an event that never became visible.
    """
    found = []
    for event in appended:
        at_ms = next((at for at, version in visible_from.get(event.key, ()) if version >= event.version), None)
        if at_ms is None:
            message = f"Version {event.version} of {event.key.decode(errors='replace')} never became visible."
            raise UnavailableError(message, remediation="Look at the dead letters and the log of the worker.")
        found.append(at_ms - event.at_ms)
    return found


def _reader(plan: Plan, topic: str, isolation: str) -> Consumer:
    consumer = Consumer(
        {
            **plan["kafka"],
            "group.id": "bench-reader",
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(plan["partitions"])])
    return consumer


def _words(found: Mapping[str, Any]) -> str:
    return f"failed: {found['failed']}" if "failed" in found else f"p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms"
