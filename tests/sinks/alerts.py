"""Alerts to deliver, and a receiver on the loopback that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from avro.plain import to_avro
from domain.alert.record import Alert, Transition
from domain.case.states import Severity
from domain.derivation import Authority, Derivation
from domain.money import Money
from sinks.alerts.sink import ALERT_TABLE, AlertSink
from sinks.contract import SinkBatch, SinkRecord, Span, Tally, TopicIdentity

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
IDENTITY = TopicIdentity("cluster-1", ALERT_TABLE.topic, "topic-1")


def alert(key: str = "acme:c-1", version: int = 1, transition: str = "OPENED", **fields: Any) -> Alert:
    base: dict[str, Any] = {
        "dedup_key": key,
        "version": version,
        "transition": Transition(transition),
        "group_key": "acme:g-1",
        "cause": "catalog publication 7",
        "case_id": key,
        "rule_id": "asset.missing",
        "severity": Severity.HIGH,
        "owner": "inventory",
        "team": "inventory-operations",
        "title": f"HIGH asset.missing on OrderItem {key}: {transition.lower()}",
        "message": "The item is completed & no <asset> was made.",
        "money_at_risk": Money(amount=Decimal("12.50"), currency="EUR"),
        "since": NOW - timedelta(hours=3),
        "sla_due": NOW + timedelta(hours=60),
        "link": f"/cases/{key}",
        "evidence": ("asset: expected ACTIVE, found nothing",),
        "occurred_at": NOW,
        "derivation": Derivation(
            inputs=(),
            rule_id="cases",
            rule_version="1",
            calculated_at=NOW,
            authority=Authority.INFORMATIONAL,
            authoritative_for=("notification",),
            not_authoritative_for=("caseWork",),
            source_lag_ms=0,
        ),
    }
    return Alert(**{**base, **fields})


class Clock:
    """Shows what it is told to."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **span: float) -> None:
        self.at += timedelta(**span)


class Log:
    """One partition of the topic of alerts, written to a sink as its consumer would."""

    def __init__(self, sink: AlertSink) -> None:
        self.sink = sink
        self.end = 0

    def write(self, *alerts: Alert | None, at: int | None = None) -> Tally:
        """Apply alerts as one batch at the end of the log, or again from an offset."""
        start = self.end if at is None else at
        records = [
            SinkRecord(found.dedup_key if found else "acme:c-1", found and to_avro(found), 0, start + n, NOW)
            for n, found in enumerate(alerts)
        ]
        rows = [self.sink.prepare(ALERT_TABLE.topic, record) for record in records]
        self.end = max(self.end, start + len(rows))
        return self.sink.write(SinkBatch(IDENTITY, {0: Span(start, start + len(rows))}, rows))


@dataclass
class Heard:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: Any
    raw: bytes


@dataclass
class Receiver:
    """Answers each request with what `answer` says: a status, and headers."""

    url: str = ""
    answer: Callable[[Any], tuple[int, dict[str, str]]] = lambda _: (200, {})
    heard: list[Heard] = field(default_factory=list)
    taken: list[Heard] = field(default_factory=list)

    @property
    def told(self) -> list[tuple[str, int]]:
        """Key and version of every alert it took, in order, from bodies of our own webhook."""
        return [(a["dedupKey"], a["version"]) for request in self.taken for a in request.body["alerts"]]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens until the test ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            request = Heard(self.path, dict(self.headers), json.loads(raw), raw)
            receiver.heard.append(request)
            status, headers = receiver.answer(request.body)
            if status < 300:
                receiver.taken.append(request)
            self.send_response(status)
            for name, value in {"Content-Length": "2", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook?token=secret-token"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
