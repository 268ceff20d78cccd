"""A clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.errors import ConfigurationError

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


class FakeClock:
    """Hands out aware UTC times; calling it gives the time, as `EngineConfig.now` wants it."""

    def __init__(self, start: datetime = START) -> None:
        self._now = _aware(start)

    def __call__(self) -> datetime:
        """The time it shows."""
        return self._now

    def advance(self, by: timedelta | None = None, *, seconds: float = 0, minutes: float = 0) -> datetime:
        """Move on, or back by a negative time as a clock that is set right may do; returns the new time."""
        self._now += (by or timedelta()) + timedelta(seconds=seconds, minutes=minutes)
        return self._now

    def set(self, moment: datetime) -> datetime:
        """Show this time from now on. Raises `ConfigurationError` for a time without zone."""
        self._now = _aware(moment)
        return self._now


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        message = f"The time {moment.isoformat()} has no time zone."
        raise ConfigurationError(
            message, remediation="Pass an aware datetime, such as datetime(2026, 1, 1, tzinfo=UTC)."
        )
    return moment.astimezone(UTC)
