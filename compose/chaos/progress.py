"""How far the workers' group has read, asked in a way that survives a broker that goes away."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

from compose.verify.run import CONSUMER
from domain.errors import UnavailableError
from topics.catalogue import PRODUCT_ORDERS

REQUEST_SECONDS = 5.0

# What is killed on purpose need not be told on standard error at each attempt to connect.
_SILENT = logging.getLogger(f"{__name__}.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class GroupProgress:
    """Offsets of the workers' group on the owner topic, for the length of a block; never a member itself.

    A consumer is asked and not an administrative client: librdkafka 2.x aborts the process when an administrative
    request to a group's coordinator has timed out and the broker then comes back.
    """

    def __init__(self, kafka_config: Mapping[str, str]) -> None:
        self._client = Consumer(
            {
                **kafka_config,
                "group.id": CONSUMER,
                "enable.auto.commit": False,
                # offsets of open transactions are not waited for
                "isolation.level": "read_uncommitted",
            },
            logger=_SILENT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ends(self) -> dict[int, int]:
        """Where each partition of the owner topic ends. Raises `UnavailableError` when the broker is away."""
        try:
            topic = self._client.list_topics(PRODUCT_ORDERS.name, timeout=REQUEST_SECONDS).topics[PRODUCT_ORDERS.name]
            return {
                p: self._client.get_watermark_offsets(TopicPartition(PRODUCT_ORDERS.name, p), REQUEST_SECONDS)[1]
                for p in topic.partitions
            }
        except (KafkaException, TypeError) as error:  # the library answers None where it has waited in vain
            raise _away(error) from error

    def committed(self) -> dict[int, int]:
        """The next offset of each partition the group has read. Raises `UnavailableError` when the broker is away."""
        try:
            wanted = [TopicPartition(PRODUCT_ORDERS.name, p) for p in self.ends()]
            found = self._client.committed(wanted, timeout=REQUEST_SECONDS)
        except KafkaException as error:
            raise _away(error) from error
        return {tp.partition: tp.offset for tp in found if tp.offset >= 0}


def _away(error: Exception) -> UnavailableError:
    message = f"The broker does not say how far {CONSUMER} has read: {error}."
    return UnavailableError(message, remediation="Wait until it is back.")
