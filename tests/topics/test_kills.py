"""The whole path of every aggregate while relay and database are killed at seeded moments."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from avro.registry import Registry
from compose.chaos.parts import Parts
from domain.command import CommandResult
from domain.errors import UnavailableError
from tests.topics.hosted_commands import Sent, life
from tests.topics.owner_log import first_arrivals, read_topics
from topics import catalogue, outbox
from topics.broker import Broker
from topics.relay import Relay
from topics.store import AggregateStore
from topics.store.hosting import HOSTED

if TYPE_CHECKING:
    from compose.settings import Settings
    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]
TENANTS = 4
BATCH = 12
RELAY_KILLS = 4
DATABASE_KILLS = 2
SENDING_S_MAX = 60.0


@pytest.fixture
def registry(stack: Endpoints) -> Iterator[Registry]:
    """The registry, with the topics of all owners applied and their schemas registered."""
    topics = [catalogue.topic_named(hosted.topic) for hosted in HOSTED] + [catalogue.ORDER_CAPTURE]
    broker = Broker(stack.kafka_config())
    broker.apply(broker.plan(topics, 4))
    client = Registry(stack.registry_url)
    for topic, record in catalogue.contracted_records():
        if topic in topics:
            client.register(topic.name, record.name)
    yield client
    client.close()


class RelayProcess:
    """A relay in a process of its own, started again as soon as it was killed."""

    def __init__(self, *arguments: str) -> None:
        self._program = [sys.executable, "-m", "tests.topics.relay_that_runs", *arguments]
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._program,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def replace(self) -> None:
        self.kill()
        self._process = self._start()


@contextmanager
def relaying(*arguments: str) -> Iterator[RelayProcess]:
    process = RelayProcess(*arguments)
    try:
        yield process
    finally:
        process.kill()


def interleaved(tenants: Sequence[str]) -> list[Sent]:
    """The lives of aggregates of every kind in several tenants, step by step side by side."""
    lives = [life(hosted, tenant, seed) for seed, tenant in enumerate(tenants) for hosted in HOSTED]
    return [sent for step in zip_longest(*lives) for sent in step if sent is not None]


def send(store: AggregateStore, batch: Sequence[Sent]) -> list[CommandResult]:
    """Send commands until they are answered, as a caller does who does not know what came of them."""
    deadline = time.monotonic() + SENDING_S_MAX
    while True:
        try:
            return store.handle_many(batch)
        except UnavailableError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.parametrize("seed", [1])
def test_kills_lose_nothing_and_keep_each_aggregate_in_order(
    database: str, stack: Endpoints, stack_settings: Settings, registry: Registry, seed: int
) -> None:
    tenants = [f"t{uuid.uuid4().hex[:12]}" for _ in range(TENANTS)]
    commands, random, parts = interleaved(tenants), Random(seed), Parts(stack_settings)
    batches = [commands[at : at + BATCH] for at in range(0, len(commands), BATCH)]
    moments = random.sample(range(1, len(batches)), RELAY_KILLS + DATABASE_KILLS)
    database_kills, relay_kills = set(moments[:DATABASE_KILLS]), set(moments[DATABASE_KILLS:])
    told: dict[str, CommandResult] = {}
    check = ConnectionPool.check_connection
    with (
        relaying(database, stack.kafka_bootstrap, stack.registry_url) as process,
        ConnectionPool(database, min_size=1, max_size=2, timeout=5, check=check) as pool,
    ):
        store = AggregateStore(pool)
        for number, batch in enumerate(batches):
            if number in database_kills:
                parts.send("postgres", signal.SIGKILL)
                with pytest.raises(UnavailableError):
                    store.handle_many(batch)
                parts.mend("postgres")
            if number in relay_kills:
                time.sleep(random.uniform(0, 0.3))
                process.replace()
            told |= {f"{c.tenant_id}/{c.command_id}": r for (c, _), r in zip(batch, send(store, batch), strict=True)}
    relay = Relay(database, stack.kafka_config(), registry)
    relay.drain()
    relay.close()

    promised = [event for result in told.values() for event in result.event_ids]
    assert promised
    require_all_published_in_order(database, stack, tenants, promised)


def require_all_published_in_order(
    database: str, stack: Endpoints, tenants: Sequence[str], promised: Sequence[str]
) -> None:
    """What callers were told of is stored once, and arrives: copies alike, first arrivals in order without a hole."""
    versions: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    stored: set[str] = set()
    with psycopg.connect(database) as connection:
        for kind, aggregate_id, version, event_id in connection.execute(
            "SELECT aggregate_type, aggregate_id, version, event_id FROM aggregates.events ORDER BY version"
        ):
            versions[kind][aggregate_id].append(version)
            stored.add(event_id)
        assert outbox.unpublished_count(connection) == 0
    assert set(promised) <= stored

    arrived_ids: set[str] = set()
    topics = [*(catalogue.topic_named(hosted.topic) for hosted in HOSTED), catalogue.ORDER_CAPTURE]
    found_on = read_topics(stack.kafka_config(), [topic.name for topic in topics], *tenants)
    for topic in topics:
        arrived = found_on[topic.name]
        ids = {a.event_id for a in arrived}
        assert len({(a.event_id, a.key, a.version, a.value) for a in arrived}) == len(ids), "copies are alike"
        expected = versions[str(topic.aggregate)]
        assert first_arrivals(arrived) == {key: list(range(1, len(found) + 1)) for key, found in expected.items()}
        arrived_ids |= ids
    assert arrived_ids == stored
