"""Topics into sinks on the real broker, registry and database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from avro.registry import Registry
from domain.errors import ConfigurationError, IntegrityError, UnavailableError
from sinks.consumer import SinkConsumer
from sinks.contract import SinkBatch, Span, Tally, TopicIdentity
from sinks.postgres import PostgresSink
from sinks.postgres.reader import read_records
from tests.sinks.feed import PARTITIONS, Feed, eventually, headers_of, running
from tests.sinks.records import order_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from avro.codec import WriterSchema
    from compose.stack.endpoints import Endpoints
    from tests.sinks.conftest import Connections

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def registry(stack: Endpoints) -> Iterator[Registry]:
    client = Registry(stack.registry_url)
    yield client
    client.close()


@pytest.fixture
def feed(stack: Endpoints, registry: Registry) -> Feed:
    return Feed.make(stack, registry)


@pytest.fixture
def sink(feed: Feed) -> Iterator[PostgresSink]:
    """For looking at positions; consumers have a sink of their own."""
    with PostgresSink(feed.stack.database_url, [feed.table]) as sink:
        sink.setup()
        yield sink


def consumer_of(feed: Feed, sink: PostgresSink | None = None, **options: Any) -> SinkConsumer:
    return SinkConsumer(
        sink or PostgresSink(feed.stack.database_url, [feed.table]),
        feed.stack.kafka_config(),
        options.pop("schema_for_id", feed.registry.schema_for_id),
        group_id=options.pop("group_id", f"test-{feed.table.name}"),
        **options,
    )


def total(sink: PostgresSink, feed: Feed) -> Tally:
    return sum(sink.tallies(feed.table.topic).values(), Tally())


def held(connections: Connections, feed: Feed) -> dict[str, dict[str, Any]]:
    return dict(read_records(connections.postgres, feed.table))


def orders(count: int, version: int = 1) -> list[dict[str, Any]]:
    return [order_state(f"t:{i}", version) for i in range(count)]


def test_records_arrive_and_a_restart_reads_on(feed: Feed, sink: PostgresSink, connections: Connections) -> None:
    feed.publish(orders(30))
    feed.publish(orders(40, 9), commit=False)
    with running(consumer_of(feed)):
        feed.await_caught_up(sink)
        feed.publish(orders(10, 2))
        feed.await_caught_up(sink)
    expected = {r["orderId"]: r for r in [*orders(30), *orders(10, 2)]}
    assert held(connections, feed) == expected
    assert total(sink, feed) == Tally(read=40, applied=40)
    feed.publish(orders(5, 3))
    # The positions count, not the group: another group reads nothing twice.
    second = consumer_of(feed, group_id=f"other-{feed.table.name}")
    with running(second):
        feed.await_caught_up(sink)
    assert second.counters == Tally(read=5, applied=5)
    assert held(connections, feed)["t:0"]["version"] == 3


def test_tombstones_duplicates_and_old_versions(feed: Feed, sink: PostgresSink, connections: Connections) -> None:
    feed.publish([*orders(3, 5), *orders(1, 4), *orders(1, 5)])
    feed.publish_raw([(b"t:1", None), (b"t:never", None)])
    with running(consumer_of(feed)):
        feed.await_caught_up(sink)
    assert set(held(connections, feed)) == {"t:0", "t:2"}
    assert held(connections, feed)["t:0"]["version"] == 5
    assert total(sink, feed) == Tally(read=7, applied=6, stale=1)


def test_what_cannot_be_applied_is_dead_lettered_byte_for_byte(
    feed: Feed, sink: PostgresSink, connections: Connections
) -> None:
    good = feed.encoded(order_state("t:good"))
    nul = feed.encoded(order_state("t:nul", orderNumber="\0"))
    bad: dict[bytes | None, tuple[bytes | None, str]] = {
        b"t:noise": (b"\x07\xff\x00noise", "BAD_MAGIC"),
        b"t:empty": (b"", "SHORT_VALUE"),
        b"t:unknown": (b"\x00\x7f\xff\xff\xff" + good[5:], "UNKNOWN_SCHEMA_ID"),
        b"t:cut": (good[:-9], "UNDECODABLE"),
        b"t:longer": (good + b"\0", "TRAILING_BYTES"),
        b"t:other": (good, "KEY_MISMATCH"),
        b"t:nul": (nul, "NUL_CHARACTER"),
        b"\xff\xfe": (good, "BAD_KEY"),
        None: (good, "NO_KEY"),
    }
    headers = [("ce_id", b"\x00\xffbytes"), ("ce_id", b"twice")]
    feed.publish([order_state("t:first")])
    feed.publish_raw([(key, value) for key, (value, _) in bad.items()], headers=headers)
    feed.publish([order_state("t:last")])
    with running(consumer_of(feed)):
        feed.await_caught_up(sink)
    letters = {m.key(): m for m in feed.dead_letters()}
    assert len(feed.dead_letters()) == len(bad)
    assert set(letters) == set(bad)
    for key, (value, code) in bad.items():
        letter = letters[key]
        found = headers_of(letter)
        assert letter.value() == value
        assert found[:2] == headers
        told = dict(found[2:])
        assert told["dlq_error_code"] == code.encode()
        assert told["dlq_topic"] == feed.table.topic.encode()
        assert told["dlq_consumer"] == b"sink-postgres"
        assert set(told) == {
            f"dlq_{n}"
            for n in (
                *("topic", "partition", "offset", "consumer", "stage"),
                *("error_code", "error_message", "attempts", "time"),
            )
        }
    assert set(held(connections, feed)) == {"t:first", "t:last"}
    assert total(sink, feed) == Tally(read=11, applied=2, dead_lettered=9)


def test_a_row_the_database_refuses_becomes_a_dead_letter_and_its_neighbours_go_on(
    feed: Feed, sink: PostgresSink, connections: Connections
) -> None:
    table = f"derived.{feed.table.name}"
    connections.postgres.execute(f"ALTER TABLE {table} ADD CHECK (clause <> 'refused')")
    feed.publish([*orders(5), order_state("t:bad", clause="refused"), order_state("t:worse", clause="refused")])
    with running(consumer_of(feed)):
        feed.await_caught_up(sink)
    assert set(held(connections, feed)) == {f"t:{i}" for i in range(5)}
    codes = [dict(headers_of(m))["dlq_error_code"] for m in feed.dead_letters()]
    assert codes == [b"ROW_REFUSED"] * 2
    assert total(sink, feed) == Tally(read=7, applied=5, dead_lettered=2)


def test_a_registry_that_is_away_stops_the_sink_and_buries_nothing(feed: Feed, sink: PostgresSink) -> None:
    tries: list[int] = []

    def away_at_first(schema_id: int) -> WriterSchema:
        tries.append(schema_id)
        if len(tries) < 4:
            raise UnavailableError("The registry is away.")
        return feed.registry.schema_for_id(schema_id)

    feed.publish(orders(6))
    consumer = consumer_of(feed, schema_for_id=away_at_first)
    with running(consumer):
        eventually(lambda: consumer.trouble is not None, what="the consumer says what it waits for")
        feed.await_caught_up(sink)
        eventually(lambda: consumer.trouble is None, what="the trouble is over")
    assert total(sink, feed) == Tally(read=6, applied=6)
    assert feed.dead_letters() == []


def test_lost_database_connections_lose_and_repeat_nothing(
    feed: Feed, sink: PostgresSink, connections: Connections
) -> None:
    with running(consumer_of(feed)):
        for version in range(1, 9):
            feed.publish(orders(40, version))
            connections.postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
                ("ordertruth-sink-postgres",),
            )
        eventually(lambda: caught_up_or_cut_off(feed), what="the sink has caught up")
    with PostgresSink(feed.stack.database_url, [feed.table]) as fresh:
        assert total(fresh, feed) == Tally(read=320, applied=320)
    assert held(connections, feed) == {r["orderId"]: r for r in orders(40, 8)}


def caught_up_or_cut_off(feed: Feed) -> bool:
    with PostgresSink(feed.stack.database_url, [feed.table]) as fresh:
        return feed.is_caught_up(fresh)


def test_partitions_move_between_consumers_without_loss_or_repetition(
    feed: Feed, sink: PostgresSink, connections: Connections
) -> None:
    first, second = consumer_of(feed), consumer_of(feed)
    with running(first):
        feed.publish(orders(50))
        feed.await_caught_up(sink)
        with running(second):
            eventually(lambda: len(second._assigned) == 1, what="the second consumer has a partition")
            for version in range(2, 6):
                feed.publish(orders(50, version))
            feed.await_caught_up(sink)
        feed.publish(orders(50, 6))
        feed.await_caught_up(sink)
    assert total(sink, feed) == Tally(read=300, applied=300)
    assert second.counters.applied > 0
    assert held(connections, feed) == {r["orderId"]: r for r in orders(50, 6)}


def test_a_sink_that_was_reset_fills_again_by_itself(feed: Feed, sink: PostgresSink, connections: Connections) -> None:
    feed.publish(orders(20))
    with running(consumer_of(feed)):
        feed.await_caught_up(sink)
        sink.reset(feed.table.topic)
        feed.publish(orders(1, 2))
        feed.publish([order_state(f"t:nudge-{i}") for i in range(20)])
        feed.await_caught_up(sink)
    assert len(held(connections, feed)) == 40


def test_a_topic_made_anew_is_refused(feed: Feed, sink: PostgresSink, connections: Connections) -> None:
    feed.publish(orders(4))
    with running(consumer_of(feed)):
        feed.await_caught_up(sink)
    feed.delete_topic()
    made_anew(feed)
    feed.publish(orders(30, 7))
    with running(consumer_of(feed)) as life:
        error = life.take_error()
    assert isinstance(error, IntegrityError)
    assert "topic id" in error.message
    assert held(connections, feed) == {r["orderId"]: r for r in orders(4)}


def made_anew(feed: Feed) -> None:
    def make() -> bool:
        try:
            feed.admin.create_topics([NewTopic(feed.table.topic, PARTITIONS, 1)])[feed.table.topic].result(20)
        except KafkaException:  # the old one is still being deleted
            return False
        return True

    eventually(make, what="the topic is made anew")


def test_a_position_beyond_the_log_is_refused(feed: Feed, sink: PostgresSink) -> None:
    identity = feed.directory.identities([feed.table.topic])[feed.table.topic]
    sink.write(SinkBatch(identity, {0: Span(0, 1000)}))
    feed.publish(orders(4))
    with running(consumer_of(feed)) as life:
        error = life.take_error()
    assert isinstance(error, IntegrityError)
    assert "log lacks" in error.message


def test_another_cluster_is_refused(feed: Feed, sink: PostgresSink) -> None:
    identity = feed.directory.identities([feed.table.topic])[feed.table.topic]
    sink.write(SinkBatch(TopicIdentity("elsewhere", feed.table.topic, identity.topic_id), {0: Span(0, 1)}))
    with running(consumer_of(feed)) as life:
        error = life.take_error()
    assert isinstance(error, IntegrityError)
    assert "cluster elsewhere" in error.message


def test_a_broker_that_is_away_is_waited_for(feed: Feed) -> None:
    feed_config = {"bootstrap.servers": "127.0.0.1:1"}
    consumer = SinkConsumer(
        PostgresSink(feed.stack.database_url, [feed.table]), feed_config, feed.registry.schema_for_id
    )
    with running(consumer) as life:
        eventually(lambda: consumer.trouble is not None, what="the consumer says what it waits for")
        assert life.is_alive()


def test_a_topic_that_is_missing_is_waited_for(stack: Endpoints, registry: Registry, feed: Feed) -> None:
    table = replace(feed.table, topic=f"{feed.table.topic}.missing")
    missing = replace(feed, table=table)
    with PostgresSink(stack.database_url, [table]) as sink:
        consumer = consumer_of(missing)
        with running(consumer):
            eventually(lambda: "topics apply" in (consumer.trouble or ""), what="the consumer says what it waits for")
            missing.admin.create_topics([NewTopic(table.topic, PARTITIONS, 1)])[table.topic].result(20)
            registry.register(table.topic, "OrderState")
            missing.publish(orders(3))
            eventually(lambda: total(sink, missing) == Tally(read=3, applied=3), what="it is read once it is there")


def test_wrong_kafka_settings_are_said(feed: Feed) -> None:
    sink = PostgresSink(feed.stack.database_url, [feed.table])
    consumer = SinkConsumer(sink, {"no.such.setting": "1"}, feed.registry.schema_for_id)
    with running(consumer) as life:
        assert isinstance(life.take_error(), ConfigurationError)
