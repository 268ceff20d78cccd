"""Times of records, and deadlines that name themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    """A time of the registers as records carry it."""
    return _EPOCH + timedelta(microseconds=microseconds)


def moment_or_none(microseconds: int | None) -> datetime | None:
    """The same for a time that may be absent."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def microseconds(value: object) -> int | None:
    """A time of an event for the registers; None for what is no aware time."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return (value - _EPOCH) // _MICROSECOND
    return None


class Reached:
    """How far the group's time has come; whoever asks about a deadline ahead is woken when it passes."""

    __slots__ = ("_reached_us", "wake_us")

    def __init__(self, reached_us: int) -> None:
        self._reached_us = reached_us
        self.wake_us: int | None = None

    def passed(self, deadline_us: int) -> bool:
        """Whether a deadline has passed."""
        if deadline_us <= self._reached_us:
            return True
        if self.wake_us is None or deadline_us < self.wake_us:
            self.wake_us = deadline_us
        return False
