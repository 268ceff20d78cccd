"""From the repeats of each side to what is reported: medians, and ours against theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.measure import Timing

PER_CPU_SECOND = "_per_cpu_second"


def summary(timings: Sequence[Timing]) -> dict[str, Any]:
    """The median of each figure over the repeats, the peak of memory, and the repeats themselves.

    `cpu_seconds` are the client's, scaled to the events of the median repeat by being medians themselves.
    """
    broker = [t.broker_cpu_seconds for t in timings if t.broker_cpu_seconds is not None]
    return {
        "events": round(median(t.events for t in timings)),
        "seconds": round(median(t.seconds for t in timings), 3),
        "events_per_second": round(median(t.events / t.seconds for t in timings)),
        "cpu_seconds": round(median(t.client_cpu_seconds for t in timings), 2),
        "broker_cpu_seconds": round(median(broker), 2) if broker else None,
        "events_per_cpu_second": round(median(t.events / max(t.client_cpu_seconds, 0.01) for t in timings)),
        "memory_mib": round(max(t.memory_mib for t in timings), 1),
        "repeats": [_plain(t) for t in timings],
    }


def ratios(sides: Mapping[str, Mapping[str, Any]], ours: str) -> dict[str, float]:
    """Ours divided by each other side's, in events per second and per second of client CPU; failed sides are absent."""
    found: dict[str, float] = {}
    mine = sides.get(ours, {})
    if "events_per_second" not in mine:
        return found
    for name, side in sides.items():
        if name != ours and "events_per_second" in side:
            found[name] = round(mine["events_per_second"] / side["events_per_second"], 2)
            found[f"{name}{PER_CPU_SECOND}"] = round(mine["events_per_cpu_second"] / side["events_per_cpu_second"], 2)
    return found


def lower(one: Mapping[str, float], two: Mapping[str, float]) -> dict[str, float]:
    """The lower of two ratios, of those that both have."""
    return {name: min(value, two[name]) for name, value in one.items() if name in two}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of the values do not exceed (nearest rank). Raises `ValueError` for none."""
    if not values:
        message = "there is no percentile of nothing"
        raise ValueError(message)
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, min(len(ordered), int(rank)) - 1)]


def _plain(timing: Timing) -> dict[str, Any]:
    return {
        "events": timing.events,
        "seconds": round(timing.seconds, 3),
        "events_per_second": round(timing.events / timing.seconds),
        "cpu_seconds": round(timing.client_cpu_seconds, 2),
        "broker_cpu_seconds": None if timing.broker_cpu_seconds is None else round(timing.broker_cpu_seconds, 2),
        "memory_mib": round(timing.memory_mib, 1),
    }
