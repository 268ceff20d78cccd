"""A commit under a generation that is over: what a worker would do that slept through a rebalance."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from confluent_kafka import Consumer, KafkaException, TopicPartition

from compose.chaos.faults.fault import Fault
from compose.chaos.progress import GroupProgress
from compose.verify.run import CONSUMER
from domain.errors import UnavailableError
from streams.engine.position import POSITION_KEY
from streams.engine.transaction import TransactionalProducer
from topics.catalogue import ORDER_STATE, ORDER_STATE_CHANGELOG, PRODUCT_ORDERS

JOIN_SECONDS_MAX = 40.0
CONTROLS_MAX = 5
QUIET_SECONDS = 1.5
"""The control looks at a group that rebalances for other reasons too: it waits so long, and tries again."""
ZOMBIE_KEY = b"chaos:zombie"
"""Key of the output in the refused transaction: nobody may ever read it."""
REFUSALS = frozenset({"ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "FENCED_INSTANCE_ID", "REBALANCE_IN_PROGRESS"})


class _Member:
    """A plain member of the workers' group that applies nothing."""

    def __init__(self, kafka_config: dict[str, str], name: str) -> None:
        self.assignments = 0
        self.client = Consumer(
            {
                **kafka_config,
                "group.id": CONSUMER,
                "client.id": name,
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "partition.assignment.strategy": "range",
                "session.timeout.ms": 10_000,
                "heartbeat.interval.ms": 1_000,
            }
        )
        self.client.subscribe([PRODUCT_ORDERS.name], on_assign=self._on_assign)

    def _on_assign(self, _client: Consumer, _partitions: list[TopicPartition]) -> None:
        self.assignments += 1

    def poll(self) -> None:
        """Stay in the group; what is fetched on the way is let go."""
        self.client.poll(0.05)


class ZombieCommit(Fault):
    """Forced: group metadata are saved, the group rebalances, and a transaction is committed under the old ones.

    A member of the workers' own group saves its metadata; a second one joins, which begins a new generation; then a
    transaction of the engine's own producer, with an output, a changelog position and an input offset that would skip
    records, is committed under the saved metadata. The broker must refuse it. To see that it is the old generation
    that is refused, the same member then commits what is committed already under its new metadata.
    """

    name: ClassVar[str] = "zombie"
    _first: _Member | None = None
    _second: _Member | None = None

    def inject(self) -> None:
        """Join, save, rebalance, commit. Raises `UnavailableError` when the group does not let the member in."""
        kafka = self.site.endpoints.kafka_config()
        name = f"chaos-zombie-{self.step.number}"
        producer = _started(kafka, name)
        self._first = first = _Member(kafka, f"{name}-first")
        self._await(lambda: first.assignments > 0)
        saved = first.client.consumer_group_metadata()
        generation = first.assignments
        self._second = second = _Member(kafka, f"{name}-second")
        self._await(lambda: second.assignments > 0 and first.assignments > generation)
        with GroupProgress(kafka) as progress:
            ends = progress.ends()
        partition = self.step.victim % len(ends)
        refusal = self._commit(producer, saved, partition, ends[partition])
        self.observed |= {"refused_with": refusal, "partition": partition}
        if refusal in REFUSALS:
            self.site.zombie_commits_refused += 1
        else:
            self.findings.append(f"A commit of an old generation was answered with {refusal or 'success'}.")
        self._control(kafka, name, first)

    def _commit(self, producer: TransactionalProducer, metadata: object, partition: int, offset: int) -> str:
        """Commit a transaction that would do harm; the name of the broker's refusal, empty when it was taken."""
        producer.begin()
        producer.produce(ORDER_STATE.name, ZOMBIE_KEY, b"zombie", partition=partition)
        producer.produce(
            ORDER_STATE_CHANGELOG.name, POSITION_KEY, b'{"offsets": {}, "counts": {}}', partition=partition
        )
        try:
            producer.commit([TopicPartition(PRODUCT_ORDERS.name, partition, offset)], metadata)
        except UnavailableError as error:
            cause = error.__cause__
            return str(cause.args[0].name()) if isinstance(cause, KafkaException) else str(error)
        finally:
            producer.leave()
        return ""

    def _control(self, kafka: dict[str, str], name: str, member: _Member) -> None:
        """Under the metadata of now the same client may commit: a partition of its own, at the offset it has."""
        refusal = "not possible: the member never had a partition with an offset"
        for _ in range(CONTROLS_MAX):
            self._poll(QUIET_SECONDS)
            with GroupProgress(self.site.endpoints.kafka_config()) as progress:
                committed = progress.committed()
            own = [tp.partition for tp in member.client.assignment() if tp.partition in committed]
            if not own:
                continue
            place = TopicPartition(PRODUCT_ORDERS.name, own[0], committed[own[0]])
            producer = _started(kafka, name)
            producer.begin()
            try:
                producer.commit([place], member.client.consumer_group_metadata())
            except UnavailableError as error:
                refusal = error.message
            else:
                self.observed["control"] = "accepted"
                return
            finally:
                producer.leave()
        self.observed["control"] = refusal
        self.findings.append(f"The control, a commit of the generation of now, was refused: {refusal}")

    def _poll(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for member in (self._first, self._second):
                if member is not None:
                    member.poll()

    def _await(self, joined: Callable[[], bool]) -> None:
        deadline = time.monotonic() + JOIN_SECONDS_MAX
        while not joined():
            self._poll(0.1)
            if time.monotonic() > deadline:
                text = f"The group {CONSUMER} let nobody in for {JOIN_SECONDS_MAX:g} s."
                raise UnavailableError(text, remediation="See the workers' logs: one of them may hang.")

    def heal(self) -> None:
        """Leave the group, which gives the workers everything back."""
        for member in (self._second, self._first):
            if member is not None:
                with suppress(KafkaException):
                    member.client.close()


def _started(kafka: dict[str, str], name: str) -> TransactionalProducer:
    producer = TransactionalProducer(kafka, name, {})
    producer.start()
    return producer
