"""Whether everything published has been read: no reader behind a record it could read."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from compose.derivations import CASES, DERIVATIONS, PLACING, placed_topics
from compose.stack.endpoints import Endpoints
from compose.verify.derivation import Derivation, order_state
from compose.verify.raw import committed_reader, is_end, taken
from compose.verify.reached import reached_everywhere
from domain.errors import UnavailableError
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Sink
from sinks.kafka_topic import TopicDirectory
from sinks.postgres.sink import PostgresSink
from streams.engine.watermark import is_watermark
from topics.catalogue import CASE_DECISIONS, CASES_CHANGELOG, DRIFT_FINDINGS, FEEDS, FOLD_CHANGELOGS

POLL_SECONDS = 0.2
ANSWER_SECONDS_MAX = 10.0


Positions = Mapping[str, Mapping[int, int]]
"""The next offset of each partition of each topic, as some reader has it."""


def unread(kafka_config: Mapping[str, str], positions: Positions) -> dict[tuple[str, int], int]:
    """For each partition how many offsets lie ahead of a reader of committed records; 0 when none holds a record.

    The end of a log is no measure by itself: the marker of a transaction and aborted records take offsets too, and a
    reader that has everything stands before them. So whoever seems behind is looked for a record he could still be
    given; an open transaction counts as one. Raises `UnavailableError` when the broker does not answer.
    """
    known = TopicDirectory(kafka_config).ends_of(positions)
    ends = {(topic, partition): end for topic, of in known.items() for partition, end in of.items()}
    read = {place: positions[place[0]].get(place[1], 0) for place in ends}
    ahead = {place: max(0, end - read[place]) for place, end in ends.items()}
    waiting = {place: ends[place] for place, count in ahead.items() if count}
    if not waiting:
        return ahead
    consumer = committed_reader(kafka_config, **{"queued.min.messages": 1})
    try:
        consumer.assign([TopicPartition(*place, read[place]) for place in waiting])
        return {**ahead, **dict.fromkeys(_exhausted(consumer, waiting), 0)}
    except KafkaException as error:
        message = f"{', '.join(sorted({topic for topic, _ in waiting}))} cannot be read: {error.args[0].str()}."
        raise UnavailableError(message, remediation="Check the broker.") from error
    finally:
        consumer.close()


def _exhausted(consumer: Consumer, ends: Mapping[tuple[str, int], int]) -> set[tuple[str, int]]:
    """The partitions in which a reader comes to the end without being given a record."""
    waiting, exhausted = set(ends), set()
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while waiting:
        for message in taken(consumer, 100):
            place, ended = (message.topic() or "", message.partition() or 0), is_end(message)
            said_time = not ended and is_watermark(message.key())  # again and again, and no fact
            read_to = (message.offset() or 0) + said_time
            # an end-of-partition mark below the end is the last stable offset: a transaction is open behind it
            if (ended or said_time) and place in waiting and read_to >= ends[place]:
                exhausted.add(place)
            if not said_time or read_to >= ends[place]:
                waiting.discard(place)
        if time.monotonic() > deadline:
            text = f"The broker does not answer for {sorted(waiting)}."
            raise UnavailableError(text, remediation="Check the broker.")
    return exhausted


def derivation_behind(kafka_config: Mapping[str, str], derivation: Derivation) -> int:
    """How many offsets lie ahead of what a stream application has committed."""
    return _behind(kafka_config, derivation.consumer, [derivation.source])


def in_flight(endpoints: Endpoints, apps: Collection[str] = tuple(DERIVATIONS)) -> dict[str, int]:
    """How many offsets lie ahead of each consumer, in the order in which facts flow; all zero at rest.

    `apps` are those made of folds that are to be looked at. ClickHouse being away leaves its entry out.
    """
    kafka, derivation = endpoints.kafka_config(), order_state()
    behind = {derivation.consumer: derivation_behind(kafka, derivation)}
    if apps:
        behind[PLACING] = _behind(kafka, PLACING, [topic.name for topic in placed_topics()])
    behind |= {app: _behind(kafka, app, [FEEDS[app].name]) for app in apps}
    if apps:
        behind[CASES] = _behind(kafka, CASES, [DRIFT_FINDINGS.name, CASE_DECISIONS.name])
    with PostgresSink(endpoints.database_url) as model:
        behind["sink-postgres"] = sink_behind(kafka, model)
    try:
        with ClickHouseSink(endpoints.clickhouse_dsn) as analytics:
            behind["sink-clickhouse"] = sink_behind(kafka, analytics)
    except UnavailableError:
        pass
    return behind


def _behind(kafka_config: Mapping[str, str], group: str, topics: Sequence[str]) -> int:
    return sum(unread(kafka_config, TopicDirectory(kafka_config).committed_of(group, topics)).values())


def sink_behind(kafka_config: Mapping[str, str], sink: Sink) -> int:
    """How many offsets lie ahead of what a sink has applied. Raises `UnavailableError` when a part is away."""
    return sum(unread(kafka_config, {topic: sink.positions(topic) for topic in sink.tables}).values())


def waiting_for_time(kafka_config: Mapping[str, str], clocks: Mapping[str, int]) -> list[str]:
    """The applications that have not yet believed everything up to these moments (microseconds by clock)."""
    changelogs = {**{app: FOLD_CHANGELOGS[app].name for app in DERIVATIONS}, CASES: CASES_CHANGELOG.name}
    return [
        app
        for app, changelog in changelogs.items()
        if not all(reached_everywhere(kafka_config, changelog, *each) for each in clocks.items())
    ]


def await_rest(endpoints: Endpoints, settle_seconds: float, apps: Collection[str] = tuple(DERIVATIONS)) -> list[str]:
    """Wait until nobody is behind; returns what is to be noted. Raises `UnavailableError` when it takes too long."""
    deadline = time.monotonic() + settle_seconds
    while any((behind := in_flight(endpoints, apps)).values()):
        if time.monotonic() > deadline:
            told = ", ".join(f"{name}: {count}" for name, count in behind.items() if count)
            message = f"The platform is not at rest after {settle_seconds:g} s; still to be read: {told}."
            raise UnavailableError(
                message,
                remediation="Start the workers that are behind, as `ordertruth worker APP`, and verify again.",
            )
        time.sleep(POLL_SECONDS)
    return [] if "sink-clickhouse" in behind else ["ClickHouse is away."]
