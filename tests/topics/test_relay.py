"""The relay between a real database and a real broker."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import psycopg
import pytest

from avro.codec import decode
from avro.registry import Registry
from compose.stack.endpoints import Endpoints
from domain.errors import UnavailableError
from tests.topics.order_commands import START, at, create, life, note
from tests.topics.owner_log import first_arrivals, read_all, running
from topics import catalogue, outbox
from topics.broker import Broker
from topics.outbox import OutboxMessage
from topics.relay import Relay
from topics.relay.leader import Precedence
from topics.relay.relay import STANDBY_S
from topics.store import AggregateStore

pytestmark = pytest.mark.stack

ORDERS, CAPTURE = catalogue.PRODUCT_ORDERS, catalogue.ORDER_CAPTURE


@pytest.fixture(scope="module")
def registry(stack: Endpoints) -> Iterator[Registry]:
    """The registry, with the two topics applied and their schemas registered."""
    broker = Broker(stack.kafka_config())
    broker.apply(broker.plan([ORDERS, CAPTURE], 4))
    client = Registry(stack.registry_url)
    for topic, record in catalogue.contracted_records():
        if topic in (ORDERS, CAPTURE):
            client.register(topic.name, record.name)
    yield client
    client.close()


@pytest.fixture
def tenant() -> str:
    """A tenant of its own for each test: the topics are the session's."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def relay(database: str, stack: Endpoints, registry: Registry) -> Iterator[Relay]:
    made = Relay(database, stack.kafka_config(), registry)
    yield made
    made.close()


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def fill(store: AggregateStore, tenant: str, orders: int = 3) -> dict[str, list[int]]:
    """Some whole lives; the versions each order must arrive with."""
    results = [store.handle_many(at(START, life(f"{tenant}:o{n}")))[-1] for n in range(orders)]
    return {r.aggregate_id: list(range(1, r.version + 1)) for r in results}


def unpublished(connection: psycopg.Connection) -> int:
    return outbox.unpublished_count(connection)


def test_every_event_arrives_once_and_in_order(
    store: AggregateStore, relay: Relay, stack: Endpoints, tenant: str, connection: psycopg.Connection
) -> None:
    expected = fill(store, tenant)

    published = relay.drain()

    orders = read_all(stack.kafka_config(), ORDERS.name, tenant)
    attempts = read_all(stack.kafka_config(), CAPTURE.name, tenant)
    assert first_arrivals(orders) == expected
    assert published == len(orders) + len(attempts) == relay.published
    assert relay.published_by_topic == {ORDERS.name: len(orders), CAPTURE.name: len(attempts)}
    places = connection.execute(
        "SELECT event_id, kafka_partition, kafka_offset FROM aggregates.outbox WHERE topic = %s", (ORDERS.name,)
    ).fetchall()
    assert sorted(places) == sorted((a.event_id, a.partition, a.offset) for a in orders)


def test_a_value_is_what_the_registry_says_it_is(
    store: AggregateStore, relay: Relay, stack: Endpoints, tenant: str, registry: Registry
) -> None:
    store.handle(create(f"{tenant}:o1", f"{tenant}-c1"), START)
    relay.drain()

    (arrived,) = read_all(stack.kafka_config(), ORDERS.name, tenant)
    decoded = decode(arrived.value, registry.schema_for_id)
    assert decoded.record == "com.ordertruth.oms.product_order.ProductOrderCreated"
    assert decoded.data["orderId"] == f"{tenant}:o1"


def test_draining_again_publishes_nothing(store: AggregateStore, relay: Relay, tenant: str) -> None:
    fill(store, tenant, 1)
    relay.drain()
    fill(store, tenant, 1)

    assert relay.drain() == 0


def test_small_batches_arrive_like_large_ones(
    store: AggregateStore, database: str, stack: Endpoints, registry: Registry, tenant: str
) -> None:
    expected = fill(store, tenant)
    relay = Relay(database, stack.kafka_config(), registry, rows_max=2)
    relay.drain()
    relay.close()

    assert first_arrivals(read_all(stack.kafka_config(), ORDERS.name, tenant)) == expected


