"""One business metric as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.metrics.measure import GAUGES, Arrival, Backlog, Findings, Measure


class Unit(StrEnum):
    """What the value counts."""

    COUNT = "count"
    PER_DAY = "per day"
    SHARE = "share"
    MILLISECONDS = "milliseconds"
    PERCENT = "percent"


class Grain(StrEnum):
    """For what a row of the metric speaks."""

    DAY = "day"
    AS_OF = "as of the newest fact"


class Source(StrEnum):
    """What a metric is computed from."""

    EVENTS = "owners' events"
    DERIVED = "derived records"
    RUN_TIME = "the running platform"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which value on somebody should look, and must; `above` says in which direction it gets worse."""

    warning: str
    critical: str
    above: bool = True


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured, how, by whom it is answered for, and from when on somebody should look.

    `requirement` is its number in the requirements; `definition` one sentence; `formula` how the value comes about, for
    people; `owner` the system that can change it.
    """

    requirement: str
    metric_id: str
    name: str
    definition: str
    formula: str
    owner: str
    unit: Unit
    measure: Measure
    thresholds: Thresholds | None = None
    freshness: timedelta = timedelta(minutes=1)

    @property
    def grain(self) -> Grain:
        """Whether its rows speak for a day or for how things stand."""
        return Grain.AS_OF if isinstance(self.measure, GAUGES) else Grain.DAY

    @property
    def source(self) -> Source:
        """What it is computed from."""
        if isinstance(self.measure, Arrival):
            return Source.RUN_TIME
        return Source.DERIVED if isinstance(self.measure, Findings | Backlog) else Source.EVENTS

    @property
    def kinds(self) -> tuple[str, ...]:
        """The events it is a function of; none for what is computed from derived records."""
        found: dict[str, None] = {}
        for name in ("start", "end", "of", "over", "offered", "quotes", "publications"):
            found.update(dict.fromkeys(getattr(getattr(self.measure, name, None), "kinds", ())))
        return tuple(found)
