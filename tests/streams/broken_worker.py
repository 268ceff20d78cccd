"""An order-state worker whose engine is broken in one way, or sound, and that dies at a chosen moment.

Run as a program of its own, with a plan as JSON on the command line: nothing here can reach a worker that is shipped.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import faust
from confluent_kafka import Consumer, TopicPartition

from avro.registry import Registry
from domain.order_state.policy import REFERENCE_V1
from sinks.kafka_topic import TopicDirectory
from streams.engine import engine, restore, transaction
from streams.engine.app import create_app
from streams.engine.engine import Engine, EngineConfig
from streams.engine.position import POSITION_KEY
from streams.engine.restore import Partition
from streams.engine.transaction import TransactionalProducer
from streams.order_state import OrderStateProcessor
from topics.catalogue import ORDER_STATE

PLAN: dict[str, Any] = {}
GHOST_TIMEOUT_MS = 120_000


def failpoint(moment: str) -> None:
    """Die here, as by `kill -9`, when the test has armed this moment."""
    armed = Path(PLAN["armed"])
    if armed.exists() and armed.read_text() == moment:
        os.kill(os.getpid(), signal.SIGKILL)


class Sound(TransactionalProducer):
    """The engine's own, with moments to die at."""

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        failpoint("before commit")
        super().commit(offsets, group_metadata)
        failpoint("after commit")


class OffsetsFirst(TransactionalProducer):
    """Commits how far it has read, and after that what came of it."""

    held: list[tuple[tuple[Any, ...], dict[str, Any]]]

    def begin(self) -> None:
        if not self.open:
            self.held = []
        super().begin()

    def produce(self, *args: Any, **kwargs: Any) -> None:
        if args[1] == POSITION_KEY:
            super().produce(*args, **kwargs)
        else:
            self.held.append((args, kwargs))

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        held = self.held
        super().commit(offsets, group_metadata)
        failpoint("between")
        self.begin()
        for args, kwargs in held:
            super().produce(*args, **kwargs)
        super().commit(offsets, group_metadata)


class OffsetsOutside(TransactionalProducer):
    """Commits what came of the records, and after that how far it has read."""

    held: list[tuple[tuple[Any, ...], dict[str, Any]]]

    def begin(self) -> None:
        if not self.open:
            self.held = []
        super().begin()

    def produce(self, *args: Any, **kwargs: Any) -> None:
        if args[1] == POSITION_KEY:
            self.held.append((args, kwargs))
        else:
            super().produce(*args, **kwargs)

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        held = self.held
        self._producer.commit_transaction(10.0)
        self._open = False
        failpoint("between")
        self.begin()
        for args, kwargs in held:
            super().produce(*args, **kwargs)
        super().commit(offsets, group_metadata)


def restore_to_the_last_stable_offset() -> None:
    """Ask for the end of the changelog as a reader of committed records sees it, and read on at the group's offsets.

    The second belongs to it: an engine whose position travels in the changelog falls back in both and repeats itself.
    """

    def committed_only(config: Mapping[str, Any]) -> Consumer:
        return Consumer({**config, "isolation.level": "read_committed"})

    restored = Engine.restore

    def careless(self: Engine, partitions: Iterable[int]) -> dict[int, Partition]:
        found = restored(self, partitions)
        committed = TopicDirectory(PLAN["kafka"]).committed(PLAN["consumer"], PLAN["source"])
        for number in found.keys() & committed.keys():
            found[number].position.offsets[PLAN["source"]] = committed[number]
        return found

    setattr(restore, "Consumer", committed_only)  # noqa: B010 - replaced on purpose
    setattr(Engine, "restore", careless)  # noqa: B010


class OnTopic(Registry):
    """Finds schema ids where they are registered, whatever the topics of the test are called."""

    def id_for(self, topic: str, record_name: str) -> int:
        return super().id_for(ORDER_STATE.name, record_name)


PRODUCERS = {"offsets first": OffsetsFirst, "offsets outside": OffsetsOutside}


def work() -> None:
    """The worker the plan describes."""
    setattr(engine, "TransactionalProducer", PRODUCERS.get(PLAN["engine"], Sound))  # noqa: B010
    if PLAN["engine"] == "last stable offset":
        restore_to_the_last_stable_offset()
    config = EngineConfig(
        app=PLAN["consumer"],
        instance="0",
        kafka_config=PLAN["kafka"],
        changelog=PLAN["changelog"],
        dead_letter_topics={PLAN["source"]: PLAN["dead_letters"]},
    )
    processor = OrderStateProcessor(OnTopic(PLAN["registry_url"]), REFERENCE_V1, PLAN["derived"])
    app = create_app(config, processor, [PLAN["source"]], Path(PLAN["data_dir"]))
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False, quiet=True).execute_from_commandline()


def haunt() -> None:
    """Leave a transaction open on the changelog, as a worker does that dies while it commits."""
    setattr(transaction, "TRANSACTION_TIMEOUT_MS", GHOST_TIMEOUT_MS)  # noqa: B010 - longer than the test
    ghost = TransactionalProducer(PLAN["kafka"], PLAN["ghost"])
    ghost.start()
    ghost.begin()
    ghost.produce(PLAN["changelog"], b"sim-0:ghost", b"never committed", partition=0)
    ghost._producer.flush(10)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    PLAN |= json.loads(sys.argv[1])
    (haunt if PLAN["engine"] == "ghost" else work)()
