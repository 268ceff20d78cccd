"""What a rebuild works by: places noted once at its beginning, so that whoever goes on with it comes to the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

from confluent_kafka import TopicPartition

from compose.rebuild.projections import Projection
from compose.verify.raw import committed_reader
from compose.verify.reached import newest_positions
from sinks.kafka_topic import TopicDirectory
from streams.clock import clock_of
from streams.engine.copartition import partitions_of
from streams.engine.restore import watermarks
from streams.folding import GRACE_US
from topics.catalogue import FOLD_CHANGELOGS

RECORDS_PER_SLICE = 150_000
SLICES_MIN, SLICES_MAX = 4, 256
RECORDS_PER_BUNDLE_MIN = 20_000
BUNDLES = 8


class Stretch(NamedTuple):
    """The records of one partition from `begin` up to, without, `end`; the topic has that many `partitions`."""

    topic: str
    partition: int
    begin: int
    end: int
    partitions: int

    @property
    def size(self) -> int:
        """How many records it may have."""
        return self.end - self.begin

    @property
    def name(self) -> str:
        """For telling it apart."""
        return f"{self.topic}-{self.partition}"


@dataclass(frozen=True)
class Plan:
    """Noted in this order, which is what makes it sound (ADR 0067):

    1. `starts`: where each derived topic ends; what comes behind is added to the rebuilt rows;
    2. `reached`: how far the application's time has come, by partition and clock (microseconds);
    3. `stretches`: what there is of the sources, so everything that anything before rests on.

    `topics` are those of the tables, by name, and `sources` those it is made from.
    """

    projection: str
    rules: Mapping[str, str]
    starts: Mapping[str, Mapping[int, int]]
    reached: Mapping[int, Mapping[str, int]]
    stretches: tuple[Stretch, ...]
    slices: int
    topics: Mapping[str, str]
    sources: tuple[str, ...]

    def bundles(self) -> list[tuple[Stretch, ...]]:
        """The stretches as they are read: small ones together, always the same."""
        wanted = max(RECORDS_PER_BUNDLE_MIN, sum(s.size for s in self.stretches) // BUNDLES)
        found: list[list[Stretch]] = []
        sizes: list[int] = []
        for stretch in sorted(self.stretches, key=lambda s: (-s.size, s.name)):
            place = next((i for i, size in enumerate(sizes) if size + stretch.size <= wanted), None)
            if place is None:
                found.append([stretch])
                sizes.append(stretch.size)
            else:
                found[place].append(stretch)
                sizes[place] += stretch.size
        return [tuple(bundle) for bundle in found]

    def until_us(self, group: str) -> int:
        """Up to when deadlines of a group have passed."""
        key = group.encode()
        here = self.reached.get(partitions_of([key], max(1, len(self.reached)))[0], {})
        return max(0, here.get(clock_of(key), 0) - GRACE_US)

    def partitions(self, topic: str) -> int:
        """How many partitions a derived topic has."""
        return len(self.starts[topic])

    def to_json(self) -> dict[str, Any]:
        """As kept in the database."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(
            value["projection"],
            value["rules"],
            {topic: {int(p): at for p, at in found.items()} for topic, found in value["starts"].items()},
            {int(p): found for p, found in value["reached"].items()},
            tuple(Stretch(*found) for found in value["stretches"]),
            value["slices"],
            value["topics"],
            tuple(value["sources"]),
        )


def note(kafka_config: Mapping[str, str], projection: Projection) -> Plan:
    """The plan of a rebuild that begins now. Raises `UnavailableError` when the broker does not answer."""
    starts = TopicDirectory(kafka_config).ends_of([table.topic for table in projection.tables])
    reached: dict[int, dict[str, int]] = {}
    if projection.app:
        positions = newest_positions(kafka_config, FOLD_CHANGELOGS[projection.app].name)
        reached = {p: {} if found is None else dict(found.watermark) for p, found in positions.items()}
    stretches = _stretches(kafka_config, projection.sources)
    records = sum(s.size for s in stretches)
    slices = min(SLICES_MAX, max(SLICES_MIN, -(-records // RECORDS_PER_SLICE)))
    topics = {table.name: table.topic for table in projection.tables}
    return Plan(projection.name, projection.rules, starts, reached, stretches, slices, topics, projection.sources)


def _stretches(kafka_config: Mapping[str, str], topics: tuple[str, ...]) -> tuple[Stretch, ...]:
    ends = TopicDirectory(kafka_config).ends_of(topics)
    consumer = committed_reader(kafka_config)
    try:
        found = [
            Stretch(topic, p, watermarks(consumer, TopicPartition(topic, p))[0], end, len(of))
            for topic, of in ends.items()
            for p, end in of.items()
        ]
    finally:
        consumer.close()
    return tuple(s for s in found if s.end > s.begin)
