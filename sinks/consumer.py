"""The loop that feeds one sink from the derived topics it has tables for."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from avro.codec import SchemaForId
from domain.errors import ConfigurationError, IntegrityError, UnavailableError
from sinks.contract import RESET, RowRefused, Sink, SinkBusy, Tally, TopicIdentity
from sinks.dead_letters import DeadLetters
from sinks.intake import Intake, at_end, take_in, topic_of
from sinks.kafka_topic import LIBRDKAFKA, TopicDirectory

POLL_S = 0.2
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
IDENTITY_CHECK_S = 30.0

_DENIED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}
_OFF_THE_LOG = {
    KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001 - librdkafka's own codes have no other name
    KafkaError.OFFSET_OUT_OF_RANGE,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A batch is written when it has `records` records, or `linger_s` seconds after its first."""

    records: int = 1000
    linger_s: float = 0.02


class SinkConsumer:
    """Feeds one sink; `run` is its life, in a thread or process of its own.

    The sink's positions say where to read on. The consumer group is there for sharing partitions and for showing
    lag, and its commits are never read. Whatever goes wrong with the sink, the broker or the registry, the loop
    waits, starts over from the sink's positions, and skips nothing. Only a record that cannot be read or applied is
    put aside, as a dead letter.
    """

    def __init__(
        self,
        sink: Sink,
        kafka_config: Mapping[str, Any],
        schema_for_id: SchemaForId,
        *,
        limits: BatchLimits | None = None,
        group_id: str | None = None,
    ) -> None:
        self.sink = sink
        self.name = f"sink-{sink.name}"
        self.trouble: str | None = None
        """What is being waited for; None while all is well."""
        self.troubles = 0
        """How often something had to be waited for since the start."""
        self.phase = "starting"
        """starting, running or waiting (for what is away)."""
        self.since = self.seen_at = time.monotonic()
        """When this phase began, and when the loop last came by (monotonic seconds)."""
        self.written_at: float | None = None
        """When the sink last took a batch (monotonic seconds)."""
        self._config = dict(kafka_config)
        self._schema_for_id = schema_for_id
        self._limits = limits or BatchLimits()
        self._group_id = group_id or self.name
        self._counters = Tally()
        self._assigned: list[TopicPartition] = []
        self._misplaced = True
        self._places: dict[tuple[str, int], int] = {}
        self._identities: dict[str, TopicIdentity] = {}
        self._identified_at = 0.0
        self._doubtful = False
        self._troubles = 0

    @property
    def counters(self) -> Tally:
        """What became of the records this object has read; `Sink.tallies` has the count over all restarts."""
        return self._counters

    @property
    def positions(self) -> dict[tuple[str, int], int]:
        """The next offset of each (topic, partition) being fed, as the sink has it."""
        return dict(self._places)

    def run(self, stop: threading.Event) -> None:
        """Feed the sink until `stop` is set.

        Raises `IntegrityError` when the sink belongs to another topic or the log lacks what comes next, and
        `ConfigurationError` when the broker denies access; neither can be waited for.
        """
        try:
            self._directory = TopicDirectory(self._config)
            self._dead_letters = DeadLetters(self._config, self.name)
            self._consumer = self._subscribed()
        except KafkaException as error:
            text = f"The Kafka settings of {self.name} cannot be used: {error}."
            raise ConfigurationError(text, remediation="Correct the KAFKA_ settings.") from error
        try:
            while True:
                try:
                    self._feed(stop)
                except KafkaException as error:
                    # A fatal error ends the client, not the sink: another client takes over.
                    self._note(UnavailableError(f"The consumer of {self.name} broke: {error}."))
                    stop.wait(self._patience(None))
                finally:
                    self._consumer.close()
                if stop.is_set():
                    return
                self._consumer = self._subscribed()
        finally:
            self.sink.close()

    def _subscribed(self) -> Consumer:
        consumer = Consumer(
            {
                # The client waits for a broker silently; this makes the loop ask and say what it waits for.
                "error_cb": self._on_error,
                **self._config,
                "group.id": self._group_id,
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "partition.assignment.strategy": "range",
                "session.timeout.ms": 10_000,
                # A topic made after the start is found within this time.
                "topic.metadata.refresh.interval.ms": 5_000,
                "queued.max.messages.kbytes": 16_384,
            },
            logger=LIBRDKAFKA,
        )
        self._assigned = []
        consumer.subscribe(
            list(self.sink.tables), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )
        return consumer

    def _feed(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.seen_at = time.monotonic()
            try:
                if self._misplaced and self._assigned:
                    self._place()
                messages = self._fetch()
                if self._doubtful or (messages and time.monotonic() - self._identified_at > IDENTITY_CHECK_S):
                    self._look_again()
                # A rebalance during the fetch leaves messages of unknown ownership; the positions bring them back.
                if messages and not self._misplaced:
                    self._apply(messages)
                if not self._misplaced:
                    self._troubles, self.trouble = 0, None
                    self._enter("running")
            except UnavailableError as error:
                self._misplaced = True
                self._note(error)
                self._wait(self._patience(error), stop)

    def _place(self) -> None:
        """Go to where the sink is, in this order: tables exist, the topic is the right one, read on from there."""
        self.sink.setup()
        self._look_again()
        for identity in self._identities.values():
            self.sink.claim(identity)
        places = {}
        for topic in {tp.topic for tp in self._assigned}:
            stored = self.sink.positions(topic)
            places.update(
                {(topic, tp.partition): stored.get(tp.partition) for tp in self._assigned if tp.topic == topic}
            )
        targets = [
            TopicPartition(topic, partition, OFFSET_BEGINNING if offset is None else offset)
            for (topic, partition), offset in places.items()
        ]
        self._consumer.assign(targets)
        self._places = {place: offset or 0 for place, offset in places.items()}
        self._misplaced = False

    def _look_again(self) -> None:
        """Ask the broker which topics these are; when they are others than before, the sink must be asked again."""
        found = self._directory.identities(self.sink.tables)
        self._misplaced = self._misplaced or found != self._identities
        self._identities = found
        self._identified_at = time.monotonic()
        self._doubtful = False

    def _fetch(self) -> list[Message]:
        first = self._consumer.poll(POLL_S)
        if first is None:
            return []
        linger_s = 0.0 if at_end(first) else self._limits.linger_s
        found = [first, *self._consumer.consume(self._limits.records - 1, linger_s)]
        return [message for message in found if self._is_usable(message)]

    def _is_usable(self, message: Message) -> bool:
        error = message.error()
        if error is None or at_end(message):
            return True
        if error.fatal():
            raise KafkaException(error)
        if error.code() in _DENIED:
            text = f"The broker denies {self.name} access: {error.str()}."
            raise ConfigurationError(text, remediation="Give its principal READ on the topic and the group.")
        if error.code() in _OFF_THE_LOG:
            if self._misplaced:
                return False
            # Made anew, the topic has another id, and then that is what there is to say.
            self._look_again()
            self.sink.claim(self._identities[topic_of(message)])
            text = f"The log lacks what comes next for {self.name}: {error.str()}."
            raise IntegrityError(text, remediation=f"Find out who cut it off. {RESET}")
        text = f"The broker does not deliver to {self.name}: {error.str()}."
        raise UnavailableError(text, remediation="Check the broker; `ordertruth topics apply` makes missing topics.")

    def _apply(self, messages: list[Message]) -> None:
        for topic, intake in take_in(messages, self.sink, self._schema_for_id).items():
            here = {p: offset for (t, p), offset in self._places.items() if t == topic}
            if intake.messages or any(end > here[p] for p, end in intake.ends.items()):
                self._write(topic, intake, here)

    def _write(self, topic: str, intake: Intake, here: dict[int, int]) -> None:
        """Dead letters first, then rows with their position, then the group's commit, which is only shown."""
        graveyard = self.sink.tables[topic].dead_letters
        tally = None
        while tally is None:
            self._dead_letters.keep(graveyard, intake.letters)
            batch = intake.batch(self._identities[topic], here)
            try:
                tally = self.sink.write(batch)
            except RowRefused as refusal:
                # Each round has one row less, so this ends.
                intake.refuse(refusal.partition, refusal.offset, refusal)
        self._counters += tally
        self.written_at = time.monotonic()
        for partition, span in batch.spans.items():
            self._places[topic, partition] = max(span.end, here[partition])
            self._dead_letters.forget(topic, partition, span.end)
        self._consumer.commit(
            offsets=[TopicPartition(topic, p, self._places[topic, p]) for p in batch.spans], asynchronous=True
        )

    def _on_error(self, _: KafkaError) -> None:
        self._doubtful = True

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Nothing may be fetched before the sink has said from where, and it may be away just now.
        consumer.assign([])
        self._assigned = partitions
        self._misplaced = True

    def _on_revoke(self, consumer: Consumer, _: list[TopicPartition]) -> None:
        # What was read and not written is dropped: the next owner finds the position with the rows.
        self._assigned = []
        self._misplaced = True
        consumer.unassign()

    def _note(self, error: UnavailableError) -> None:
        self._troubles += 1
        self.troubles += 1
        self.trouble = str(error)
        self._enter("waiting")
        log.warning("sink_waits", consumer=self.name, attempt=self._troubles, reason=error.message)

    def _enter(self, phase: str) -> None:
        if phase != self.phase:
            self.phase, self.since = phase, time.monotonic()

    def _patience(self, error: UnavailableError | None) -> float:
        if isinstance(error, SinkBusy):
            return error.retry_after_s
        longest = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(self._troubles, 10))
        return random.uniform(longest / 2, longest)

    def _wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait as a member of the group, reading nothing."""
        until = time.monotonic() + seconds
        if self._assigned:
            self._consumer.assign([])
        while (left := until - time.monotonic()) > 0 and not stop.is_set():
            self.seen_at = time.monotonic()
            self._consumer.poll(min(POLL_S, left))
