"""Events per second of every side over the same events, in two shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avro.registry import Registry
from bench.measure import Bounds, Timing, measure
from bench.outputs import Written, differing, written
from bench.plan import Stage
from bench.sides import OURS, Side
from bench.statistics import lower, ratios, summary
from bench.templates import History
from bench.workload import Shape, messages, publish, templates_for
from domain.errors import OrdertruthError

WARM_UP_EVENTS = 250_000
WARM_UP_FROM = 1_000_000
WARM_UP_SHARE = 0.25
OUTPUTS_TOLERANCE = 0.1


@dataclass(slots=True)
class _Record:
    """What is known of one side so far."""

    timings: list[Timing] = field(default_factory=list)
    outputs: list[float] = field(default_factory=list)
    differing: int = 0
    failed: str | None = None


def warm_up(events: int) -> int:
    """How many events are read before the clock starts, on top of those that are measured."""
    return WARM_UP_EVENTS if events >= WARM_UP_FROM else int(events * WARM_UP_SHARE)


def run(stage: Stage, sides: Sequence[Side]) -> dict[str, Any]:
    """Measure every side on both shapes; a side that fails is reported as failed, and the others go on.

    `tables_equal` says that the last record of each order is the same on every side that came to the end, so that
    nobody skips work.
    """
    total = stage.options.events + warm_up(stage.options.events)
    stage.tell(f"writing histories for {total:,} events")
    templates = templates_for(total)
    result: dict[str, Any] = {shape.value: _one_shape(stage, shape, templates, total, sides) for shape in Shape}
    bursty, uniform = (result[shape.value] for shape in Shape)
    return {
        **result,
        "ratio": lower(bursty["ratio"], uniform["ratio"]),
        "tables_equal": bursty["tables_equal"] and uniform["tables_equal"],
        "failed": sorted({*bursty["failed"], *uniform["failed"]}),
    }


def outputs_differ(sides: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The sides whose outputs for each event are not within `OUTPUTS_TOLERANCE` of ours: not comparable in speed."""
    ours = sides[OURS].get("outputs_per_event")
    return [
        name
        for name, side in sides.items()
        if ours and "failed" not in side and abs(side["outputs_per_event"] / ours - 1) > OUTPUTS_TOLERANCE
    ]


def _one_shape(
    stage: Stage, shape: Shape, templates: list[History], total: int, sides: Sequence[Side]
) -> dict[str, Any]:
    kafka = stage.endpoints.kafka_config()
    records = {side.name: _Record() for side in sides}
    with (
        Registry(stage.endpoints.registry_url) as registry,
        stage.source(shape.value, {}) as source,
    ):
        stage.tell(f"{shape}: publishing {total:,} events")
        published = publish(kafka, registry, source, messages(templates, total, shape))
        reference: Written | None = None
        for repeat in range(1, stage.options.repeats + 1):
            for side in sides:
                record = records[side.name]
                if record.failed is None:
                    found = _once(stage, side, record, source, f"{shape}-{repeat}", total, is_first=repeat == 1)
                    if found is not None and reference is None:
                        reference = found
                    elif found is not None and reference is not None:
                        record.differing += differing(reference.last, found.last, registry.schema_for_id)
                stage.tell(f"{shape} {repeat}/{stage.options.repeats} {side.name}: {_last(record)}")
    described = {side.name: _described(side, records[side.name], total) for side in sides}
    return {
        "events": total,
        "warm_up": warm_up(stage.options.events),
        "orders": published.orders,
        "sides": described,
        "ratio": ratios(described, OURS),
        "outputs_differ": outputs_differ(described),
        "tables_equal": not any(record.differing for record in records.values()),
        "failed": [name for name, record in records.items() if record.failed is not None],
    }


def _once(
    stage: Stage, side: Side, record: _Record, source: str, name: str, total: int, *, is_first: bool
) -> Written | None:
    """One repeat of one side; what it has written, when it came to the end."""
    plan = stage.plan(side, source, name)
    limit = float("inf") if is_first else stage.options.slow_seconds
    try:
        with stage.topics_of(plan):
            timing = measure(side, [plan], Bounds(warm_up(stage.options.events), total, limit), stage.place())
            record.timings.append(timing)
            if not timing.complete:
                return None
            found = written(plan["kafka"], plan["output"])
            record.outputs.append(found.records / total)
            return found
    except OrdertruthError as error:
        record.failed = str(error)
        return None


def _described(side: Side, record: _Record, total: int) -> dict[str, Any]:
    if record.failed is not None:
        return {"label": side.label, "failed": record.failed}
    return {
        "label": side.label,
        **summary(record.timings),
        "outputs_per_event": round(sum(record.outputs) / len(record.outputs), 4),
        "differing_orders": record.differing,
    }


def _last(record: _Record) -> str:
    if record.failed is not None:
        return f"failed: {record.failed}"
    timing = record.timings[-1]
    return f"{timing.events / timing.seconds:,.0f} events/s"
