"""Alerts through the real outbox to a real receiver: each key and version once, whatever happens on the way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
import structlog
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from avro.codec import encode_model, frame
from avro.registry import Registry
from domain.alert.policy import ChannelPolicy, Grouping, QuietHours, RateLimit, Route
from domain.alert.record import Alert
from domain.case.states import Severity
from sinks.alerts import AlertService, AlertSink, Channel, ChannelKind, Courier
from sinks.alerts.courier import Patience
from sinks.alerts.post import Answer, Request, post
from sinks.alerts.signing import DELIVERY_HEADER
from sinks.alerts.sink import ALERT_TABLE
from sinks.contract import Tally
from tests.sinks.alerts import NOW, Clock, Log, Receiver, alert, receiving
from tests.sinks.feed import eventually

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack

AT_ONCE = ChannelPolicy(grouping=Grouping(timedelta(0), timedelta(0)))


class Desk:
    """A sink, a courier for its one channel, and the receiver at the other end, on one clock."""

    def __init__(self, database_url: str, receiver: Receiver, **channel: Any) -> None:
        self.url = database_url
        self.clock = Clock()
        self.receiver = receiver
        fields = {"name": "hook", "kind": ChannelKind.WEBHOOK, "url": receiver.url, "secret": "s", "policy": AT_ONCE}
        self.channel = Channel(**{**fields, **channel})
        self.sink = AlertSink(database_url, [self.channel], now=self.clock)
        self.sink.setup()
        self.connection = psycopg.connect(database_url, autocommit=True)
        self.connection.execute("TRUNCATE alerting.outbox, alerting.alerts, alerting.positions")
        self.log = Log(self.sink)
        self.courier = self.new_courier()

    def new_courier(self, **fields: Any) -> Courier:
        channel = replace(self.channel, **fields)
        return Courier(self.url, channel, patience=Patience(first_s=1, longest_s=30), now=self.clock, draw=lambda: 1.0)

    def deliver(self) -> int:
        """Send everything that may go now; returns how many messages that were."""
        return sum(1 for _ in iter(self.courier.turn, False))

    def deliver_until(self, *, seconds: int) -> None:
        """Look every second."""
        for _ in range(seconds):
            self.deliver()
            self.clock.pass_(seconds=1)

    def rows(self, column: str = "state") -> list[Any]:
        query = f"SELECT {column} FROM alerting.outbox ORDER BY dedup_key, version"
        return [value for (value,) in self.connection.execute(query).fetchall()]

    def close(self) -> None:
        self.courier.close()
        self.sink.close()
        self.connection.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def desk(stack: Endpoints, receiver: Receiver) -> Iterator[Desk]:
    found = Desk(stack.database_url, receiver)
    yield found
    found.close()


@pytest.fixture
def make(stack: Endpoints, receiver: Receiver) -> Iterator[Any]:
    made: list[Desk] = []

    def desk_with(**channel: Any) -> Desk:
        made.append(Desk(stack.database_url, receiver, **channel))
        return made[-1]

    yield desk_with
    for one in made:
        one.close()


def life(key: str, group: str = "acme:g-1") -> list[Alert]:
    kinds = ("OPENED", "UPDATED", "RESOLVED")
    return [alert(key, n, kind, group_key=group) for n, kind in enumerate(kinds, start=1)]


def test_a_receiver_that_refuses_for_two_minutes_gets_everything_afterwards_once(desk: Desk) -> None:
    back = NOW + timedelta(minutes=2)
    desk.receiver.answer = lambda _: (503 if desk.clock() < back else 200, {})
    for n in range(4):
        desk.log.write(*(life(f"acme:c-{n}", f"acme:g-{n % 2}")[: n + 1]))
    desk.deliver_until(seconds=119)
    assert desk.receiver.taken == []
    assert 4 <= len(desk.receiver.heard) <= 10, "it is asked rarer and rarer"
    assert "HTTP 503" in str(desk.courier.trouble)
    desk.deliver_until(seconds=60)
    wanted = [(f"acme:c-{n}", v) for n in range(4) for v in range(1, min(n + 1, 3) + 1)]
    assert Counter(desk.receiver.told) == Counter(wanted)
    for n in range(4):
        assert [v for key, v in desk.receiver.told if key == f"acme:c-{n}"] == list(range(1, min(n + 1, 3) + 1))
    assert set(desk.rows()) == {"sent"}
    assert desk.courier.trouble is None
    desk.deliver_until(seconds=5)
    assert len(desk.receiver.told) == len(wanted)


@pytest.mark.parametrize("status", [429, 503, 404, 302])
def test_a_receiver_says_when_it_is_to_be_asked_again_and_leads_nowhere_else(desk: Desk, status: int) -> None:
    elsewhere = {"Location": desk.receiver.url + "&moved=1"} if status == 302 else {}
    desk.receiver.answer = lambda _: (status, {"Retry-After": "60", **elsewhere})
    desk.log.write(alert())
    desk.deliver_until(seconds=60)
    assert len(desk.receiver.heard) == 1
    desk.receiver.answer = lambda _: (200, {})
    desk.deliver_until(seconds=2)
    assert desk.receiver.told == [("acme:c-1", 1)]
    assert "token" not in str(desk.rows("last_error"))


def test_replaying_the_topic_tells_nothing_twice(desk: Desk) -> None:
    given = [*life("acme:c-1"), *life("acme:c-2")]
    assert desk.log.write(*given) == Tally(6, applied=6)
    assert desk.log.write(*given, at=0) == Tally(6, duplicate=6)
    desk.deliver()
    desk.sink.reset(ALERT_TABLE.topic)
    assert desk.log.write(*given, at=0) == Tally(6, duplicate=2, stale=4)
    desk.deliver()
    assert Counter(desk.receiver.told) == Counter({(f"acme:c-{n}", v): 1 for n in (1, 2) for v in (1, 2, 3)})
    assert desk.log.write(None) == Tally(1, applied=1)


class _DiedError(Exception):
    """The process is gone between two steps."""


def test_a_crash_between_sending_and_marking_sends_the_same_message_again(desk: Desk) -> None:
    desk.log.write(alert("acme:c-1"), alert("acme:c-2"))

    def send_and_die(request: Request) -> Answer:
        post(request)
        raise _DiedError

    desk.courier = desk.new_courier(send=send_and_die)
    with pytest.raises(_DiedError):
        desk.courier.turn()
    desk.courier.close()
    desk.log.write(alert("acme:c-3"))
    desk.courier = desk.new_courier()
    desk.deliver()
    first, again, _ = desk.receiver.taken
    assert first.headers[DELIVERY_HEADER] == again.headers[DELIVERY_HEADER], "a receiver can tell"
    assert first.body["alerts"] == again.body["alerts"]
    assert desk.receiver.told[-1] == ("acme:c-3", 1)
    assert desk.rows("attempts") == [2, 2, 1]
    assert desk.deliver() == 0


def test_a_crash_before_sending_loses_nothing(desk: Desk) -> None:
    desk.log.write(alert())

    def die(_: Request) -> Answer:
        raise _DiedError

    desk.courier = desk.new_courier(send=die)
    with pytest.raises(_DiedError):
        desk.courier.turn()
    desk.courier.close()
    desk.courier = desk.new_courier()
    desk.deliver()
    assert desk.receiver.told == [("acme:c-1", 1)]


def test_in_quiet_hours_only_what_is_urgent_is_told(make: Any) -> None:
    quiet = QuietHours(time(11), time(13), breaks_through=Severity.CRITICAL)
    desk = make(policy=replace(AT_ONCE, quiet=quiet))
    desk.log.write(alert("acme:c-1"), alert("acme:c-2", severity=Severity.CRITICAL))
    desk.deliver()
    assert desk.receiver.told == [("acme:c-2", 1)]
    desk.clock.pass_(minutes=59)
    assert desk.deliver() == 0
    desk.clock.pass_(minutes=1)
    desk.deliver()
    assert desk.receiver.told == [("acme:c-2", 1), ("acme:c-1", 1)]


def test_alerts_of_one_cause_are_one_message_and_the_next_ones_wait(make: Any) -> None:
    desk = make(policy=ChannelPolicy(grouping=Grouping(timedelta(seconds=10), timedelta(minutes=5), most=20)))
    desk.log.write(*(alert(f"acme:c-{n}") for n in range(30)), alert("acme:x", group_key="acme:g-2"))
    assert desk.deliver() == 0
    desk.clock.pass_(seconds=10)
    assert desk.deliver() == 3
    assert sorted(len(request.body["alerts"]) for request in desk.receiver.taken) == [1, 10, 20]
    desk.log.write(alert("acme:c-99"), alert("acme:c-98", severity=Severity.CRITICAL, group_key="acme:g-2"))
    desk.clock.pass_(seconds=60)
    assert desk.deliver() == 1, "the urgent one waits for nothing"
    desk.clock.pass_(minutes=5)
    assert desk.deliver() == 1
    assert len(desk.receiver.told) == 33


def test_an_incident_of_a_group_ends_with_its_last_alert(make: Any) -> None:
    desk = make(kind=ChannelKind.PAGERDUTY, secret="k" * 32)
    desk.log.write(alert("acme:c-1"), alert("acme:c-2"))
    desk.deliver()
    desk.log.write(alert("acme:c-1", 2, "RESOLVED"))
    desk.deliver()
    desk.log.write(alert("acme:c-2", 2, "RESOLVED"))
    desk.deliver()
    events = [(r.body["event_action"], r.body["dedup_key"]) for r in desk.receiver.taken]
    assert events == [("trigger", "acme:g-1"), ("trigger", "acme:g-1"), ("resolve", "acme:g-1")]


def test_a_changed_severity_reaches_alertmanager_with_the_end_of_the_former(make: Any) -> None:
    desk = make(kind=ChannelKind.ALERTMANAGER)
    desk.log.write(alert(severity=Severity.LOW), alert(version=2, transition="UPDATED", severity=Severity.CRITICAL))
    desk.deliver()
    found = [[a["labels"]["severity"] for a in r.body] for r in desk.receiver.taken]
    assert found == [["info"], ["info", "critical"]]
    assert desk.receiver.heard[0].path.endswith("/api/v2/alerts")


def test_no_more_messages_than_the_limit(make: Any) -> None:
    desk = make(policy=replace(AT_ONCE, limit=RateLimit(3, timedelta(minutes=1))))
    desk.log.write(*(alert(f"acme:c-{n}", group_key=f"acme:g-{n}") for n in range(7)))
    sent = []
    for _ in range(150):
        sent.append(desk.deliver())
        desk.clock.pass_(seconds=1)
    assert sum(sent) == 7
    assert all(sum(sent[n : n + 60]) <= 3 for n in range(90))


def test_a_channel_is_told_what_it_is_for_and_then_to_the_end(make: Any) -> None:
    desk = make(policy=replace(AT_ONCE, route=Route(min_severity=Severity.HIGH)))
    low, high = {"severity": Severity.LOW}, {"severity": Severity.HIGH}
    desk.log.write(alert(**low), alert(version=2, transition="UPDATED", **high))
    desk.log.write(alert(version=3, transition="UPDATED", **low), alert(version=4, transition="RESOLVED", **low))
    desk.log.write(alert("acme:c-2", **low), alert("acme:c-2", 2, "RESOLVED", **low), alert("sim-1:c-3", **high))
    desk.deliver()
    assert desk.receiver.told == [("acme:c-1", 2), ("acme:c-1", 3), ("acme:c-1", 4)]


def test_one_alert_a_receiver_refuses_holds_up_no_other_and_is_given_up_in_the_end(desk: Desk) -> None:
    desk.receiver.answer = lambda body: (400 if any(a["dedupKey"] == "acme:bad" for a in body["alerts"]) else 200, {})
    desk.log.write(alert("acme:c-1"), alert("acme:bad"), alert("acme:c-2"))
    desk.deliver_until(seconds=5)
    assert sorted(desk.receiver.told) == [("acme:c-1", 1), ("acme:c-2", 1)]
    desk.clock.pass_(days=4)
    desk.deliver()
    assert desk.rows() == ["parked", "sent", "sent"]
    assert "HTTP 400" in desk.rows("last_error")[0]
    assert desk.courier.outcomes["parked"] == 1


def test_a_receiver_that_does_not_answer_at_all_is_away(make: Any) -> None:
    desk = make(url="http://127.0.0.1:9/hook/very-secret")
    desk.log.write(alert())
    assert desk.deliver() == 1
    assert desk.rows() == ["waiting"]
    assert "very-secret" not in str([*desk.rows("last_error"), desk.courier.trouble])


def test_only_one_courier_of_a_channel_is_at_work(desk: Desk) -> None:
    desk.log.write(alert())
    desk.deliver()
    second = desk.new_courier()
    desk.log.write(alert("acme:c-2"))
    assert not second.turn()
    assert "another worker" in str(second.trouble)
    desk.courier.close()
    assert second.turn()
    second.close()
    assert desk.receiver.told == [("acme:c-1", 1), ("acme:c-2", 1)]


def test_the_log_is_a_channel(make: Any) -> None:
    desk = make(kind=ChannelKind.LOG, url="", console_url="https://console.example")
    desk.log.write(alert())
    with structlog.testing.capture_logs() as logged:
        desk.deliver()
    (line,) = [entry for entry in logged if entry["event"] == "alert"]
    assert line["link"] == "https://console.example/cases/acme:c-1"
    assert desk.rows() == ["sent"]


def test_from_the_topic_to_the_receiver_as_one_service(stack: Endpoints, desk: Desk) -> None:
    tag = uuid4().hex[:8]
    topic = f"derived.test-{tag}.v1"
    table = replace(ALERT_TABLE, topic=topic, dead_letters=f"dlq.{topic}")
    admin = AdminClient(dict(stack.kafka_config()))
    for made in admin.create_topics([NewTopic(name, 2, 1) for name in (topic, f"dlq.{topic}")]).values():
        made.result(20)
    registry = Registry(stack.registry_url)
    number = registry.register(topic, "Alert")
    producer = Producer({**stack.kafka_config(), "linger.ms": 0})
    for found in (*life("acme:c-1"), *life("acme:c-2")):
        producer.produce(topic, key=found.dedup_key.encode(), value=frame(number, encode_model(found)))
    producer.produce(topic, key=b"acme:c-9", value=b"nonsense")
    assert producer.flush(20) == 0
    service = AlertService(
        stack.kafka_config(),
        registry.schema_for_id,
        stack.database_url,
        [desk.channel],
        Patience(look_s=0.05),
        table=table,
        group_id=f"test-{tag}",
    )
    stop = threading.Event()
    thread = threading.Thread(target=service.run, args=(stop,))
    thread.start()
    try:
        eventually(lambda: len(desk.receiver.told) >= 6, what="everything was told")
        eventually(lambda: service.consumer.counters.dead_lettered == 1, what="the bad record is set aside")
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert Counter(desk.receiver.told) == Counter({(f"acme:c-{n}", v): 1 for n in (1, 2) for v in (1, 2, 3)})
    registry.close()
