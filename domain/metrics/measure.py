"""How a metric is counted: the few forms there are, as data that a store turns into a query.

Every form gives, for each day (UTC, of the event) and scope, two whole numbers whose quotient is the metric, so that
days and scopes may be added up without rounding; forms about times also give a high percentile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Test(StrEnum):
    """How a column of a fact is looked at."""

    __test__ = False
    """Not a test case, whatever the name says to a test runner."""

    IS = "="
    BEGINS = "begins"
    ABOVE = ">"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold for a column of a fact."""

    column: str
    test: Test
    value: str | int


@dataclass(frozen=True, slots=True)
class Which:
    """Facts of some kinds for which every condition holds."""

    kinds: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()


def events(*kinds: str, **equal: str) -> Which:
    """Facts of these kinds, with columns that must be equal to something."""
    return Which(kinds, tuple(Condition(column, Test.IS, value) for column, value in equal.items()))


@dataclass(frozen=True, slots=True)
class Count:
    """How many facts; `by` is the column whose values are the scopes."""

    of: Which
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How many facts for each of others, both of the same day."""

    of: Which
    over: Which
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Sum of a column."""

    of: Which
    column: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Mean:
    """Average of a column, which is kept in units of 1/`scale`, and its 95th percentile in those units."""

    of: Which
    column: str
    by: str | None = None
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Between:
    """Milliseconds from the first start to the first end of a key, on the day of the end; ends before starts are not.

    `key` are the columns that tell matters apart; facts without one are left out.
    """

    start: Which
    end: Which
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """Of the keys that started, on the day of their first start: how many have an end, within a time if one is set."""

    start: Which
    end: Which
    key: str
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """Sum over the aggregates of the column as the newest fact of the day has it."""

    of: Which
    column: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Age in ms, mean and 95th percentile, of keys with a start and no end, as of the newest fact of the tenant."""

    start: Which
    end: Which
    key: str


@dataclass(frozen=True, slots=True)
class Idle:
    """Orders in a state, by the owner's newest word, that nothing has been told of for longer than its limit.

    As of the newest fact of the tenant; by state.
    """

    of: Which
    limits: Mapping[str, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Superseded:
    """Of the quotes that stand offered or approved, how many rest on a publication another one has replaced."""

    offered: Which
    quotes: Which
    publications: Which


@dataclass(frozen=True, slots=True)
class Findings:
    """Standing findings, on the day they began, of some rules (by their beginnings), by rule."""

    rules: tuple[str, ...]
    by: str = "rule_id"


@dataclass(frozen=True, slots=True)
class Backlog:
    """Open cases as of the newest fact of the tenant: mean and 95th percentile of their age in ms, by severity."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Milliseconds from the publication of derived records to their arrival in analytics, by view."""


Measure = (
    Count
    | Share
    | Total
    | Mean
    | Between
    | Reached
    | Newest
    | Pending
    | Idle
    | Superseded
    | Findings
    | Backlog
    | Arrival
)

GAUGES = (Pending, Idle, Superseded, Backlog)
"""Forms that say how things stand as of the newest fact, rather than what happened on each day."""
