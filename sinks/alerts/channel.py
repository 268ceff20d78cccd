"""A channel: where it is, how it wants to be told, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
import structlog

from domain.alert.policy import ChannelPolicy
from sinks.alerts import payloads
from sinks.alerts.message import Message
from sinks.alerts.post import Answer, Post, Request, Verdict, post
from sinks.alerts.signing import DELIVERY_HEADER, SIGNATURE_HEADER, signature

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
ALERTMANAGER_PATH = "/api/v2/alerts"

log = structlog.get_logger(__name__)


class ChannelKind(StrEnum):
    """The kinds of receivers there are."""

    SLACK = "slack"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"
    WEBHOOK = "webhook"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Channel:
    """One receiver. `secret` signs a webhook's bodies, or is PagerDuty's routing key; neither it nor `url` is shown."""

    name: str
    kind: ChannelKind
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    policy: ChannelPolicy = field(default_factory=ChannelPolicy)
    console_url: str = ""
    send: Post = field(default=post, repr=False)

    def tell(self, message: Message) -> Answer:
        """Tell it; the answer says what became of that, nothing is raised for a receiver that is away."""
        if self.kind is ChannelKind.LOG:
            for telling in message.tellings:
                alert = telling.alert
                log.warning(
                    "alert",
                    transition=alert.transition.value,
                    severity=alert.severity.value,
                    case=alert.case_id,
                    alert_version=alert.version,
                    title=alert.title,
                    text=alert.message,
                    link=f"{self.console_url}{alert.link}",
                )
            return Answer(Verdict.TAKEN, "logged")
        return self.send(self.request(message))

    def request(self, message: Message) -> Request:
        """The request a message becomes."""
        url, body = self.url, orjson.dumps(self._payload(message))
        headers = {"Content-Type": "application/json", "User-Agent": "Ordertruth", DELIVERY_HEADER: message.message_id}
        match self.kind:
            case ChannelKind.PAGERDUTY:
                url = url or PAGERDUTY_URL
            case ChannelKind.ALERTMANAGER:
                url = url.rstrip("/") + ALERTMANAGER_PATH
            case ChannelKind.WEBHOOK:
                timestamp = int(message.sent_at.timestamp())
                headers[SIGNATURE_HEADER] = signature(self.secret.encode(), body, timestamp)
        return Request(url, body, headers)

    def _payload(self, message: Message) -> Any:
        match self.kind:
            case ChannelKind.SLACK:
                return payloads.slack(message, self.console_url)
            case ChannelKind.PAGERDUTY:
                return payloads.pagerduty(message, self.secret, self.console_url)
            case ChannelKind.ALERTMANAGER:
                return payloads.alertmanager(message, self.console_url)
            case _:
                return payloads.webhook(message, self.console_url)
