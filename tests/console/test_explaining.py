"""Why an order is as it is shown: back to the events, which are read again from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from avro.codec import frame
from avro.registry import Registry
from compose.serving.history import EventHistory
from compose.simulate import direct
from compose.simulate.enterprise import Enterprise
from domain.order_status.fold import OrderStatusFold
from domain.order_status.whitelist import ORDER_STATE
from tests.console.enterprise import RUN, SEED, records
from tests.console.test_problems import assert_problem
from topics.admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Callable

    from compose.stack.endpoints import Endpoints
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack

ORDER = records()["order_state"][0]
KINDS = OrderStatusFold().kinds
PATH = f"/orders/{ORDER['orderId']}/explain"


def test_a_state_is_explained_by_rule_clause_and_events(api: Api) -> None:
    answer = api.get(PATH, field="state")
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["data"]["fields"]
    assert found["value"] == ORDER["state"]
    assert found["clause"] == ORDER["clause"]
    assert (found["ruleId"], found["ruleVersion"]) == ("header-state", "reference.v1")
    known = {(e.topic, e.partition, e.offset): e.event_id for e in RUN.events}
    assert found["events"]
    for event in found["events"]:
        assert known[event["topic"], event["partition"], event["offset"]] == event["eventId"]
    assert all(found["wouldChange"])


def test_every_field_of_the_state_can_be_asked_about(api: Api) -> None:
    for field in ORDER_STATE:
        (found,) = api.get(PATH, field=field).json()["data"]["fields"]
        assert found["says"]
    usual = api.get(PATH).json()["data"]
    assert {found["field"] for found in usual["fields"]} >= {"state", "items.state"}
    assert usual["trouble"] is None, "the order is completed, and nothing is wrong"


def test_a_status_is_explained_to_its_audience(api: Api) -> None:
    assert api.get(PATH, scope="support", record="OrderStatusSupport", field="stuck").status_code == 200
    refused = api.get(PATH, scope="support", record="OrderStatusFulfillment", field="state")
    assert_problem(refused, 403, "AUTHORIZATION_SCOPE")
    assert_problem(api.get(PATH, scope="customer"), 403, "AUTHORIZATION_SCOPE")
    for record, field in (("OrderState", "secrets"), ("Nothing", "state"), ("OrderStatusSupport", "prices")):
        assert_problem(api.get(PATH, record=record, field=field), 422, "STRUCTURAL_PARAMETER")


def test_events_are_read_again_from_where_they_lie(stack: Endpoints) -> None:
    topic = f"history-{uuid4().hex[:8]}"
    config = dict(stack.kafka_config())
    admin_client(config).create_topics([NewTopic(topic, 2, 1)])[topic].result(20)
    every = direct.messages(Enterprise(2, SEED).run())
    written = [message for message in every if message.name.startswith("Product")]
    placed: dict[tuple[str, int, int], str] = {}
    producer = Producer(config)

    def delivery_of(event_id: str) -> Callable[[object, Message], None]:
        return lambda _, sent: placed.update({(topic, sent.partition() or 0, sent.offset() or 0): event_id})

    with Registry(stack.registry_url) as registry:
        for number, message in enumerate(written):
            registry.register(topic, message.name)
            value = frame(registry.id_for(topic, message.name), message.body)
            headers, noted = list(message.headers), delivery_of(message.event_id)
            producer.produce(topic, value, message.key, partition=number % 2, headers=headers, on_delivery=noted)
        producer.flush(20)
        history = EventHistory(config, registry)
        # of kinds the fold does not listen to nothing is heard
        heard = [p for p, m in zip(sorted(placed, key=lambda p: (p[2], p[1])), written, strict=True) if m.name in KINDS]
        chosen = [*heard[3::7], *heard[4:6]]
        found = {(e.topic, e.partition, e.offset): e.event_id for e in history.read([*chosen, *chosen])}
        assert found == {place: placed[place] for place in chosen}
        assert history.read([(topic, 0, 10**6)]) == [], "what is not there is left out"
        assert history.read([]) == []
        history.close()
