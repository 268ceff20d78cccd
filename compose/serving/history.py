"""The events behind a view, read again from where they lie (`console.ports.History`)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from avro.registry import Registry
from compose.verify.raw import committed_reader, is_end, taken
from console.ports import EventPlace
from domain.errors import RecordError, UnavailableError
from domain.fold.heard import Heard
from domain.order_status.fold import OrderStatusFold
from streams.engine.batch import RecordBatch
from streams.hearing import Hearing

ANSWER_S = 10.0
NEAR = 50
"""A record this close behind another is read on to; further away it is asked for."""

_Partition = tuple[str, int]
_OFF_THE_LOG = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001 - the library's only name for it


class EventHistory:
    """Reads single events; one reader at a time, with a consumer that is kept. Used until closed."""

    def __init__(self, kafka_config: Mapping[str, str], registry: Registry) -> None:
        self._config = dict(kafka_config)
        self._hearing = Hearing(registry, OrderStatusFold().kinds)
        self._consumer: Consumer | None = None
        self._lock = threading.Lock()

    async def events(self, places: Sequence[EventPlace]) -> list[Heard]:
        """See `console.ports.History.events`."""
        return await asyncio.to_thread(self.read, places)

    def read(self, places: Iterable[EventPlace]) -> list[Heard]:
        """The events at these places, by topic and offset. Raises `UnavailableError` while the broker is away."""
        wanted: dict[_Partition, list[int]] = {}
        for topic, partition, offset in sorted(set(places)):
            wanted.setdefault((topic, partition), []).append(offset)
        with self._lock:
            try:
                found = self._fetched(wanted)
            except KafkaException as error:
                self._let_go()
                message = f"The events cannot be read again: {error.args[0].str()}."
                raise UnavailableError(message, remediation="Check the broker; then ask again.") from error
        return [heard for message in found for heard in self._heard(message)]

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._let_go()

    def _fetched(self, wanted: dict[_Partition, list[int]]) -> list[Message]:
        if self._consumer is None:
            near: dict[str, str | int | bool] = {"queued.min.messages": NEAR, "auto.offset.reset": "error"}
            self._consumer = committed_reader(self._config, **near)
        consumer = self._consumer
        consumer.assign([TopicPartition(*place, offsets[0]) for place, offsets in wanted.items()])
        found: list[Message] = []
        deadline = time.monotonic() + ANSWER_S
        while wanted:
            for message in taken(consumer, 100):
                place = (message.topic() or "", message.partition() or 0)
                if place in wanted and self._advance(consumer, place, message, wanted[place], found):
                    del wanted[place]
            if time.monotonic() > deadline:
                text = f"The broker did not give {sum(map(len, wanted.values()))} events within {ANSWER_S:g} s."
                raise UnavailableError(text, remediation="Ask again.")
        consumer.unassign()
        return sorted(found, key=lambda m: (m.topic() or "", m.partition() or 0, m.offset() or 0))

    @staticmethod
    def _advance(
        consumer: Consumer, place: _Partition, message: Message, offsets: list[int], found: list[Message]
    ) -> bool:
        """Take a message if it is wanted; whether the partition has nothing more that is."""
        if _is_gone(message) or is_end(message):
            return True
        offset = message.offset() or 0
        if offset in offsets:
            found.append(message)
        behind = [wanted for wanted in offsets if wanted > offset]
        offsets[:] = behind
        if behind and behind[0] - offset > NEAR:
            consumer.seek(TopicPartition(*place, behind[0]))
        return not behind

    def _heard(self, message: Message) -> Iterable[Heard]:
        headers = cast("list[tuple[str, bytes]]", message.headers() or [])
        batch = RecordBatch(
            message.topic() or "",
            message.partition() or 0,
            0,
            [message.offset() or 0],
            [0],
            [message.key()],
            [message.value()],
            [headers],
        )
        try:
            return [heard for _, heard in self._hearing.of(batch) if heard is not None]
        except RecordError:
            return []  # what cannot be read went to the dead letters, and into no view

    def _let_go(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


def _is_gone(message: Message) -> bool:
    """Whether the log does not hold what was asked for: it was cut off since."""
    error = message.error()
    return error is not None and error.code() == _OFF_THE_LOG
