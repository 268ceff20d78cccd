"""The figures of a run as tables, the same for the screen and for the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bench.sides import OURS
from bench.statistics import PER_CPU_SECOND
from bench.workload import Shape

NOTHING = "-"


class Table(NamedTuple):
    """One table with what stands above and below it."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    remark: str


def tables(result: Mapping[str, Any]) -> Iterator[Table]:
    """The tables of a result, by its mode."""
    yield from _throughput(result)


def _throughput(result: Mapping[str, Any]) -> Iterator[Table]:
    columns = (
        "side",
        "events/s",
        "CPU s",
        "broker CPU s",
        "events/CPU s",
        "peak MiB",
        "outputs/event",
        "ours is faster by",
        "by CPU s",
    )
    for shape in Shape:
        found = result[shape.value]
        title = f"{shape}: {found['events']:,} events of {found['orders']:,} orders, {found['warm_up']:,} to warm up"
        rows = [_row(name, side, found["ratio"]) for name, side in found["sides"].items()]
        equal = "equal" if found["tables_equal"] else "DIFFERENT"
        yield Table(title, columns, rows, f"The last records of all orders are {equal} on all sides.")


def _row(name: str, side: Mapping[str, Any], ratio: Mapping[str, float]) -> tuple[str, ...]:
    if "failed" in side:
        return (name, "failed", *[NOTHING] * 7)
    broker = side["broker_cpu_seconds"]
    return (
        name,
        f"{side['events_per_second']:,}",
        f"{side['cpu_seconds']:.1f}",
        NOTHING if broker is None else f"{broker:.1f}",
        f"{side['events_per_cpu_second']:,}",
        f"{side['memory_mib']:.0f}",
        f"{side['outputs_per_event']:.3f}",
        "" if name == OURS else times(ratio.get(name)),
        "" if name == OURS else times(ratio.get(f"{name}{PER_CPU_SECOND}")),
    )


def times(ratio: float | None) -> str:
    """A ratio for people."""
    return NOTHING if ratio is None else f"{ratio:.2f} x"
