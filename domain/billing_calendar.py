"""Calendar periods of charges: where one begins and ends, and what share of it some days are.

Days are UTC days and ranges exclude their end.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from domain.commercial import Period

MONTHS: Mapping[Period, int] = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
"""Length of each period in calendar months."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `start` up to, and without, `end`; none when `end` is not after `start`."""

    start: date
    end: date

    @property
    def count(self) -> int:
        """How many days they are."""
        return max(0, (self.end - self.start).days)

    def within(self, other: Days) -> Days:
        """The days that are in both."""
        return Days(max(self.start, other.start), min(self.end, other.end))


def utc_day(moment: datetime) -> date:
    """The UTC day a moment lies in; at the edges of the calendar its first or last day."""
    try:
        return moment.astimezone(UTC).date()
    except OverflowError:
        return date.max if moment.year == date.max.year else date.min


def midnight(day: date) -> datetime:
    """The moment a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def later(day: date, months: int) -> date:
    """The same day some months on, or the month's last day when that month is too short; at most the last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def period_of(day: date, period: Period) -> Days:
    """The calendar period a day lies in."""
    months = MONTHS[period]
    start = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Days(start, later(start, months))


def periods_in(days: Days, period: Period) -> Iterator[Days]:
    """The calendar periods that share a day with a range, in order."""
    start = days.start
    while start < days.end:
        found = period_of(start, period)
        yield found
        start = found.end
