"""The relay's two promises, no loss and no overtaking, while things break."""

from __future__ import annotations

import os
import random
import signal
import string
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from fastavro import parse_schema, schemaless_writer

from avro.codec import decode
from avro.contract import contract
from avro.plain import to_avro
from avro.registry import Registry
from compose.stack.endpoints import Endpoints
from domain.command import CommandOutcome
from domain.errors import UnavailableError
from domain.order_capture.attempt import attempted
from tests.topics.order_commands import START, note
from tests.topics.owner_log import first_arrivals, read_all
from tests.topics.test_relay import ORDERS, fill, registry, tenant, unpublished, until
from topics import outbox
from topics.outbox import OutboxRow, schema_fingerprint
from topics.relay import Relay
from topics.store import AggregateStore, writing
from topics.store.chain import GENESIS
from topics.store.recording import Stream, record

__all__ = ["registry", "tenant"]
pytestmark = pytest.mark.stack

RECORD = "OrderCaptureAttempted"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def narrow_topic(stack: Endpoints, registry: Registry) -> Iterator[str]:
    """A topic that refuses batches of more than 3000 bytes."""
    name = f"test.narrow.{uuid.uuid4().hex[:8]}"
    admin = AdminClient({**stack.kafka_config()})
    admin.create_topics([NewTopic(name, 4, 1, config={"max.message.bytes": "3000"})])[name].result(20)
    registry.register(name, RECORD)
    yield name
    admin.delete_topics([name])[name].result(20)


