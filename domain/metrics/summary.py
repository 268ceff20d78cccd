"""What the days of a metric come to together, and whether somebody should look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from domain.metrics.metric import Grain, Metric, Unit


class Rating(StrEnum):
    """How a value stands to the thresholds of its metric."""

    OK = "OK"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"
    UNRATED = "UNRATED"
    UNKNOWN = "UNKNOWN"


class Point(Protocol):
    """A day and scope of a metric."""

    @property
    def day(self) -> date:
        """The day in UTC."""
        ...

    @property
    def scope(self) -> str:
        """What part of the metric; empty for all."""
        ...

    @property
    def numerator(self) -> int:
        """Above the line."""
        ...

    @property
    def denominator(self) -> int:
        """Below it."""
        ...


@dataclass(frozen=True, slots=True)
class Summary:
    """The exact value over a window, None where nothing is known, in all and by scope."""

    value: Fraction | None
    rating: Rating
    scopes: dict[str, Fraction]


def summarise(metric: Metric, points: Iterable[Point], first: date, last: date) -> Summary:
    """The value of a metric over the days from `first` to `last`, both included.

    Counts of what happened are means over all these days, also those without any; shares and averages weigh each event
    alike; counts of what stands are those of the newest of these days, findings all that began within them. What is
    known as of the newest fact alone is taken as it is.
    """
    standing = metric.grain is Grain.AS_OF
    within = [point for point in points if standing or first <= point.day <= last]
    if metric.unit is Unit.COUNT and within and metric.thresholds and not _adds_up(metric):
        newest = max(point.day for point in within)
        within = [point for point in within if point.day == newest]
    scopes: dict[str, list[Point]] = defaultdict(list)
    for point in within:
        scopes[point.scope].append(point)
    days = (last - first).days + 1
    value = _value(metric, within, days)
    by_scope = {scope: _value(metric, found, days) for scope, found in sorted(scopes.items())}
    return Summary(value, rated(metric, value), {s: v for s, v in by_scope.items() if v is not None and s})


def rated(metric: Metric, value: Fraction | None) -> Rating:
    """How a value stands to the thresholds; one that reaches a threshold is beyond it."""
    if metric.thresholds is None:
        return Rating.UNRATED
    if value is None:
        return Rating.UNKNOWN
    for rating, threshold in (
        (Rating.CRITICAL, metric.thresholds.critical),
        (Rating.WARNING, metric.thresholds.warning),
    ):
        limit = Fraction(Decimal(threshold))
        if value >= limit if metric.thresholds.above else value <= limit:
            return rating
    return Rating.OK


def _adds_up(metric: Metric) -> bool:
    """Whether the days of a count are parts of one whole, as findings by the day they began are."""
    return metric.grain is Grain.DAY and not metric.kinds


def _value(metric: Metric, points: list[Point], days: int) -> Fraction | None:
    above, below = sum(p.numerator for p in points), sum(p.denominator for p in points)
    match metric.unit:
        case Unit.PER_DAY:
            return Fraction(above, days)
        case Unit.COUNT:
            return Fraction(above)
        case _:
            return Fraction(above, below) if below else None
