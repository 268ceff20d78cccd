"""Alerts on their way to people: an outbox of their own, and the channels it empties into."""

from sinks.alerts.channel import Channel, ChannelKind
from sinks.alerts.courier import Courier
from sinks.alerts.service import AlertService
from sinks.alerts.sink import AlertSink

__all__ = ["AlertService", "AlertSink", "Channel", "ChannelKind", "Courier"]
