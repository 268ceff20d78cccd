"""How far a consumer group has committed, asked again and again without a client for each question."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

from domain.errors import UnavailableError
from sinks.kafka_topic import answered_by_coordinator

_ASK_SECONDS = 10.0


class CommittedOffsets:
    """Sum of a group's committed offsets over the partitions of a topic; offsets that were not committed count as 0.

    On a topic no transaction has written to, that is the number of records read for good.
    """

    def __init__(self, kafka_config: Mapping[str, str], group: str, topic: str, partitions: int) -> None:
        # read_uncommitted: the answer is the last committed offset at once, not after the next transaction has ended
        config = {**kafka_config, "group.id": group, "isolation.level": "read_uncommitted", "log_level": 3}
        self._consumer = Consumer(config)
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._consumer.close()

    def total(self) -> int:
        """Ask the broker. Raises `UnavailableError` when it does not answer."""
        try:
            found = answered_by_coordinator(lambda: self._consumer.committed(self._partitions, timeout=_ASK_SECONDS))
        except KafkaException as error:
            message = f"The broker does not say how far was read: {error.args[0].str()}."
            raise UnavailableError(message, remediation="Look at the broker's log.") from error
        return sum(max(0, place.offset) for place in found)