def test_a_running_relay_publishes_soon(
    store: AggregateStore, relay: Relay, tenant: str, connection: psycopg.Connection
) -> None:
    with running(relay):
        store.handle(create(f"{tenant}:o1", f"{tenant}-c1"), START)
        until(lambda: unpublished(connection) == 0)
        waits = []
        for n in range(20):
            store.handle(note(f"{tenant}:o1", f"{tenant}-n{n}"), START)
            began = time.monotonic()
            until(lambda: unpublished(connection) == 0)
            waits.append(time.monotonic() - began)
    # Generous: the machine that runs the tests may be busy.
    assert sorted(waits)[len(waits) // 2] < 0.5


def test_a_drain_beside_a_running_relay_waits_for_it(
    store: AggregateStore, relay: Relay, database: str, stack: Endpoints, registry: Registry, tenant: str
) -> None:
    with running(relay):
        until(lambda: relay_leads(database))
        expected = fill(store, tenant)
        assert relay.drain() + relay.published > 0

    assert first_arrivals(read_all(stack.kafka_config(), ORDERS.name, tenant)) == expected


def relay_leads(database: str) -> bool:
    with psycopg.connect(database) as look:
        row = look.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
    return bool(row and row[0])


def test_two_relays_publish_each_event_once(
    store: AggregateStore,
    database: str,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
    connection: psycopg.Connection,
) -> None:
    relays = [Relay(database, stack.kafka_config(), registry, rows_max=7) for _ in range(2)]
    with running(*relays):
        expected = fill(store, tenant, 8)
        until(lambda: unpublished(connection) == 0)
    arrived = read_all(stack.kafka_config(), ORDERS.name, tenant)

    assert first_arrivals(arrived) == expected
    assert len(arrived) == sum(len(v) for v in expected.values())
    assert sorted(bool(r.published) for r in relays) == [False, True]
    for relay in relays:
        relay.close()


def test_the_standby_takes_over_when_the_leader_ends(
    store: AggregateStore,
    database: str,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
    connection: psycopg.Connection,
) -> None:
    first, second = (Relay(database, stack.kafka_config(), registry) for _ in range(2))
    with running(second):
        until(lambda: relay_leads(database))
        with running(first):
            fill(store, tenant, 1)
            until(lambda: unpublished(connection) == 0)
        assert (first.published, second.published > 0) == (0, True)
    with running(first):
        expected = fill(store, tenant, 4)
        until(lambda: unpublished(connection) == 0)
    assert first.published > 0
    assert first_arrivals(read_all(stack.kafka_config(), ORDERS.name, tenant)) == expected
    for relay in (first, second):
        relay.close()


def test_relays_step_aside_for_whoever_has_precedence(
    store: AggregateStore,
    database: str,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
    connection: psycopg.Connection,
) -> None:
    ordinary = Relay(database, stack.kafka_config(), registry)
    preferred = Relay(database, stack.kafka_config(), registry, precedence=True)
    with running(ordinary):
        until(lambda: ordinary.phase == "leading")
        precedence = Precedence(database)
        with running(preferred):
            until(lambda: preferred.phase == "leading")
            fill(store, tenant, 2)
            until(lambda: unpublished(connection) == 0)
        assert (ordinary.published, preferred.published > 0) == (0, True)
        assert precedence.lasts()
        with pytest.raises(UnavailableError, match="in place of the relays"):
            Precedence(database, wait_s=0.1)
        fill(store, tenant, 3)
        time.sleep(3 * STANDBY_S)
        assert unpublished(connection) > 0
        precedence.close()
        until(lambda: unpublished(connection) == 0)
    assert ordinary.published > 0
    for relay in (ordinary, preferred):
        relay.close()


def test_a_lost_session_loses_the_lead_and_nothing_else(
    store: AggregateStore, relay: Relay, stack: Endpoints, tenant: str, database: str, connection: psycopg.Connection
) -> None:
    with running(relay):
        until(lambda: relay_leads(database))
        fill(store, tenant, 1)
        killed = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'ordertruth-relay' AND datname = current_database()"
        ).fetchall()
        assert killed == [(True,)]
        expected = fill(store, tenant, 5)
        until(lambda: unpublished(connection) == 0)

    assert first_arrivals(read_all(stack.kafka_config(), ORDERS.name, tenant)) == expected


