"""The same derivation as Faust's documentation would have it: an agent, a table, one event at a time."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faust
from faust.types import StreamT

from avro.codec import decode, encode_body, frame
from avro.essentials import essentials
from avro.registry import Registry
from domain.order_state.build import build
from domain.order_state.facts import Fact, OrderFacts, Outcome
from domain.order_state.policy import REFERENCE_V1
from streams.order_state import content_hash
from streams.order_state_stored import from_bytes, to_bytes
from topics.catalogue import ORDER_STATE


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
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=0.1,
        logging_config=None,
    )
    _bind(app, plan)
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False, quiet=True).execute_from_commandline()


def _bind(app: faust.App, plan: dict[str, Any]) -> None:
    registry = Registry(plan["registry_url"])
    source = app.topic(plan["input"], key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
    output = app.topic(plan["output"], key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
    table = app.Table("orders", partitions=plan["partitions"], key_type=str, value_type=bytes)
    schema_id = registry.id_for(ORDER_STATE.name, "OrderState")

    @app.agent(source, concurrency=1)
    async def derive(events: StreamT[Any]) -> None:
        async for event in events.events():
            message = event.message
            data = decode(event.value, registry.schema_for_id)
            headers = list(message.headers or ())
            seen = essentials(headers)
            key = event.key.decode()
            stored = table.get(key)
            facts = from_bytes(stored) if stored else OrderFacts()
            fact = Fact(
                data.record.rpartition(".")[2],
                seen.aggregate_version,
                seen.event_id,
                content_hash(event.value, seen.event_id),
                seen.time_us,
                seen.recorded_us,
                data.data,
                message.topic,
                message.partition,
                message.offset,
            )
            if facts.apply(fact) is Outcome.DUPLICATE:
                continue
            table[key] = to_bytes(facts)
            record = build(key, facts, REFERENCE_V1, datetime.now(UTC))
            await output.send(key=event.key, value=frame(schema_id, encode_body("OrderState", record)))


if __name__ == "__main__":
    main()
