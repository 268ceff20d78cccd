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
from tests.topics.owner_log import first_arrivals, read_all, running
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


def test_an_event_whose_schema_nobody_kept_is_parked_and_only_its_aggregate_waits(
    database: str, connection: psycopg.Connection, stack: Endpoints, registry: Registry, tenant: str, narrow_topic: str
) -> None:
    rows = [row(narrow_topic, tenant, v, order=o) for v in range(1, 5) for o in ("o1", "o2", "o3")]
    rows[3] = replace(of_an_earlier_release(narrow_topic, tenant), event_id=rows[3].event_id, headers=rows[3].headers)
    outbox.insert(connection, rows)
    relay = Relay(database, stack.kafka_config(), registry, rows_max=5)

    with pytest.raises(UnavailableError, match=r"3 events of 1 aggregates wait .* which was not kept"):
        relay.drain(timeout_s=2)
    arrived = read_all(stack.kafka_config(), narrow_topic, tenant)
    assert first_arrivals(arrived) == {f"{tenant}:o1": [1], f"{tenant}:o2": [1, 2, 3, 4], f"{tenant}:o3": [1, 2, 3, 4]}
    (parked,) = outbox.parked(connection, 10)
    assert (parked.message.key, parked.waiting) == (f"{tenant}:o1", 3)
    assert parked.message.event_id == rows[3].event_id
    assert "which was not kept" in parked.reason

    text, _ = older_schema()
    writing.keep_schemas(connection, {schema_fingerprint(text): (contract(RECORD).full_name, text)})
    assert relay.drain(timeout_s=30) == 3
    relay.close()
    arrived = read_all(stack.kafka_config(), narrow_topic, tenant)
    assert first_arrivals(arrived)[f"{tenant}:o1"] == [1, 2, 3, 4]
    assert len(arrived) == len(rows), "and nothing came twice"
    assert outbox.parked(connection, 10) == []


def test_a_relay_that_runs_on_lets_go_what_was_mended(
    database: str,
    connection: psycopg.Connection,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
    narrow_topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("topics.relay.relay.PARKED_RETRY_S", 0.2)
    text, _ = older_schema()
    kept = {schema_fingerprint(text): (contract(RECORD).full_name, text)}
    spoiled = replace(of_an_earlier_release(narrow_topic, tenant), body=b"\xff")
    writing.keep_schemas(connection, kept)
    outbox.insert(connection, [spoiled])
    relay = Relay(database, stack.kafka_config(), registry)
    with running(relay):
        until(lambda: len(outbox.parked(connection, 10)) == 1)
        assert "cannot be read with the schema it was written with" in outbox.parked(connection, 10)[0].reason
        mended = of_an_earlier_release(narrow_topic, tenant).body
        connection.execute("UPDATE aggregates.outbox SET body = %s WHERE event_id = %s", (mended, spoiled.event_id))
        until(lambda: outbox.parked(connection, 10) == [] and unpublished(connection) == 0)
    relay.close()
    assert len(read_all(stack.kafka_config(), narrow_topic, tenant)) == 1
