"""Two counts of the same metrics, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compose.verify.business.tallies import Counted, Place
from domain.metrics.catalogue import METRICS
from domain.metrics.metric import Source
from sinks.clickhouse.metrics import MetricRow

FROM_RECORDS = tuple(metric for metric in METRICS.values() if metric.source is Source.DERIVED)
"""The metrics that are functions of derived records."""
FROM_EVENTS = tuple(metric for metric in METRICS.values() if metric.source is Source.EVENTS)
"""The metrics that are functions of the owners' events, and of nothing else."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A place at which analytics and the recount differ; None is a side that knows nothing of it."""

    metric_id: str
    tenant: str
    day: str
    scope: str
    analytics: Counted | None
    recounted: Counted | None

    def __str__(self) -> str:
        where = f"{self.metric_id} of {self.tenant} on {self.day}" + (f" ({self.scope})" if self.scope else "")
        return f"{where}: analytics {_said(self.analytics)}, the events {_said(self.recounted)}"


def _said(counted: Counted | None) -> str:
    if counted is None:
        return "say nothing"
    tail = "" if counted.p95 is None else f", 95th percentile {counted.p95}"
    return f"{counted.numerator}/{counted.denominator}{tail}"


def disagreements(
    rows: Mapping[str, Iterable[MetricRow]], recounted: Mapping[str, Mapping[Place, Counted]]
) -> list[Disagreement]:
    """Where the views of the metrics that were counted again are not what that came to, to the last digit.

    The value of a view has to be the quotient of its numbers, and no day of either side may be missing on the other.
    """
    found = []
    for metric_id, here in recounted.items():
        there = {(r.tenant, r.day, r.scope): Counted(r.numerator, r.denominator, r.p95) for r in rows[metric_id]}
        broken = {(r.tenant, r.day, r.scope) for r in rows[metric_id] if r.value != _value(r)}
        for place in sorted({*there, *here}):
            if there.get(place) != here.get(place) or place in broken:
                tenant, day, scope = place
                sides = there.get(place), here.get(place)
                found.append(Disagreement(metric_id, tenant, day.isoformat(), scope, *sides))
    return found


def _value(row: MetricRow) -> float | None:
    return row.numerator / row.denominator if row.denominator else None
