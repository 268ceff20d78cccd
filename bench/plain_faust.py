"""The same derivation as Faust's documentation would have it: an agent that takes some events, a table, a topic.

The agent takes what has come within a moment and writes each order's entry and state once for it: that is
the best Faust's own API offers. The table's values are the bytes the platform stores, because Faust's own JSON would
cost it more.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import faust

from bench.derivation import Derivation
from domain.order_state.facts import OrderFacts, Outcome
from streams.order_state_stored import from_bytes, to_bytes

TAKEN_MAX = 1000
"""Events of one take; it is acknowledged as a whole."""
TAKE_MS = 500
"""How long a take may wait, unless the plan says `take_ms`: at Faust's pace a shorter one would hold too few events to
come to as few outputs as the other sides."""
BATCH_BYTES_MAX = 1_000_000
"""As in the other clients; Faust's default of 16 KiB holds about twenty records."""


def main() -> None:
    """Run the worker that the plan on the command line describes."""
    plan = json.loads(sys.argv[1])
    data_dir = Path(plan["data_dir"])
    data_dir.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        plan["group"],
        broker=f"kafka://{plan['kafka']['bootstrap.servers']}",
        datadir=str(data_dir),
        autodiscover=False,
        web_enabled=False,
        topic_partitions=plan["partitions"],
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=plan["commit_ms"] / 1000,
        broker_commit_every=TAKEN_MAX,
        stream_buffer_maxsize=4 * TAKEN_MAX,
        producer_linger=0.005,
        producer_max_batch_size=BATCH_BYTES_MAX,
        logging_config=None,
    )
    _bind(app, plan)
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False, quiet=True).execute_from_commandline()


def _bind(app: faust.App, plan: dict[str, Any]) -> None:
    derivation = Derivation(Path(plan["schemas"]))
    source, output = (app.topic(plan[end], schema=_raw()) for end in ("input", "output"))
    # a take mixes partitions, so the key decides where the changelog has an entry, not the event at hand
    table = app.Table("orders", partitions=plan["partitions"], use_partitioner=True, schema=_raw())

    @app.agent(source, concurrency=1)
    async def derive(events: Any) -> None:
        async for taken in events.take_events(TAKEN_MAX, within=plan.get("take_ms", TAKE_MS) / 1000):
            orders: dict[bytes, OrderFacts] = {}
            changed: dict[bytes, int] = {}
            for event in taken:
                message, key = event.message, event.key
                position = (message.topic, message.partition, message.offset)
                fact = derivation.fact(key, event.value, list(message.headers or ()), position)
                facts = orders.get(key)
                if facts is None:
                    stored = table.get(key)
                    facts = orders[key] = from_bytes(stored) if stored else OrderFacts()
                if facts.apply(fact) is not Outcome.DUPLICATE:
                    changed[key] = fact.recorded_us
            for key, recorded_us in changed.items():
                facts = orders[key]
                table[key] = to_bytes(facts)
                value, headers = derivation.record(key, facts, recorded_us)
                await output.send(key=key, value=value, headers=headers)


def _raw() -> faust.Schema[Any, Any]:
    """Bytes as they are; one for each topic, because a table alters the one it is given."""
    return faust.Schema(key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


if __name__ == "__main__":
    main()
