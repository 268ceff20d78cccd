"""What the API needs of the outside, handed in by whoever puts the platform together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from domain.access import Pass
from domain.command import Command, CommandResult
from domain.fold.heard import Heard


class Passes(Protocol):
    """The tokens that were given out."""

    async def find(self, digest: bytes) -> Pass | None:
        """The pass whose token has this SHA-256. Raises `UnavailableError` when it cannot be looked up."""
        ...


class Freshness(Protocol):
    """How far the read model has come."""

    def complete_as_of(self, topic: str) -> datetime | None:
        """The newest moment of which it is known that everything its owners had published is in the topic's table.

        None while nothing is known.
        """
        ...

    async def look(self) -> None:
        """Find out how things stand right now; returns without having learnt anything when that cannot be told."""
        ...


EventPlace = tuple[str, int, int]
"""Topic, partition and offset of an event."""


class History(Protocol):
    """The events themselves, as their owners published them."""

    async def events(self, places: Sequence[EventPlace]) -> list[Heard]:
        """The events at these places; those that are there no more are left out. Raises `UnavailableError`."""
        ...


class MetricPoint(Protocol):
    """A day and scope of a business metric, as analytics have it (`sinks.clickhouse.metrics.MetricRow`)."""

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

    @property
    def value(self) -> float | None:
        """Their quotient, None over 0."""
        ...

    @property
    def p95(self) -> int | None:
        """95th percentile, where the metric is about times."""
        ...

    @property
    def watermark(self) -> datetime:
        """When the newest fact it rests on was published."""
        ...

    @property
    def lag_ms(self) -> int:
        """How long that fact was under way."""
        ...


class BusinessMetrics(Protocol):
    """The analytics, which inform and decide nothing. Each method raises `UnavailableError` while they are away."""

    async def known_tenants(self) -> Sequence[str]:
        """The tenants there are facts of, by name."""
        ...

    async def newest_day(self, tenant: str) -> date | None:
        """The newest day on which a tenant's business did something; None when there is none."""
        ...

    async def rows(self, tenant: str, metric_ids: Sequence[str], since: date) -> Mapping[str, Sequence[MetricPoint]]:
        """The days of some metrics, from one on."""
        ...


class Decisions(Protocol):
    """Where decisions go: they are commands to an aggregate, and its answer is known at once."""

    async def send(self, command: Command) -> CommandResult:
        """Carry a command out. Raises `UnavailableError` when that is not possible now; it may be sent again."""
        ...
