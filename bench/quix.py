"""The same derivation in Quix Streams: a stateful step for each event, and a sink that writes at each checkpoint.

Quix has no step that sees a batch, and `to_topic` writes an output for every event. What it has is the sink, which is
flushed inside each checkpoint before the state's changelog: this one keeps the last facts of each order and writes its
record once. It writes through the application's own producer, which is no part of Quix's documented surface, because
only so are the outputs in the checkpoint's transaction under exactly once; a producer of its own would lose that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from quixstreams import Application, message_context
from quixstreams.sinks.base import BaseSink
from quixstreams.state.memory import MemoryStore
from quixstreams.state.rocksdb import RocksDBStore

from bench.derivation import Derivation
from domain.order_state.facts import OrderFacts, Outcome
from streams.order_state_stored import from_bytes, to_bytes

_FACTS = "facts"


class LastStates(BaseSink):  # type: ignore[misc] # its package is not installed where types are checked
    """Writes the record of each order a checkpoint has changed."""

    def __init__(self, producer: Any, topic: str, derivation: Derivation) -> None:
        super().__init__()
        self._producer = producer
        self._topic = topic
        self._derivation = derivation
        self._changed: dict[bytes, tuple[OrderFacts, int]] = {}

    def add(self, value: tuple[OrderFacts, int], key: bytes, *_: Any, **__: Any) -> None:
        """Take the newest facts of an order."""
        self._changed[key] = value

    def flush(self) -> None:
        """Write what has changed; called by the checkpoint, which then flushes the producer."""
        for key, (facts, recorded_us) in self._changed.items():
            value, headers = self._derivation.record(key, facts, recorded_us)
            self._producer.produce(self._topic, value, key, headers)
        self._changed.clear()

    def on_paused(self) -> None:
        """Forget what will be read again."""
        self._changed.clear()


def main() -> None:
    """Run the worker that the plan on the command line describes."""
    plan = json.loads(sys.argv[1])
    producer = {"linger.ms": 5, "compression.type": "lz4", "partitioner": "murmur2_random", "log_level": 3}
    if plan["guarantee"] == "exactly-once":
        producer |= {"retry.backoff.ms": 5, "queue.buffering.max.messages": 500_000}
    app = Application(
        broker_address=plan["kafka"]["bootstrap.servers"],
        consumer_group=plan["group"],
        auto_offset_reset="earliest",
        commit_interval=plan["commit_ms"] / 1000,
        processing_guarantee=plan["guarantee"],
        state_dir=Path(plan["data_dir"]),
        consumer_poll_timeout=plan["commit_ms"] / 1000,
        consumer_extra_config={"queued.min.messages": 100_000, "fetch.wait.max.ms": 50},
        producer_extra_config=producer,
        loglevel="WARNING",
    )
    _bind(app, plan)
    app.run()


def _bind(app: Any, plan: dict[str, Any]) -> None:
    derivation = Derivation(Path(plan["schemas"]))
    source = app.topic(plan["input"], key_deserializer="bytes", value_deserializer="bytes")
    events = app.dataframe(source)
    store = MemoryStore if plan["store"] == "memory" else RocksDBStore
    events.register_store(store_type=store)

    def fold(value: bytes, key: bytes, _: int, headers: Any, state: Any) -> tuple[OrderFacts, int] | None:
        place = message_context()
        fact = derivation.fact(key, value, headers, (place.topic, place.partition, place.offset))
        stored = state.get_bytes(_FACTS)
        facts = from_bytes(stored) if stored else OrderFacts()
        if facts.apply(fact) is Outcome.DUPLICATE:
            return None
        state.set_bytes(_FACTS, to_bytes(facts))
        return facts, fact.recorded_us

    changed = events.apply(fold, stateful=True, metadata=True).filter(lambda value: value is not None)
    changed.sink(LastStates(app._producer, plan["output"], derivation))  # noqa: SLF001 - see the module's description


if __name__ == "__main__":
    main()
