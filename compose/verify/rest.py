"""Whether everything published has been read: no reader behind a record it could read."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from compose.stack.endpoints import Endpoints
from compose.verify.derivation import Derivation, order_state
from compose.verify.raw import committed_reader, is_end
from domain.errors import UnavailableError
from sinks.clickhouse.sink import ClickHouseSink
from sinks.kafka_topic import TopicDirectory
from sinks.postgres.sink import PostgresSink

POLL_SECONDS = 0.2
ANSWER_SECONDS_MAX = 10.0


def unread(kafka_config: Mapping[str, str], topic: str, positions: Mapping[int, int]) -> dict[int, int]:
    """For each partition how many offsets lie ahead of a reader of committed records; 0 when none holds a record.

    The end of a log is no measure by itself: the marker of a transaction and aborted records take offsets too, and a
    reader that has everything stands before them. So whoever seems behind is looked for a record he could still be
    given; an open transaction counts as one. Raises `UnavailableError` when the broker does not answer.
    """
    ends = TopicDirectory(kafka_config).ends(topic)
    ahead = {partition: max(0, end - positions.get(partition, 0)) for partition, end in ends.items()}
    starts = {partition: positions.get(partition, 0) for partition, count in ahead.items() if count}
    if not starts:
        return ahead
    consumer = committed_reader(kafka_config, **{"queued.min.messages": 1})
    try:
        consumer.assign([TopicPartition(topic, partition, start) for partition, start in starts.items()])
        return {**ahead, **dict.fromkeys(_exhausted(consumer, topic, {p: ends[p] for p in starts}), 0)}
    except KafkaException as error:
        message = f"Topic {topic} cannot be read: {error.args[0].str()}."
        raise UnavailableError(message, remediation="Check the broker.") from error
    finally:
        consumer.close()


def _exhausted(consumer: Consumer, topic: str, ends: Mapping[int, int]) -> set[int]:
    """The partitions in which a reader comes to the end without being given a record."""
    waiting, exhausted = set(ends), set()
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while waiting:
        for message in consumer.consume(100, 0.2):
            partition, ended = message.partition() or 0, is_end(message)
            # an end-of-partition mark below the end is the last stable offset: a transaction is open behind it
            if ended and partition in waiting and (message.offset() or 0) >= ends[partition]:
                exhausted.add(partition)
            waiting.discard(partition)
        if time.monotonic() > deadline:
            text = f"Topic {topic} does not answer in partitions {sorted(waiting)}."
            raise UnavailableError(text, remediation="Check the broker.")
    return exhausted


def derivation_behind(kafka_config: Mapping[str, str], derivation: Derivation) -> int:
    """How many offsets lie ahead of what a stream application has committed."""
    committed = TopicDirectory(kafka_config).committed(derivation.consumer, derivation.source)
    return sum(unread(kafka_config, derivation.source, committed).values())


def in_flight(endpoints: Endpoints) -> dict[str, int]:
    """How many offsets lie ahead of each consumer; all zero at rest.

    ClickHouse being away leaves its entry out.
    """
    kafka, derivation = endpoints.kafka_config(), order_state()
    behind = {derivation.consumer: derivation_behind(kafka, derivation)}
    with PostgresSink(endpoints.database_url) as model:
        behind["sink-postgres"] = sum(unread(kafka, derivation.derived, model.positions(derivation.derived)).values())
    try:
        with ClickHouseSink(endpoints.clickhouse_dsn) as analytics:
            positions = analytics.positions(derivation.derived)
        behind["sink-clickhouse"] = sum(unread(kafka, derivation.derived, positions).values())
    except UnavailableError:
        pass
    return behind


def await_rest(endpoints: Endpoints, settle_seconds: float) -> list[str]:
    """Wait until nobody is behind; returns what is to be noted. Raises `UnavailableError` when it takes too long."""
    deadline = time.monotonic() + settle_seconds
    while any((behind := in_flight(endpoints)).values()):
        if time.monotonic() > deadline:
            told = ", ".join(f"{name}: {count}" for name, count in behind.items() if count)
            message = f"The platform is not at rest after {settle_seconds:g} s; still to be read: {told}."
            raise UnavailableError(
                message,
                remediation="Start `ordertruth worker order-state sink-postgres sink-clickhouse`, and verify again.",
            )
        time.sleep(POLL_SECONDS)
    return [] if "sink-clickhouse" in behind else ["ClickHouse is away."]
