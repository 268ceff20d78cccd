"""Messages in the words of Slack, PagerDuty and Alertmanager, and of our own webhook; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.alert.record import Alert
from domain.case.states import Severity
from sinks.alerts.message import Message, Telling, shortened

Json = dict[str, Any]

SLACK_HEADER_MAX = 150
SLACK_SECTION_MAX = 900
"""Slack takes 3,000 characters a section and about 13,000 in all blocks of a message."""
SLACK_ALERTS_MAX = 10
PAGERDUTY_SUMMARY_MAX = 1024
PAGERDUTY_KEY_MAX = 255

_URGENCY: Mapping[Severity, str] = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
}
HOLDS = timedelta(days=30)
"""How long Alertmanager holds an alert open that nobody ends; it knows no alert without an end."""


def slack(message: Message, console_url: str) -> Json:
    """A message for an incoming webhook: a header, a section for each alert, and where to look."""
    shown = message.tellings[:SLACK_ALERTS_MAX]
    mark = ":white_check_mark:" if message.over else ":rotating_light:"
    blocks: list[Json] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": shortened(f"{mark} {message.headline}", SLACK_HEADER_MAX)},
        },
        *(_section(telling.alert, console_url) for telling in shown),
    ]
    rest = len(message.tellings) - len(shown)
    notes = [f"{rest} more of the same cause" if rest else "", f"{message.still_open} of this cause are open"]
    context = {"type": "mrkdwn", "text": _escaped(" · ".join(note for note in notes if note))}
    return {"text": _escaped(message.headline), "blocks": [*blocks, {"type": "context", "elements": [context]}]}


def _section(alert: Alert, console_url: str) -> Json:
    evidence = "\n".join(f"• {_escaped(line)}" for line in alert.evidence[:3])
    text = shortened(f"{_escaped(alert.message)}\n{evidence}", SLACK_SECTION_MAX)
    link = f"<{console_url}{alert.link}|{_escaped(shortened(alert.title, 120))}>"
    return {"type": "section", "text": {"type": "mrkdwn", "text": f"*{link}*\n{text}"}}


def _escaped(text: str) -> str:
    """The three characters Slack reads as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def pagerduty(message: Message, routing_key: str, console_url: str) -> Json:
    """An event of the Events API v2: one incident for each group, ended with the last of its alerts."""
    key = message.group_key
    if len(key) > PAGERDUTY_KEY_MAX:
        key = hashlib.sha256(key.encode()).hexdigest()
    event: Json = {"routing_key": routing_key, "dedup_key": key}
    if message.over and not message.still_open:
        return {**event, "event_action": "resolve"}
    first = message.tellings[0].alert
    return {
        **event,
        "event_action": "trigger",
        "client": "Ordertruth",
        "client_url": f"{console_url}{first.link}",
        "links": [{"href": f"{console_url}{t.alert.link}", "text": t.alert.title} for t in message.tellings],
        "payload": {
            "summary": shortened(message.headline, PAGERDUTY_SUMMARY_MAX),
            "source": first.owner,
            "severity": _URGENCY[message.severity],
            "timestamp": _time(message.sent_at),
            "component": first.rule_id,
            "group": first.team,
            "class": first.cause,
            "custom_details": {
                "still_open": message.still_open,
                "cases": [_details(telling.alert) for telling in message.tellings],
            },
        },
    }


def _details(alert: Alert) -> Json:
    money = alert.money_at_risk
    return {
        "case": alert.case_id,
        "severity": alert.severity.value,
        "message": alert.message,
        "since": _time(alert.since),
        "due": _time(alert.sla_due),
        "money_at_risk": None if money is None else f"{money.amount} {money.currency}",
        "evidence": list(alert.evidence),
    }


def alertmanager(message: Message, console_url: str) -> list[Json]:
    """Alerts of the API v2. Their labels are their identity, so a changed severity ends the alert of the former one."""
    return [alert for telling in message.tellings for alert in _labelled(telling, console_url, message.sent_at)]


def _labelled(telling: Telling, console_url: str, now: datetime) -> Iterator[Json]:
    alert, former = telling.alert, telling.former
    if former is not None and former is not alert.severity:
        yield _postable(alert, former, console_url, now)
    yield _postable(alert, alert.severity, console_url, now if telling.over else now + HOLDS)


def _postable(alert: Alert, severity: Severity, console_url: str, ends_at: datetime) -> Json:
    return {
        "labels": {
            "alertname": alert.rule_id,
            "case": alert.case_id,
            "tenant": alert.case_id.partition(":")[0],
            "owner": alert.owner,
            "team": alert.team,
            "group": alert.group_key,
            "severity": _URGENCY[severity],
        },
        "annotations": {
            "summary": alert.title,
            "description": alert.message,
            "cause": alert.cause,
            "evidence": "\n".join(alert.evidence),
        },
        "startsAt": _time(min(alert.since, ends_at)),
        "endsAt": _time(ends_at),
        "generatorURL": f"{console_url}{alert.link}",
    }


def webhook(message: Message, console_url: str) -> Json:
    """Our own: every alert as it is on its topic, to be recognised by `dedupKey` and `version`."""
    return {
        "id": message.message_id,
        "sentAt": _time(message.sent_at),
        "groupKey": message.group_key,
        "stillOpen": message.still_open,
        "consoleUrl": console_url,
        "alerts": [telling.alert.model_dump(mode="json", by_alias=True) for telling in message.tellings],
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
