"""Whom alerts are told, when and how many at once: pure functions of settings that are data (R240, R241)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from domain.alert.record import Alert
from domain.case.states import Severity


@dataclass(frozen=True, slots=True)
class Route:
    """What a channel is told: at least this severity, of these owners and tenants (patterns; none means all).

    `not_tenants` are left out; simulated tenants are, unless a channel asks for them.
    """

    min_severity: Severity = Severity.LOW
    owners: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    not_tenants: tuple[str, ...] = ("sim-*",)

    def takes(self, alert: Alert, *, told: bool) -> bool:
        """Whether the channel is told of an alert; once it was `told` of one that is not over, it is told the end."""
        return told or (alert.severity.rank <= self.min_severity.rank and self._concerned(alert))

    def _concerned(self, alert: Alert) -> bool:
        tenant = alert.dedup_key.partition(":")[0]
        if any(fnmatchcase(tenant, pattern) for pattern in self.not_tenants):
            return False
        wanted = not self.tenants or any(fnmatchcase(tenant, pattern) for pattern in self.tenants)
        return wanted and (not self.owners or alert.owner in self.owners)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours of a day in which only what is urgent enough is told; over midnight when the end is the earlier."""

    start: time
    end: time
    zone: str = "UTC"
    breaks_through: Severity = Severity.CRITICAL

    def until(self, severity: Severity, now: datetime) -> datetime | None:
        """When they end, if they hold for this severity now; None when it may be told."""
        if severity.rank <= self.breaks_through.rank:
            return None
        local = now.astimezone(ZoneInfo(self.zone))
        clock = local.time().replace(tzinfo=None)
        overnight = self.end <= self.start
        within = clock >= self.start or clock < self.end if overnight else self.start <= clock < self.end
        if not within:
            return None
        day = local.date() + timedelta(days=1) if overnight and clock >= self.start else local.date()
        return datetime.combine(day, self.end, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so many messages in a period."""

    messages: int = 60
    period: timedelta = timedelta(minutes=1)

    def next_at(self, sent: Sequence[datetime], now: datetime) -> datetime | None:
        """When the next message may go, by when others went; None when it may go now."""
        recent = sorted(at for at in sent if at > now - self.period)
        return None if len(recent) < self.messages else recent[-self.messages] + self.period


@dataclass(frozen=True, slots=True)
class Grouping:
    """How alerts of one cause are told together.

    The first of a group waits for `wait` for others, the next ones until `interval` after the last message; a message
    tells of at most `most`. What is of the highest severity waits for nothing.
    """

    wait: timedelta = timedelta(seconds=10)
    interval: timedelta = timedelta(minutes=5)
    most: int = 20

    def due_at(self, severity: Severity, now: datetime, last_sent: datetime | None) -> datetime:
        """When an alert that came now is to be told, after the last message of its group."""
        if severity is Severity.CRITICAL:
            return now
        waited = now + self.wait
        return waited if last_sent is None else max(waited, last_sent + self.interval)


@dataclass(frozen=True, slots=True)
class ChannelPolicy:
    """How one channel is told."""

    route: Route = Route()
    grouping: Grouping = Grouping()
    limit: RateLimit = RateLimit()
    quiet: QuietHours | None = None

    def quiet_until(self, severity: Severity, now: datetime) -> datetime | None:
        """See `QuietHours.until`; None without any."""
        return self.quiet.until(severity, now) if self.quiet is not None else None
