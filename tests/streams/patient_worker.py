"""An order-state worker whose engine is broken in one way, or sound, and to which things happen at chosen moments.

Run as a program of its own, with a plan as JSON on the command line: nothing here can reach a worker that is shipped.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import faust
from confluent_kafka import Consumer, TopicPartition

from avro.registry import Registry
from domain.order_state.policy import REFERENCE_V1
from sinks.kafka_topic import TopicDirectory
from streams.engine import engine, restore, transaction, transport
from streams.engine.app import create_app
from streams.engine.batch import RecordBatch
from streams.engine.engine import Engine, EngineConfig
from streams.engine.limits import Limits
from streams.engine.position import POSITION_KEY
from streams.engine.processor import Counts, Output, State
from streams.engine.restore import Partition
from streams.engine.transaction import TransactionalProducer
from streams.engine.transport import BatchConsumer
from streams.order_state import OrderStateProcessor
from topics.catalogue import ORDER_STATE

PLAN: dict[str, Any] = {}
GHOST_TIMEOUT_MS = 120_000


def armed(moment: str) -> bool:
    """Whether the test has armed this moment."""
    path = Path(PLAN["armed"])
    return path.exists() and path.read_text() == moment


def failpoint(moment: str) -> None:
    """Die here, as by `kill -9`, when the test has armed this moment."""
    if armed(moment):
        os.kill(os.getpid(), signal.SIGKILL)


class Sound(TransactionalProducer):
    """The engine's own, with moments to die at."""

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        failpoint("before commit")
        super().commit(offsets, group_metadata)
        failpoint("after commit")


class Holding(TransactionalProducer, ABC):
    """Keeps some of the records back, for a transaction after the one they belong to."""

    held: list[tuple[tuple[Any, ...], dict[str, Any]]]
    letting_go = False

    def begin(self) -> None:
        if not self.open:
            self.held = []
        super().begin()

    @abstractmethod
    def holds(self, key: bytes) -> bool:
        """Whether a record of this key is kept back."""

    def offer(self, *args: Any, **kwargs: Any) -> bool:
        if self.letting_go or not self.holds(args[1]):
            return super().offer(*args, **kwargs)
        self.held.append((args, kwargs))
        return True

    def commit_held(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        """Commit what was kept back; dies before it when the test wants that."""
        held = self.held
        failpoint("between")
        self.begin()
        self.letting_go = True
        for args, kwargs in held:
            self.produce(*args, **kwargs)
        self.letting_go = False
        super().commit(offsets, group_metadata)


class OffsetsFirst(Holding):
    """Commits how far it has read, and after that what came of it."""

    def holds(self, key: bytes) -> bool:
        return key != POSITION_KEY

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        super().commit(offsets, group_metadata)
        self.commit_held(offsets, group_metadata)


class OffsetsOutside(Holding):
    """Commits what came of the records, and after that how far it has read."""

    def holds(self, key: bytes) -> bool:
        return key == POSITION_KEY

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        self._producer.commit_transaction(10.0)
        self._open = False
        self.commit_held(offsets, group_metadata)


def restore_to_the_last_stable_offset() -> None:
    """Ask for the end of the changelog as a reader of committed records sees it, and read on at the group's offsets.

    The second belongs to it: an engine whose position travels in the changelog falls back in both and repeats itself.
    """

    def committed_only(config: Mapping[str, Any], **further: Any) -> Consumer:
        return Consumer({**config, "isolation.level": "read_committed"}, **further)

    restored = Engine.restore

    def careless(self: Engine, partitions: Iterable[int]) -> dict[int, Partition]:
        found = restored(self, partitions)
        committed = TopicDirectory(PLAN["kafka"]).committed(PLAN["consumer"], PLAN["source"])
        for number in found.keys() & committed.keys():
            found[number].position.offsets[PLAN["source"]] = committed[number]
        return found

    setattr(restore, "Consumer", committed_only)  # noqa: B010 - replaced on purpose
    setattr(Engine, "restore", careless)  # noqa: B010


def tell_of_restores(seconds: float) -> None:
    """Leave a file in the data folder when a restoration begins, and another when it ends; take so long between."""
    restored = Engine.restore

    def telling(self: Engine, partitions: Iterable[int]) -> dict[int, Partition]:
        Path(PLAN["data_dir"], f"restoring-{PLAN['instance']}").touch()
        time.sleep(seconds)
        found = restored(self, partitions)
        Path(PLAN["data_dir"], f"restored-{PLAN['instance']}").touch()
        return found

    setattr(Engine, "restore", telling)  # noqa: B010


def lose_partitions_when_told() -> None:
    """Make the polling thread's client call what it calls when the group has given its partitions to others."""
    poll = BatchConsumer._poll

    def losing(self: BatchConsumer) -> None:
        if armed("lose partitions") and (held := self._kafka.assignment()):
            Path(PLAN["armed"]).unlink()
            self._on_lost(self._kafka, held)
            self._on_assign(self._kafka, held)
        poll(self)

    setattr(BatchConsumer, "_poll", losing)  # noqa: B010


class Slow:
    """Takes its time, so that batches wait behind the one it is at."""

    def __init__(self, processor: OrderStateProcessor) -> None:
        self._processor = processor

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        time.sleep(PLAN.get("apply_seconds", 0))
        return self._processor.process(batch, now, state, out)


class OnTopic(Registry):
    """Finds schema ids where they are registered, whatever the topics of the test are called."""

    def id_for(self, topic: str, record_name: str) -> int:
        return super().id_for(ORDER_STATE.name, record_name)


PRODUCERS = {"offsets first": OffsetsFirst, "offsets outside": OffsetsOutside}


def work() -> None:
    """The worker the plan describes."""
    setattr(engine, "TransactionalProducer", PRODUCERS.get(PLAN["engine"], Sound))  # noqa: B010
    setattr(transport, "POLL_RECORDS_MAX", PLAN.get("poll_records", transport.POLL_RECORDS_MAX))  # noqa: B010
    if PLAN["engine"] == "last stable offset":
        restore_to_the_last_stable_offset()
    tell_of_restores(PLAN.get("restore_seconds", 0.0))
    lose_partitions_when_told()
    config = EngineConfig(
        app=PLAN["consumer"],
        instance=PLAN["instance"],
        kafka_config=PLAN["kafka"],
        changelog=PLAN["changelog"],
        dead_letter_topics={PLAN["source"]: PLAN["dead_letters"]},
    )
    processor = Slow(OrderStateProcessor(OnTopic(PLAN["registry_url"]), REFERENCE_V1, PLAN["derived"]))
    app = create_app(config, processor, [PLAN["source"]], Path(PLAN["data_dir"], PLAN["instance"]))
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False, quiet=True).execute_from_commandline()


def haunt() -> None:
    """Leave a transaction open on the changelog, as a worker does that dies while it commits."""
    setattr(transaction, "TRANSACTION_TIMEOUT_MS", GHOST_TIMEOUT_MS)  # noqa: B010 - longer than the test
    ghost = TransactionalProducer(PLAN["kafka"], PLAN["ghost"], Limits().producer_config())
    ghost.start()
    ghost.begin()
    ghost.produce(PLAN["changelog"], b"sim-0:ghost", b"never committed", partition=0)
    ghost._producer.flush(10)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    PLAN |= json.loads(sys.argv[1])
    (haunt if PLAN["engine"] == "ghost" else work)()
