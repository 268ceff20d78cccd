"""Handing a batch of records to Kafka and waiting until the fate of each is known."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from domain.errors import ConfigurationError, UnavailableError
from topics.catalogue import TOPICS
from topics.outbox import OutboxMessage, Published

METADATA_TIMEOUT_S = 5.0
POLL_S = 0.05
LAST_REPORTS_S = 2.0

ProducerConfig = Mapping[str, str | int | float | bool]
Identities = Mapping[str, Mapping[str, str]]
"""What an owner's producer adds to the settings to prove who it is, by owner."""
NOBODY_ELSE: Identities = {}
"""For a broker that does not know the owners apart."""
AggregateKey = tuple[str, str]
"""Topic and record key."""

_PRODUCER: ProducerConfig = {
    "enable.idempotence": True,
    "log_level": 3,  # a broker that still loads its coordinators is waited for, without a word on the screen
    "acks": "all",
    "partitioner": "murmur2_random",
    "delivery.timeout.ms": 30_000,
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 65_536,
    "linger.ms": 1,
    "compression.type": "lz4",
}

_OWNERS = {topic.name: topic.owner for topic in TOPICS}
_PURGED = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})  # noqa: SLF001 - the client's names

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Framed:
    """A row with the value it is published under."""

    message: OutboxMessage
    value: bytes

    @property
    def key(self) -> AggregateKey:
        """What it must stay in order with."""
        return self.message.topic, self.message.key


@dataclass(slots=True)
class Report:
    """What became of a batch: where rows ended up, by `seq`, which aggregates are held back, the first error.

    `open` is the number of records whose fate is not known yet, `open_of` that of each producer, by its name.
    """

    delivered: dict[int, Published] = field(default_factory=dict)
    held_back: set[AggregateKey] = field(default_factory=set)
    open_of: Counter[str] = field(default_factory=Counter)
    error: str | None = None

    @property
    def open(self) -> int:
        """How many records are on their way."""
        return self.open_of.total()

    def take(self, framed: Framed, producer: str, error: KafkaError | None, record: Message) -> None:
        """Note the fate of one record; of a row's copies the first delivered counts."""
        self.open_of[producer] -= 1
        if error is not None:
            self.held_back.add(framed.key)
            if error.code() in _PURGED:
                return  # a consequence of stopping, which must not hide what was wrong before
            self.error = self.error or f"{error.str()} ({error.name()}, topic {framed.message.topic})"
            return
        partition, offset = record.partition(), record.offset()
        assert partition is not None
        assert offset is not None
        self.delivered.setdefault(framed.message.seq, Published(framed.message.seq, partition, offset))


class Carrier(Protocol):
    """Takes batches of framed rows to Kafka; `Delivery` is the honest one."""

    def deliver(self, batch: Sequence[Framed], stop: threading.Event) -> Report:
        """Publish a batch and wait for the fate of each record, or until `stop` is set."""
        ...

    def close(self) -> None:
        """Throw away what is queued."""
        ...