def widen(stack: Endpoints, topic: str) -> None:
    entry = ConfigEntry("max.message.bytes", "1000000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({**stack.kafka_config()})
    admin.incremental_alter_configs([resource])[resource].result(20)


def row(topic: str, tenant: str, version: int, size: int = 10, order: str = "o1") -> OutboxRow:
    """An event of one aggregate with a text nobody can compress."""
    text = "".join(random.Random(version).choices(string.ascii_letters, k=size))
    command = note(f"{tenant}:o1", f"c{version}")
    fact = attempted(command, CommandOutcome.ACCEPTED, None, START).model_copy(update={"message": text})
    _, to_publish = record(
        Stream("OrderCaptureAttempt", "oms", "test.v1", topic),
        fact,
        event_id=str(uuid.uuid4()),
        aggregate_id=f"{tenant}:{order}",
        version=version,
        prior_hash=GENESIS,
        command=command,
        now=START,
    )
    return to_publish


def test_nothing_overtakes_a_refused_event(
    database: str,
    connection: psycopg.Connection,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
    narrow_topic: str,
) -> None:
    """The broker refuses event 3 of o1 for good; the client by itself would go on with event 4."""
    orders = [f"o{n}" for n in range(1, 11)]
    sizes = {("o1", 3): 6000}
    outbox.insert(
        connection, [row(narrow_topic, tenant, v, sizes.get((o, v), 10), o) for v in range(1, 9) for o in orders]
    )
    relay = Relay(database, stack.kafka_config(), registry)

    with pytest.raises(UnavailableError, match="Message size too large"):
        relay.drain(timeout_s=3)
    arrived = read_all(stack.kafka_config(), narrow_topic, tenant)
    stuck, place = first_arrivals(arrived), {a.key: a.partition for a in arrived}
    assert stuck[f"{tenant}:o1"] == [1, 2]
    for key, versions in stuck.items():
        # A refusal concerns a whole request, so neighbours on the partition may have to wait as well.
        elsewhere = place[key] != place[f"{tenant}:o1"]
        assert versions == list(range(1, 9 if elsewhere else len(versions) + 1))
    widen(stack, narrow_topic)
    relay.drain(timeout_s=30)
    relay.close()

    arrived = read_all(stack.kafka_config(), narrow_topic, tenant)
    assert first_arrivals(arrived) == {f"{tenant}:{o}": list(range(1, 9)) for o in orders}
    assert len(arrived) == len(orders) * 8
    assert unpublished(connection) == 0


def test_a_topic_that_is_missing_is_named_and_waited_for(
    database: str, connection: psycopg.Connection, stack: Endpoints, registry: Registry, tenant: str
) -> None:
    missing = f"test.missing.{uuid.uuid4().hex[:8]}"
    registry.register(missing, RECORD)
    outbox.insert(connection, [row(missing, tenant, v) for v in (1, 2)])
    relay = Relay(database, stack.kafka_config(), registry)
    with pytest.raises(UnavailableError, match=f"Kafka has no topic {missing}"):
        relay.drain(timeout_s=2)

    admin = AdminClient({**stack.kafka_config()})
    admin.create_topics([NewTopic(missing, 1, 1)])[missing].result(20)

    assert relay.drain(timeout_s=30) == 2
    relay.close()
    admin.delete_topics([missing])[missing].result(20)


def test_a_relay_killed_before_it_marks_repeats_and_loses_nothing(
    store: AggregateStore,
    database: str,
    connection: psycopg.Connection,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
) -> None:
    expected = fill(store, tenant)
    waiting = unpublished(connection)
    program = [sys.executable, "-m", "tests.topics.relay_that_dies"]
    ended = subprocess.run(
        [*program, database, stack.kafka_bootstrap, stack.registry_url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert unpublished(connection) == waiting

    relay = Relay(database, stack.kafka_config(), registry)
    relay.drain()
    relay.close()

    arrived = read_all(stack.kafka_config(), ORDERS.name, tenant)
    assert first_arrivals(arrived) == expected
    assert len({a.event_id for a in arrived}) < len(arrived)
    until(lambda: unpublished(connection) == 0)


def older_schema() -> tuple[str, Any]:
    """The schema of an earlier release: one optional field fewer."""
    schema = orjson.loads(contract(RECORD).text)
    schema["fields"] = [f for f in schema["fields"] if f["name"] != "catalogPublicationId"]
    text = orjson.dumps(schema).decode()
    return text, parse_schema(orjson.loads(text))


def of_an_earlier_release(topic: str, tenant: str) -> OutboxRow:
    text, parsed = older_schema()
    data = to_avro(attempted(note(f"{tenant}:o1", "c1"), CommandOutcome.ACCEPTED, None, START))
    del data["catalogPublicationId"]
    body = BytesIO()
    schemaless_writer(body, parsed, data)
    return replace(row(topic, tenant, 1), schema=schema_fingerprint(text), body=body.getvalue())


def test_an_event_of_an_earlier_release_is_published_readably(
    database: str, connection: psycopg.Connection, stack: Endpoints, registry: Registry, tenant: str, narrow_topic: str
) -> None:
    text, _ = older_schema()
    writing.keep_schemas(connection, {schema_fingerprint(text): (contract(RECORD).full_name, text)})
    outbox.insert(connection, [of_an_earlier_release(narrow_topic, tenant)])
    relay = Relay(database, stack.kafka_config(), registry)
    relay.drain()
    relay.close()

    (arrived,) = read_all(stack.kafka_config(), narrow_topic, tenant)
    decoded = decode(arrived.value, registry.schema_for_id).data
    assert (decoded["orderId"], decoded["catalogPublicationId"]) == (f"{tenant}:o1", None)


def test_an_event_whose_schema_nobody_kept_is_never_mislabelled(
    database: str, connection: psycopg.Connection, stack: Endpoints, registry: Registry, tenant: str, narrow_topic: str
) -> None:
    outbox.insert(connection, [of_an_earlier_release(narrow_topic, tenant)])
    relay = Relay(database, stack.kafka_config(), registry)

    with pytest.raises(UnavailableError, match="which was not kept"):
        relay.drain(timeout_s=1)
    relay.close()
    assert read_all(stack.kafka_config(), narrow_topic, tenant) == []
