"""One worker against two of the same group: what a second process adds on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from avro.registry import Registry
from bench.measure import Bounds, Timing, measure
from bench.plan import Stage
from bench.sides import Side
from bench.statistics import summary
from bench.throughput import warm_up
from bench.workload import Shape, messages, publish, templates_for
from domain.errors import OrdertruthError

WORKERS = (1, 2)


def run(stage: Stage, sides: Sequence[Side]) -> dict[str, Any]:
    """Every side with each number of workers, on both shapes; `ratio` is two to one, the lower of the shapes.

    The broker runs on the same cores, so a second worker on two cores competes with it.
    """
    total = stage.options.events + warm_up(stage.options.events)
    templates = templates_for(total)
    result: dict[str, Any] = {"cores_shared_with_broker": True}
    ratios: dict[str, list[float]] = {}
    failed: set[str] = set()
    for shape in Shape:
        with (
            Registry(stage.endpoints.registry_url) as registry,
            stage.source(f"scale-{shape}", {}) as source,
        ):
            publish(stage.endpoints.kafka_config(), registry, source, messages(templates, total, shape))
            found: dict[str, Any] = {}
            for side in sides:
                found[side.name] = described = _side(stage, side, source, shape, total)
                if "failed" in described:
                    failed.add(side.name)
                else:
                    one, two = (described["workers"][str(n)]["events_per_second"] for n in WORKERS)
                    ratios.setdefault(side.name, []).append(round(two / one, 2))
                stage.tell(f"{shape} {side.name}: {described.get('failed') or ratios[side.name][-1]}")
            result[shape.value] = {"events": total, "sides": found}
    lowest = {name: min(values) for name, values in ratios.items() if name not in failed}
    return {
        **result,
        "ratio": {f"{name}_two_to_one": value for name, value in lowest.items()},
        "failed": sorted(failed),
    }


def _side(stage: Stage, side: Side, source: str, shape: Shape, total: int) -> dict[str, Any]:
    if not side.in_group:
        return {"label": side.label, "failed": "It does not share a topic's partitions by a consumer group."}
    timings: dict[int, list[Timing]] = {workers: [] for workers in WORKERS}
    try:
        for repeat in range(1, stage.options.repeats + 1):
            for workers in WORKERS:
                run_name = f"scale-{shape}-{workers}-{repeat}"
                plans = [stage.plan(side, source, run_name, instance=number) for number in range(workers)]
                bounds = Bounds(warm_up(stage.options.events), total, stage.options.slow_seconds)
                with stage.topics_of(plans[0]):
                    timings[workers].append(measure(side, plans, bounds, stage.place()))
    except OrdertruthError as error:
        return {"label": side.label, "failed": str(error)}
    return {"label": side.label, "workers": {str(workers): summary(found) for workers, found in timings.items()}}
