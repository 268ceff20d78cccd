"""What every request is answered from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from console.measuring import Measurements
from console.paging import Cursors
from console.ports import BusinessMetrics, Decisions, Freshness, History, Passes
from sinks.postgres.reading import ReadModel


def wall_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Service:
    """The parts of a running API; `now` tells the time.

    `decisions` is None where nothing can be decided, `history` where nothing can be explained,
    `metrics` where there are no analytics.

    `opened` are those that are open exactly as long as the API runs, in its event loop.
    """

    model: ReadModel
    passes: Passes
    freshness: Freshness
    cursors: Cursors
    measurements: Measurements
    decisions: Decisions | None = None
    history: History | None = None
    metrics: BusinessMetrics | None = None
    now: Callable[[], datetime] = wall_clock
    opened: tuple[AbstractAsyncContextManager[object], ...] = ()
