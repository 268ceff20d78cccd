"""Looking at the platform from outside: where topics end, how far applications and the sink have come."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg
import structlog
from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # the library re-exports without saying so

from compose.serving.completeness import Completeness, Look, Stage
from compose.serving.gaps import Gaps
from compose.serving.stages import upstream
from domain.errors import OrdertruthError
from sinks.kafka_topic import LIBRDKAFKA, REQUEST_TIMEOUT_S, answered_by_coordinator
from sinks.postgres.reader import read_positions
from topics.admin import admin_client

INTERVAL_S = 1.0
CONNECT_TIMEOUT_S = 5

log = structlog.get_logger(__name__)

_SINK = "sink-postgres"


class Lookout:
    """Looks at the platform again and again, and tells how far the read model has come (`console.ports.Freshness`).

    A look that fails teaches nothing: what is known stays, and grows older.
    """

    def __init__(
        self, kafka_config: Mapping[str, str], database_url: str, stages: Mapping[str, Stage], sources: Collection[str]
    ) -> None:
        self._config = dict(kafka_config)
        self._url = database_url
        self._stages = stages
        self._completeness = Completeness(stages, sources)
        self._gaps = Gaps(kafka_config)
        self._asking: dict[str, Consumer] = {}
        self._partitions: dict[str, tuple[int, ...]] = {}
        self._database: psycopg.Connection[Any] | None = None
        self._lock = threading.Lock()
        self._begun = 0.0
        self._stop = threading.Event()
        self._failing = False

    def complete_as_of(self, topic: str) -> datetime | None:
        """See `console.ports.Freshness.complete_as_of`."""
        return self._completeness.complete_as_of(topic)

    async def look(self) -> None:
        """See `console.ports.Freshness.look`."""
        await asyncio.to_thread(self.look_now)

    def look_now(self) -> None:
        """Look once; who asks while a look is on its way waits for the next, and several share that one."""
        asked = time.monotonic()
        with self._lock:
            if self._begun > asked:
                return
            self._begun = time.monotonic()
            try:
                self._completeness.add(self._taken())
                self._failing = False
            except (OrdertruthError, KafkaException, TimeoutError, psycopg.Error) as error:
                self._forget()
                if not self._failing:
                    log.warning("freshness unknown", error=str(error).splitlines()[0] if str(error) else repr(error))
                self._failing = True

    def run(self) -> None:
        """Look until stopped."""
        while not self._stop.is_set():
            self.look_now()
            self._stop.wait(INTERVAL_S)

    def close(self) -> None:
        """Stop, and let go of every connection."""
        self._stop.set()
        with self._lock:
            self._forget()

    def _taken(self) -> Look:
        committed = self._committed()
        at = datetime.now(UTC)
        ends = self._ends()
        if self._database is None:
            self._database = psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
        stored = read_positions(self._database)
        reached = self._gaps.passed(
            {**committed, **{(_SINK, topic): offsets for topic, offsets in stored.items()}}, ends
        )
        return Look(
            at,
            {key: reached[key] for key in committed},
            ends,
            {topic: reached[_SINK, topic] for topic in stored},
        )

    def _committed(self) -> dict[tuple[str, str], dict[int, int]]:
        by_group: dict[str, set[str]] = {}
        for stage in self._stages.values():
            by_group.setdefault(stage.group, set()).update(stage.inputs)
        found: dict[tuple[str, str], dict[int, int]] = {}
        for group, topics in by_group.items():
            asking = self._asking.get(group)
            if asking is None:
                asking = self._asking[group] = Consumer({**self._config, "group.id": group}, logger=LIBRDKAFKA)
            places = [TopicPartition(t, p) for t in sorted(topics) for p in self._partitions_of(t)]
            answer = answered_by_coordinator(partial(asking.committed, places, timeout=REQUEST_TIMEOUT_S))
            found.update({(group, topic): {} for topic in topics})
            for place in answer:
                if place.offset >= 0:
                    found[group, place.topic][place.partition] = place.offset
        return found

    def _ends(self) -> dict[str, dict[int, int]]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        topics = upstream(set(self._stages), dict(self._stages))
        answers = admin_client(self._config).list_offsets(
            {TopicPartition(topic, p): latest for topic in topics for p in self._partitions_of(topic)},
            isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=REQUEST_TIMEOUT_S,
        )
        ends: dict[str, dict[int, int]] = {topic: {} for topic in topics}
        for place, answer in answers.items():
            ends[place.topic][place.partition] = int(answer.result(REQUEST_TIMEOUT_S * 2).offset)
        return ends

    def _partitions_of(self, topic: str) -> tuple[int, ...]:
        if not self._partitions:
            names = sorted(upstream(set(self._stages), dict(self._stages)))
            answers = admin_client(self._config).describe_topics(
                TopicCollection(names), request_timeout=REQUEST_TIMEOUT_S
            )
            found = {name: answer.result(REQUEST_TIMEOUT_S * 2) for name, answer in answers.items()}
            self._partitions = {name: tuple(p.id for p in topic.partitions) for name, topic in found.items()}
        return self._partitions[topic]

    def _forget(self) -> None:
        """Begin with new connections and new metadata: either may be what the failure was about."""
        for asking in self._asking.values():
            asking.close()
        self._asking.clear()
        self._gaps.close()
        self._partitions = {}
        if self._database is not None:
            self._database.close()
            self._database = None


@contextmanager
def lookout(
    kafka_config: Mapping[str, str], database_url: str, stages: Mapping[str, Stage], sources: Collection[str]
) -> Iterator[Lookout]:
    """Looking while the block runs."""
    looking = Lookout(kafka_config, database_url, stages, sources)
    thread = threading.Thread(target=looking.run, name="lookout", daemon=True)
    thread.start()
    try:
        yield looking
    finally:
        looking.close()
        thread.join()