class Switch:
    """A registry that can be unplugged: its other end is a port nobody listens on."""

    def __init__(self, real: Registry) -> None:
        self.real = real
        self.away = Registry("http://127.0.0.1:9", attempts=1, timeout_s=1)
        self.plugged_in = False

    def id_for(self, topic: str, record_name: str) -> int:
        return (self.real if self.plugged_in else self.away).id_for(topic, record_name)


def test_with_the_registry_away_events_wait(
    store: AggregateStore,
    database: str,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
    connection: psycopg.Connection,
) -> None:
    switch = Switch(registry)
    relay = Relay(database, stack.kafka_config(), switch)
    expected = fill(store, tenant)
    waiting = unpublished(connection)

    with pytest.raises(UnavailableError, match=r"The schema registry at http://127.0.0.1:9 did not look up"):
        relay.drain(timeout_s=1)
    assert unpublished(connection) == waiting
    with running(relay):
        switch.plugged_in = True
        until(lambda: unpublished(connection) == 0)

    assert first_arrivals(read_all(stack.kafka_config(), ORDERS.name, tenant)) == expected
    switch.away.close()
    relay.close()


def test_with_the_broker_away_events_wait(
    store: AggregateStore, database: str, registry: Registry, tenant: str, connection: psycopg.Connection
) -> None:
    fill(store, tenant, 1)
    waiting = unpublished(connection)
    relay = Relay(database, {"bootstrap.servers": "127.0.0.1:9"}, registry)

    with pytest.raises(UnavailableError, match="Kafka does not answer"):
        relay.drain(timeout_s=2)

    assert unpublished(connection) == waiting
    relay.close()


def test_with_the_database_away_a_drain_says_so(stack: Endpoints, registry: Registry) -> None:
    relay = Relay("postgresql://nobody@127.0.0.1:9/none", stack.kafka_config(), registry)

    with pytest.raises(UnavailableError, match=r"The outbox was not empty after 0\.5 s: connection failed"):
        relay.drain(timeout_s=0.5)


def test_a_careless_wire_repeats_and_reorders_but_marks_the_originals(
    store: AggregateStore,
    database: str,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
    connection: psycopg.Connection,
) -> None:
    def careless(messages: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        return [copy for message in reversed(messages) for copy in (message, message)]

    expected = fill(store, tenant, 2)
    relay = Relay(database, stack.kafka_config(), registry, wire=careless)
    relay.drain()
    relay.close()

    arrived = read_all(stack.kafka_config(), ORDERS.name, tenant)
    assert first_arrivals(arrived) == {key: versions[::-1] for key, versions in expected.items()}
    assert len(arrived) == 2 * sum(len(v) for v in expected.values())
    assert unpublished(connection) == 0


def test_what_a_wire_swallows_comes_with_a_later_batch(
    store: AggregateStore, database: str, stack: Endpoints, registry: Registry, tenant: str
) -> None:
    batches = 0

    def swallows(messages: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        nonlocal batches
        batches += 1
        return messages if batches > 1 else messages[:1]

    expected = fill(store, tenant, 2)
    relay = Relay(database, stack.kafka_config(), registry, wire=swallows)
    relay.drain()
    relay.close()

    assert first_arrivals(read_all(stack.kafka_config(), ORDERS.name, tenant)) == expected


def test_stopping_in_the_middle_loses_nothing(
    store: AggregateStore,
    database: str,
    stack: Endpoints,
    registry: Registry,
    tenant: str,
    connection: psycopg.Connection,
) -> None:
    expected = fill(store, tenant, 4)
    stop = threading.Event()

    def stops(messages: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        stop.set()
        return messages

    relay = Relay(database, stack.kafka_config(), registry, wire=stops)
    relay.run(stop)
    relay.close()
    last = Relay(database, stack.kafka_config(), registry)
    last.drain()
    last.close()

    assert unpublished(connection) == 0
    assert first_arrivals(read_all(stack.kafka_config(), ORDERS.name, tenant)) == expected
