"""The same derivation in Bytewax: a stateful step that sees all events of an order that came with one poll.

Bytewax knows neither transactions nor a changelog. Its offsets belong to its recovery store; so that its progress can
be seen from outside, the sink commits the offsets whose outputs it has flushed, by the clock. State stays in memory as
objects and is never packed, unless the plan asks for `recovery`: then it is kept in SQLite by the same clock.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from bench.derivation import Derivation
from domain.order_state.facts import OrderFacts, Outcome
from streams.order_state_stored import from_bytes, to_bytes

POLL_RECORDS_MAX = 4000
"""Of one partition, as in a batch of ours."""


class Derived(NamedTuple):
    """An output and the place of the newest event in it."""

    partition: int
    offset: int
    message: KafkaSinkMessage


class OrderState(StatefulBatchLogic):  # type: ignore[misc] # its package is not installed where types are checked
    """The facts of one order."""

    def __init__(self, derivation: Derivation, stored: bytes | None) -> None:
        self._derivation = derivation
        self._facts = from_bytes(stored) if stored is not None else OrderFacts()

    def on_batch(self, values: list[Any]) -> tuple[Iterable[Any], bool]:
        """One record for all the events of the order at hand."""
        recorded_us = None
        for message in values:
            position = (message.topic, message.partition, message.offset)
            fact = self._derivation.fact(message.key, message.value, message.headers, position)
            if self._facts.apply(fact) is not Outcome.DUPLICATE:
                recorded_us = fact.recorded_us
        if recorded_us is None:
            return (), self.RETAIN
        key = values[0].key
        value, headers = self._derivation.record(key, self._facts, recorded_us)
        newest = values[-1]
        return (Derived(newest.partition, newest.offset, KafkaSinkMessage(key, value, headers=headers)),), self.RETAIN

    def snapshot(self) -> bytes:
        """The facts as the recovery store keeps them."""
        return to_bytes(self._facts)


class StatesSink(DynamicSink):  # type: ignore[misc]
    """Bytewax's own sink, and the offsets of what it has flushed."""

    def __init__(self, sink: KafkaSink, plan: dict[str, Any]) -> None:
        self._sink = sink
        self._plan = plan

    def build(self, step_id: str, worker_index: int, worker_count: int) -> StatesSinkPartition:
        """The sink of one worker."""
        return StatesSinkPartition(self._sink.build(step_id, worker_index, worker_count), self._plan)


class StatesSinkPartition(StatelessSinkPartition):  # type: ignore[misc]
    """Writes, flushes, and lets the client commit by the clock."""

    def __init__(self, inner: Any, plan: dict[str, Any]) -> None:
        self._inner = inner
        self._topic = plan["input"]
        self._offsets = Consumer(
            {
                **plan["kafka"],
                "group.id": plan["group"],
                "auto.commit.interval.ms": plan["commit_ms"],
                "enable.auto.offset.store": False,
            }
        )
        # only an assigned partition's offset can be stored; nothing is to be read here
        assigned = [TopicPartition(self._topic, p, OFFSET_END) for p in range(plan["partitions"])]
        self._offsets.assign(assigned)
        self._offsets.pause(assigned)

    def write_batch(self, items: list[Derived]) -> None:
        """Write outputs; when they are flushed, their events count as read."""
        self._inner.write_batch([item.message for item in items])
        reached: dict[int, int] = {}
        for item in items:
            reached[item.partition] = max(reached.get(item.partition, 0), item.offset + 1)
        self._offsets.store_offsets(offsets=[TopicPartition(self._topic, p, o) for p, o in reached.items()])

    def close(self) -> None:
        """Flush and commit."""
        self._inner.close()
        self._offsets.close()


def main() -> None:
    """Run the worker that the plan on the command line describes."""
    plan = json.loads(sys.argv[1])
    interval = timedelta(milliseconds=plan["commit_ms"])
    recovery = None
    if plan.get("recovery"):
        folder = Path(plan["data_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        init_db_dir(folder, 1)
        recovery = RecoveryConfig(folder)
    cli_main(_flow(plan), epoch_interval=interval, recovery_config=recovery)


def _flow(plan: dict[str, Any]) -> Dataflow:
    derivation = Derivation(Path(plan["schemas"]))
    brokers = [plan["kafka"]["bootstrap.servers"]]
    source = KafkaSource(
        brokers,
        [plan["input"]],
        batch_size=POLL_RECORDS_MAX,
        add_config={
            "isolation.level": "read_committed",
            "queued.min.messages": "100000",
            "fetch.wait.max.ms": "50",
        },
    )
    sink = KafkaSink(
        brokers,
        plan["output"],
        add_config={
            "linger.ms": "5",
            "compression.type": "lz4",
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": "500000",
        },
    )
    flow = Dataflow("order-state")
    events = op.key_on("by-order", op.input("events", flow, source), lambda message: message.key.decode())
    states = op.stateful_batch("fold", events, lambda stored: OrderState(derivation, stored))
    op.output("states", op.key_rm("unkeyed", states), StatesSink(sink, plan))
    return flow


if __name__ == "__main__":
    main()
