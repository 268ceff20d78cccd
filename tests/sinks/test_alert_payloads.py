"""Messages in the words of each receiver, held against what its vendor documents, and signatures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from domain.case.states import Severity
from sinks.alerts.channel import PAGERDUTY_URL, Channel, ChannelKind
from sinks.alerts.courier import Patience
from sinks.alerts.message import Message, Telling, shortened
from sinks.alerts.payloads import SLACK_ALERTS_MAX
from sinks.alerts.post import RETRY_AFTER_MAX_S, retry_after
from sinks.alerts.signing import DELIVERY_HEADER, SIGNATURE_HEADER, is_genuine, signature
from tests.sinks.alerts import NOW, alert

CONSOLE = "https://console.example"
KEY = "0123456789abcdef0123456789abcdef"
Json = dict[str, Any]


def text(most: int, *kinds: str) -> Json:
    return {
        "type": "object",
        "required": ["type", "text"],
        "additionalProperties": False,
        "properties": {"type": {"enum": list(kinds)}, "text": {"type": "string", "minLength": 1, "maxLength": most}},
    }


def block(kind: str, **fields: Json) -> Json:
    properties = {"type": {"const": kind}, **fields}
    return {"type": "object", "required": list(properties), "additionalProperties": False, "properties": properties}


SLACK: Json = {
    "type": "object",
    "required": ["text", "blocks"],
    "additionalProperties": False,
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 4000},
        "blocks": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "oneOf": [
                    block("header", text=text(150, "plain_text")),
                    block("section", text=text(3000, "mrkdwn", "plain_text")),
                    block("context", elements={"type": "array", "maxItems": 10, "items": text(3000, "mrkdwn")}),
                ]
            },
        },
    },
}
PAGERDUTY: Json = {
    "type": "object",
    "required": ["routing_key", "event_action"],
    "additionalProperties": False,
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": {"type": "string"},
        "client_url": {"type": "string", "format": "uri"},
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["href"],
                "additionalProperties": False,
                "properties": {"href": {"type": "string", "pattern": "^https?://"}, "text": {"type": "string"}},
            },
        },
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": {"type": "string", "minLength": 1},
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {
                    "type": "string",
                    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
                },
                "component": {"type": "string"},
                "group": {"type": "string"},
                "class": {"type": "string"},
                "custom_details": {"type": "object"},
            },
        },
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
    "else": {"required": ["dedup_key"]},
}
LABELS: Json = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"},
    "additionalProperties": {"type": "string"},
}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
ALERTMANAGER: Json = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["labels"],
        "additionalProperties": False,
        "properties": {
            "labels": {**LABELS, "required": ["alertname"]},
            "annotations": LABELS,
            "startsAt": TIME,
            "endsAt": TIME,
            "generatorURL": {"type": "string", "pattern": "^https?://"},
        },
    },
}
SCHEMAS = {ChannelKind.SLACK: SLACK, ChannelKind.PAGERDUTY: PAGERDUTY, ChannelKind.ALERTMANAGER: ALERTMANAGER}

LONG = alert(title="t" * 500, message="m" * 5000 + "<&>", group_key="acme:" + "g" * 400, evidence=("e" * 900,) * 12)
MESSAGES = {
    "opened": Message("m-1", (Telling(alert()),), 1, NOW),
    "updated": Message("m-2", (Telling(alert(version=2, transition="UPDATED"), Severity.LOW),), 1, NOW),
    "resolved": Message("m-3", (Telling(alert(version=3, transition="RESOLVED"), Severity.HIGH),), 0, NOW),
    "one of two resolved": Message("m-4", (Telling(alert(version=3, transition="RESOLVED")),), 1, NOW),
    "many": Message("m-5", tuple(Telling(alert(f"acme:c-{n}")) for n in range(40)), 40, NOW),
    "long": Message("m-6", (Telling(LONG),) * 20, 20, NOW),
    "without money": Message("m-7", (Telling(alert(money_at_risk=None, evidence=())),), 1, NOW),
}


def channel(kind: ChannelKind, url: str = "https://receiver.example/x") -> Channel:
    return Channel("c", kind, url=url, secret=KEY, console_url=CONSOLE)


def payload(kind: ChannelKind, message: Message) -> Any:
    return orjson.loads(channel(kind).request(message).body)


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_what_its_receiver_documents(kind: ChannelKind, name: str) -> None:
    schema = SCHEMAS[kind]
    Draft202012Validator.check_schema(schema)
    found = payload(kind, MESSAGES[name])
    assert [(list(e.path), e.message[:200]) for e in Draft202012Validator(schema).iter_errors(found)] == []
    assert len(orjson.dumps(found)) < 500_000


def test_slack_is_told_in_its_markup_within_all_blocks_limit() -> None:
    found = payload(ChannelKind.SLACK, MESSAGES["opened"])
    section = found["blocks"][1]["text"]["text"]
    assert "&amp; no &lt;asset&gt;" in section
    assert section.startswith(f"*<{CONSOLE}/cases/acme:c-1|")
    for name in ("many", "long"):
        blocks = payload(ChannelKind.SLACK, MESSAGES[name])["blocks"]
        assert len(blocks) == SLACK_ALERTS_MAX + 2
        assert len(str(blocks)) < 13_000
    assert "30 more" in payload(ChannelKind.SLACK, MESSAGES["many"])["blocks"][-1]["elements"][0]["text"]


def test_pagerduty_has_one_incident_for_a_group_that_ends_with_its_last_alert() -> None:
    opened, left, ended = (
        payload(ChannelKind.PAGERDUTY, MESSAGES[n]) for n in ("opened", "one of two resolved", "resolved")
    )
    assert [e["event_action"] for e in (opened, left, ended)] == ["trigger", "trigger", "resolve"]
    assert {e["dedup_key"] for e in (opened, left, ended)} == {"acme:g-1"}
    assert (opened["payload"]["severity"], opened["payload"]["source"]) == ("error", "inventory")
    assert opened["payload"]["custom_details"]["cases"][0]["money_at_risk"] == "12.50 EUR"
    assert channel(ChannelKind.PAGERDUTY, "").request(MESSAGES["opened"]).url == PAGERDUTY_URL


def test_alertmanager_hears_the_end_of_the_former_severity() -> None:
    (opened,) = payload(ChannelKind.ALERTMANAGER, MESSAGES["opened"])
    former, now = payload(ChannelKind.ALERTMANAGER, MESSAGES["updated"])
    (ended,) = payload(ChannelKind.ALERTMANAGER, MESSAGES["resolved"])
    assert [a["labels"]["severity"] for a in (opened, former, now)] == ["error", "info", "error"]
    assert opened["labels"] == now["labels"] == ended["labels"], "labels are an alert's identity"
    assert former["endsAt"] == ended["endsAt"] == "2026-03-02T12:00:00Z"
    assert opened["endsAt"] > "2026-03-20"
    request = channel(ChannelKind.ALERTMANAGER, "http://am:9093/prefix/").request(MESSAGES["opened"])
    assert request.url == "http://am:9093/prefix/api/v2/alerts"


def test_a_webhook_is_signed_over_its_time_and_body() -> None:
    request = channel(ChannelKind.WEBHOOK).request(MESSAGES["many"])
    header, now = request.headers[SIGNATURE_HEADER], int(NOW.timestamp())
    assert request.headers[DELIVERY_HEADER] == "m-5"
    assert is_genuine(KEY.encode(), request.body, header, now + 299)
    assert not is_genuine(KEY.encode(), request.body, header, now + 301)
    assert not is_genuine(KEY.encode(), request.body, header, now - 301)
    assert not is_genuine(KEY.encode(), request.body + b" ", header, now)
    assert not is_genuine(b"other", request.body, header, now)
    assert not is_genuine(KEY.encode(), request.body, signature(KEY.encode(), request.body, now + 1)[:-1] + "0", now)
    for broken in ("", "t=,v1=", "t=x,v1=y", "v1=00", header.replace("t=", "t=²")):
        assert not is_genuine(KEY.encode(), request.body, broken, now)
    body = orjson.loads(request.body)
    assert [(a["dedupKey"], a["version"]) for a in body["alerts"][:2]] == [("acme:c-0", 1), ("acme:c-1", 1)]
    assert (body["id"], body["stillOpen"], body["groupKey"]) == ("m-5", 40, "acme:g-1")


def test_no_secret_is_shown() -> None:
    shown = repr(channel(ChannelKind.SLACK, "https://hooks.example/T0/very-secret"))
    assert "very-secret" not in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("999999", RETRY_AFTER_MAX_S),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
    assert datetime.now(UTC) > NOW


def test_back_off_doubles_with_jitter_up_to_a_bound() -> None:
    patience = Patience(first_s=1, longest_s=60)
    assert [patience.after(n, 1.0) for n in (1, 2, 3, 6, 7, 400)] == [1, 2, 4, 32, 60, 60]
    assert [patience.after(n, 0.0) for n in (1, 2, 400)] == [0.5, 1, 30]
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
