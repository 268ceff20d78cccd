"""An engine on topics of its own, driven batch by batch, and the fold its state must equal."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from confluent_kafka import Consumer
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from compose.stack.endpoints import Endpoints
from domain.errors import UnavailableError
from streams.engine.batch import RecordBatch
from streams.engine.engine import Engine, EngineConfig
from streams.engine.opening import StoreKind
from streams.engine.processor import Counts, Output, State
from streams.engine.restore import Partition
from tests.streams.platform import eventually
from tests.streams.wire import Raw, batch
from topics.admin import admin_client

AWAY = b"away"
Event = tuple[int, bytes | None]
"""Number of the key, and its new value; None removes it."""


class Remembering:
    """Keeps each value under its key and publishes it; fails when a part is away."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        for key, value in zip(given.keys, given.values, strict=True):
            assert key is not None
            if value == AWAY:
                raise UnavailableError("A part is away.")
            state.put(key, value)
            out.append(Output(self._topic, key, value, []))
        return Counts(read=len(given), applied=len(given))


@dataclass(frozen=True)
class Place:
    """Topics of `partitions` partitions, and where their stores are; everything a process needs to go on here."""

    kafka: dict[str, str]
    tag: str
    folder: Path
    store: StoreKind = StoreKind.MEMORY
    partitions: int = 1

    @property
    def source(self) -> str:
        return f"test-{self.tag}.in"

    @property
    def changelog(self) -> str:
        return f"test-{self.tag}.changelog"

    @classmethod
    def made(cls, endpoints: Endpoints, folder: Path, store: StoreKind, partitions: int = 1) -> Self:
        place = cls(endpoints.kafka_config(), uuid4().hex[:8], folder, store, partitions)
        place.create(place.source, f"test-{place.tag}.out", f"test-{place.tag}.dlq", place.changelog)
        return place

    def create(self, *names: str) -> None:
        admin = admin_client(self.kafka)
        for made in admin.create_topics([NewTopic(name, self.partitions, 1) for name in names]).values():
            made.result(20)
        known = admin.list_topics
        eventually(lambda: set(names) <= known(timeout=10).topics.keys(), "the topics are there")

    def delete(self, *names: str) -> None:
        admin = admin_client(self.kafka)
        for gone in admin.delete_topics(list(names)).values():
            gone.result(20)
        known = admin.list_topics
        eventually(lambda: not set(names) & known(timeout=10).topics.keys(), "the topics are gone")

    def config(self, instance: str) -> EngineConfig:
        return EngineConfig(
            f"test-{self.tag}",
            instance,
            self.kafka,
            self.changelog,
            {self.source: f"test-{self.tag}.dlq"},
            store=self.store,
            store_dir=self.folder / instance,
        )

    def worker(self, instance: str = "0") -> Worker:
        return Worker(self, instance)


class Worker:
    """One engine and the group it commits for; its calls wait, so that a test reads as a story."""

    def __init__(self, place: Place, instance: str) -> None:
        self.place = place
        self.engine = Engine(place.config(instance), Remembering(f"test-{place.tag}.out"))
        self.group = Consumer({**place.kafka, "group.id": f"test-{place.tag}"})
        self.engine.start()
        self.engine.group_metadata = self.group.consumer_group_metadata()
        self.partitions: dict[int, Partition] = {}
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.partitions:
            self.release()
        self._runner.close()
        self.group.close()

    def assign(self, *numbers: int) -> int:
        """Restore and adopt partitions, 0 alone by default; how many changelog records that took."""
        self.partitions = self.engine.restore(numbers or (0,))
        self._run(self.engine.adopt(1, self.partitions))
        return sum(partition.records_read for partition in self.partitions.values())

    def read(self, *events: Event, partition: int = 0) -> None:
        """Apply events as one batch, right after what was read before."""
        begin = self.engine.next_offset(self.place.source, partition) or 0
        records = [Raw(b"k%d" % number, value, []) for number, value in events]
        given = batch(records, offset=begin, partition=partition, topic=self.place.source)
        self._run(self.engine.process(replace(given, follows=begin)))

    def commit(self) -> None:
        self._run(self.engine.commit())

    def release(self, *, lost: bool = False) -> None:
        self._run(self.engine.release(lost=lost))
        self.partitions = {}

    def content(self, partition: int = 0) -> dict[bytes, bytes]:
        return dict(self.partitions[partition].store.starting_with(b"k"))

    def counted(self, partition: int = 0) -> Counts:
        return self.partitions[partition].position.counts.get(self.place.source, Counts())

    def _run(self, call: Coroutine[Any, Any, None]) -> None:
        self._runner.run(call)


def fold(events: Iterable[Event]) -> dict[bytes, bytes]:
    """What a state that has seen these events holds."""
    newest = {b"k%d" % number: value for number, value in events}
    return {key: value for key, value in newest.items() if value is not None}
