"""Stretches of logs that hold no record: a reader that stands before one has everything, though offsets lie ahead."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, TopicPartition

from compose.serving.completeness import Offsets
from compose.verify.raw import committed_reader, is_end, taken

ANSWER_S = 2.0

Reader = tuple[str, str]
"""Who reads, and which topic."""
_Place = tuple[str, str, int]


class Gaps:
    """Tells who is behind a record from who is behind the marker of a transaction.

    Who seems behind in the same way twice is looked for a record to be given, once for each position. Methods raise
    `KafkaException` when the broker does not answer.
    """

    def __init__(self, kafka_config: Mapping[str, str]) -> None:
        self._config = dict(kafka_config)
        self._consumer: Consumer | None = None
        self._seen: dict[_Place, tuple[int, int]] = {}
        self._reached: dict[_Place, tuple[int, int]] = {}

    def passed(self, positions: Mapping[Reader, Offsets], ends: Mapping[str, Offsets]) -> dict[Reader, dict[int, int]]:
        """The positions, moved across what holds no record."""
        seen: dict[_Place, tuple[int, int]] = {}
        for (who, topic), offsets in positions.items():
            for partition, end in ends.get(topic, {}).items():
                position = offsets.get(partition, 0)
                if self._moved((who, topic, partition), position) < end:
                    seen[who, topic, partition] = (position, end)
        still = {place: stand for place, stand in seen.items() if self._seen.get(place) == stand}
        self._seen = seen
        self._probe({place: stand for place, stand in still.items() if self._may_be_a_gap(place, stand[0])})
        return {
            (who, topic): {
                **offsets,
                **{p: self._moved((who, topic, p), offsets.get(p, 0)) for p in ends.get(topic, {})},
            }
            for (who, topic), offsets in positions.items()
        }

    def close(self) -> None:
        """Let go of the connection; what is known stays true."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _may_be_a_gap(self, place: _Place, position: int) -> bool:
        """Unless a record is known to be right there."""
        return self._reached.get(place) != (position, position)

    def _moved(self, place: _Place, position: int) -> int:
        known, reached = self._reached.get(place, (-1, -1))
        return reached if known == position else position

    def _probe(self, stands: Mapping[_Place, tuple[int, int]]) -> None:
        """Find out of each place whether a record lies between where its reader stands and the end."""
        by_reader: dict[str, dict[TopicPartition, tuple[int, int]]] = {}
        for (who, topic, partition), (position, end) in stands.items():
            by_reader.setdefault(who, {})[TopicPartition(topic, partition, position)] = (position, end)
        for who, places in by_reader.items():
            for place, reached in self._read(places).items():
                self._reached[who, place.topic, place.partition] = (places[place][0], reached)

    def _read(self, places: Mapping[TopicPartition, tuple[int, int]]) -> dict[TopicPartition, int]:
        if self._consumer is None:
            self._consumer = committed_reader(self._config, **{"queued.min.messages": 1})
        consumer = self._consumer
        consumer.assign(list(places))
        waiting = {(place.topic, place.partition): place for place in places}
        found: dict[TopicPartition, int] = {}
        deadline = time.monotonic() + ANSWER_S
        while waiting and time.monotonic() < deadline:
            for message in taken(consumer, 100):
                place = waiting.pop((message.topic() or "", message.partition() or 0), None)
                if place is None:
                    continue
                position, end = places[place]
                if not is_end(message):
                    found[place] = position
                elif (message.offset() or 0) >= end:  # below it a transaction is open, of which nothing is known
                    found[place] = end
        consumer.unassign()
        return found