class Delivery:
    """Publishes batches so that no record overtakes an earlier one of its aggregate, whatever fails.

    There is never more than one record of an aggregate on its way: a batch goes out in waves, the n-th wave holding
    the n-th record of each aggregate, and the next wave starts when the fate of every record of this one is known.
    An aggregate whose record failed is left out of the waves that follow; the others go on.

    The client's own guarantees are not enough for that. Its idempotence keeps retries in order, but after a record
    was refused for good it starts a new sequence and goes on with what was queued behind it. Even its gapless
    guarantee and a single request in flight let a request through that was ready to be sent when the refusal came.

    Each owner's topics are written by a producer of that owner's identity; topics of those without one share a
    producer that proves nothing beyond `config`.
    """

    def __init__(self, config: ProducerConfig, identities: Identities = NOBODY_ELSE) -> None:
        self._config = {"client.id": "ordertruth-relay", **config, **_PRODUCER}
        self._identities = identities
        self._producers: dict[str, Producer] = {}
        self._topics: set[str] = set()

    def deliver(self, batch: Sequence[Framed], stop: threading.Event) -> Report:
        """Publish a batch and wait for the delivery reports, or until `stop` is set.

        Records without a report after that may have reached the broker nevertheless; they count as undelivered and
        will be sent again under the same event id. Raises `ConfigurationError` for a topic that does not exist and
        `UnavailableError` when the broker does not answer.
        """
        self._get_ready({framed.message.topic for framed in batch})
        report = Report()
        for wave in waves(batch):
            for framed in wave:
                if framed.key not in report.held_back:
                    self._queue(framed, report, stop)
            self._await(report, lambda: not stop.is_set())
            if stop.is_set():
                break
        if report.error or report.open:
            self._discard(report)
        return report

    def close(self) -> None:
        """Throw away the producers with whatever is queued in them."""
        self._discard(Report())

    def _queue(self, framed: Framed, report: Report, stop: threading.Event) -> None:
        """Queue one record, waiting for room; nothing is queued any more once `stop` is set."""
        name = self._name_of(framed.message.topic)
        producer = self._producers[name]
        while not stop.is_set():
            try:
                producer.produce(
                    framed.message.topic,
                    key=framed.message.key.encode(),
                    value=framed.value,
                    headers=list(framed.message.headers),
                    on_delivery=partial(report.take, framed, name),
                )
            except BufferError:
                producer.poll(POLL_S)
                continue
            except KafkaException as error:
                # Refused without being queued: too large for the client, or the producer has come to an end.
                report.held_back.add(framed.key)
                report.error = report.error or str(error.args[0])
                return
            report.open_of[name] += 1
            producer.poll(0)
            return

    def _await(self, report: Report, patience: Callable[[], bool]) -> None:
        """Wait for the fate of every record. One producer after the other: all of them are needed anyway."""
        for name, producer in self._producers.items():
            while report.open_of[name] and patience():
                producer.poll(POLL_S)

    def _name_of(self, topic: str) -> str:
        owner = _OWNERS.get(topic, "")
        return owner if owner in self._identities else ""

    def _get_ready(self, topics: set[str]) -> None:
        for topic in sorted(topics - self._topics):
            name = self._name_of(topic)
            if name not in self._producers:
                config = {**self._config, **self._identities.get(name, {}), "error_cb": _told}
                self._producers[name] = Producer(config, logger=logging.getLogger("topics.relay.librdkafka"))
            # Records of an unknown topic would wait in the queue until they time out.
            self._look_up(self._producers[name], topic)
            self._topics.add(topic)

    def _look_up(self, producer: Producer, topic: str) -> None:
        try:
            found = producer.list_topics(topic, timeout=METADATA_TIMEOUT_S).topics[topic]
        except KafkaException as error:
            message = f"Kafka does not answer: {error.args[0]}."
            raise UnavailableError(message, remediation="Start the broker; unpublished events wait.") from error
        if found.error is not None:
            message = f"Kafka has no topic {topic}: {found.error.str()}."
            raise ConfigurationError(message, remediation="Run `ordertruth topics apply`; unpublished events wait.")

    def _discard(self, report: Report) -> None:
        self._topics.clear()
        for producer in self._producers.values():
            producer.purge(in_queue=True, in_flight=True, blocking=True)
        # The reports of purged records come as errors; those of delivered ones may still be on their way.
        deadline = time.monotonic() + LAST_REPORTS_S
        self._await(report, lambda: time.monotonic() < deadline)
        self._producers.clear()


def waves(batch: Sequence[Framed]) -> list[list[Framed]]:
    """The batch cut into waves with at most one record of each aggregate, each aggregate's records in order."""
    seen: Counter[AggregateKey] = Counter()
    cut: list[list[Framed]] = []
    for framed in batch:
        number = seen[framed.key]
        seen[framed.key] += 1
        if number == len(cut):
            cut.append([])
        cut[number].append(framed)
    return cut


def _told(error: KafkaError) -> None:
    log.warning("relay_kafka_error", code=error.name(), fatal=error.fatal(), message=error.str())
