"""Settings of alerts as the channels they describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.alert.policy import ChannelPolicy, Grouping, QuietHours, RateLimit, Route
from domain.case.states import Severity
from sinks.alerts.channel import Channel, ChannelKind
from sinks.alerts.courier import Patience

if TYPE_CHECKING:
    from compose.settings import AlertSettings, ChannelSettings


def channels_of(settings: AlertSettings) -> tuple[Channel, ...]:
    """The channels alerts are told through."""
    return tuple(_channel(settings, channel) for channel in settings.channels)


def patience_of(settings: AlertSettings) -> Patience:
    """How long receivers that do not take alerts are waited for."""
    return Patience(longest_s=settings.retry_longest_s, give_up_s=settings.give_up_hours * 3600)


def _channel(settings: AlertSettings, channel: ChannelSettings) -> Channel:
    quiet = channel.quiet
    policy = ChannelPolicy(
        route=Route(
            min_severity=Severity(channel.min_severity),
            owners=channel.owners,
            tenants=channel.tenants,
            not_tenants=channel.not_tenants,
        ),
        grouping=Grouping(settings.group_wait, settings.group_interval, settings.group_most),
        limit=RateLimit(messages=channel.per_minute),
        quiet=QuietHours(quiet.start, quiet.end, quiet.zone, Severity(quiet.breaks_through)) if quiet else None,
    )
    return Channel(
        name=channel.name,
        kind=ChannelKind(channel.kind),
        url=channel.url.get_secret_value() if channel.url else "",
        secret=channel.secret.get_secret_value() if channel.secret else "",
        policy=policy,
        console_url=settings.console_url,
    )
