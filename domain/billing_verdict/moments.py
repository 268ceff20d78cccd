"""Microseconds, moments and UTC days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)
DAY_US = 86_400_000_000


def microseconds(moment: Any) -> int | None:
    """A moment as microseconds since the epoch; None for what is none."""
    return (moment - _EPOCH) // _MICROSECOND if isinstance(moment, datetime) else None


def moment_of(us: int) -> datetime:
    """The inverse of `microseconds`."""
    return _EPOCH + timedelta(microseconds=us)


def day_of(us: int) -> date:
    """The UTC day a moment lies in."""
    return date.fromordinal(_EPOCH_DAY + us // DAY_US)


def midnight_us(day: date) -> int:
    """When a UTC day begins."""
    return (day.toordinal() - _EPOCH_DAY) * DAY_US
