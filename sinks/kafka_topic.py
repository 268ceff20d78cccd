"""What the broker says about a topic: which one it is, and how far it reaches."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # the library re-exports without saying so

from domain.errors import UnavailableError
from sinks.contract import TopicIdentity
from topics.admin import admin_client

T = TypeVar("T")

REQUEST_TIMEOUT_S = 5.0
COORDINATOR_SECONDS_MAX = 15.0
_COORDINATOR_MOVING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}

# librdkafka prints each failed connection to standard error unless a logger takes it; what is raised says it once.
LIBRDKAFKA = logging.getLogger(f"{__name__}.librdkafka")
LIBRDKAFKA.addHandler(logging.NullHandler())
LIBRDKAFKA.propagate = False


class TopicDirectory:
    """Answers about topics; every method raises `UnavailableError` when the broker or the topic is away."""

    def __init__(self, kafka_config: Mapping[str, Any]) -> None:
        self._config = dict(kafka_config)
        self._admin = admin_client(kafka_config)

    def identities(self, topics: Iterable[str]) -> dict[str, TopicIdentity]:
        """Cluster id and topic id of each topic."""
        names = sorted(set(topics))
        try:
            cluster = self._admin.describe_cluster(request_timeout=REQUEST_TIMEOUT_S).result(REQUEST_TIMEOUT_S * 2)
            answers = self._admin.describe_topics(TopicCollection(names), request_timeout=REQUEST_TIMEOUT_S)
            found = {name: answer.result(REQUEST_TIMEOUT_S * 2) for name, answer in answers.items()}
        except (KafkaException, TimeoutError) as error:
            raise _away(f"describe {', '.join(names)}", error) from error
        return {name: TopicIdentity(str(cluster.cluster_id), name, _text(t.topic_id)) for name, t in found.items()}

    def ends(self, topic: str) -> dict[int, int]:
        """The same as `ends_of` for one topic."""
        return self.ends_of([topic])[topic]

    def ends_of(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """For each partition of each topic the offset after its last record, those of open transactions included.

        Not the last stable offset: right after a commit that still lies before the records just committed, and a
        reader would be taken for one that has caught up.
        """
        names = sorted(set(topics))
        ends: dict[str, dict[int, int]] = {name: {} for name in names}
        if not names:
            return ends
        try:
            described = self._admin.describe_topics(TopicCollection(names), request_timeout=REQUEST_TIMEOUT_S)
            latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
            answers = self._admin.list_offsets(
                {
                    TopicPartition(name, p.id): latest
                    for name, answer in described.items()
                    for p in answer.result(REQUEST_TIMEOUT_S * 2).partitions
                },
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=REQUEST_TIMEOUT_S,
            )
            for tp, answer in answers.items():
                ends[tp.topic][tp.partition] = int(answer.result(REQUEST_TIMEOUT_S * 2).offset)
        except (KafkaException, TimeoutError) as error:
            raise _away(f"say where {', '.join(names)} ends", error) from error
        return ends

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The same as `committed_of` for one topic."""
        return self.committed_of(group, [topic])[topic]

    def committed_of(self, group: str, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """The next offset a consumer group has committed for each partition it has read of each topic."""
        names = sorted(set(topics))
        found: dict[str, dict[int, int]] = {name: {} for name in names}
        if not names:
            return found
        # asked by a consumer: the administrative request takes the process down when a coordinator has just moved
        asking = Consumer({**self._config, "group.id": group}, logger=LIBRDKAFKA)
        try:
            places = [TopicPartition(topic, p) for topic, ends in self.ends_of(names).items() for p in ends]
            answers = answered_by_coordinator(lambda: asking.committed(places, timeout=REQUEST_TIMEOUT_S))
        except KafkaException as error:
            raise _away(f"say how far {group} has read", error) from error
        finally:
            asking.close()
        for place in answers:
            if place.offset >= 0:
                found[place.topic][place.partition] = place.offset
        return found

    def lag(self, topic: str, positions: Mapping[int, int]) -> dict[int, int]:
        """For each partition how many offsets lie between a sink's position and its end.

        0 everywhere once a sink has everything and no transaction is open.
        """
        return {partition: max(0, end - positions.get(partition, 0)) for partition, end in self.ends(topic).items()}


def answered_by_coordinator(ask: Callable[[], T]) -> T:
    """The answer of a group's coordinator, which for a new group or right after a start may still be on its way."""
    deadline = time.monotonic() + COORDINATOR_SECONDS_MAX
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in _COORDINATOR_MOVING or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _text(topic_id: Any) -> str:
    high, low = topic_id.get_most_significant_bits(), topic_id.get_least_significant_bits()
    mask = (1 << 64) - 1
    return str(UUID(int=((high & mask) << 64) | (low & mask)))


def _away(doing: str, error: Exception) -> UnavailableError:
    cause = error.args[0] if error.args else None
    if isinstance(cause, KafkaError) and cause.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        message = f"The broker could not {doing}: there is no such topic."
        return UnavailableError(message, remediation="Run `ordertruth topics apply`.")
    reason = cause.str() if isinstance(cause, KafkaError) else str(error) or type(error).__name__
    message = f"The broker could not {doing}: {reason}."
    return UnavailableError(message, remediation="Start it (`ordertruth up`) or check KAFKA_BOOTSTRAP_SERVERS.")
