"""A Faust application on the batch engine."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import faust
from faust.types import StreamT

from streams.engine.batch import RecordBatch
from streams.engine.bound import CRASH_SECONDS_MAX, end_within
from streams.engine.engine import Engine, EngineConfig
from streams.engine.processor import Processor, TimedProcessor

STREAM_BATCHES_MAX = 2
"""Batches Faust may hold beside the transport's own queue; its default of 4096 is meant for single events."""


COLLECT_AFTER = (2_000_000, 50, 100)
"""A batch makes a hundred thousand objects and no cycles; with less, the collector walks them again and again."""


class BatchApp(faust.App):
    """A `faust.App` with the engine its agents call."""

    engine: Engine

    async def crash(self, reason: BaseException) -> None:
        """Stop because of a failure; a stop that hangs in the client library ends the process."""
        end_within("the stop after a failure", CRASH_SECONDS_MAX)
        await super().crash(reason)

    async def on_start(self) -> None:
        """Leave what lives as long as the process out of the garbage collector's rounds, and make these rare."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        await super().on_start()


class _AsRead(faust.Schema[Any, Any]):
    """Hands the batch to the agent as the transport gave it: decoding belongs to the processor."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        return message.value


def create_app(
    config: EngineConfig, processor: Processor | TimedProcessor, topics: Iterable[str], data_dir: Path
) -> BatchApp:
    """An application whose agents, one for each topic, feed `processor` batch by batch.

    Everything Faust would decide by default and get wrong here is set: no automatic topics, no web server, no
    acknowledgements of its own.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    bootstrap = config.kafka_config["bootstrap.servers"].split(",")
    app = BatchApp(
        config.app,
        broker=[f"batch://{address}" for address in bootstrap],
        datadir=str(data_dir),
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        store="memory://",
        stream_wait_empty=False,
        stream_buffer_maxsize=STREAM_BATCHES_MAX,
        consumer_auto_offset_reset="earliest",
        logging_config=None,
    )
    app.engine = Engine(config, processor)
    schema = _AsRead()
    for name in topics:
        # acknowledged by nobody: Faust would keep an interval for each batch and merge them all each time
        _add_agent(app, app.topic(name, schema=schema, acks=False))
    return app


def _add_agent(app: BatchApp, topic: Any) -> None:
    @app.agent(topic, name=f"{app.conf.id}-{topic.get_topic_name()}", concurrency=1)
    async def apply(batches: StreamT[RecordBatch]) -> None:
        async for batch in _unwrapped(batches):
            try:
                await app.engine.process(batch)
            except Exception as error:
                await app.crash(error)
                raise


async def _unwrapped(batches: Any) -> AsyncIterator[RecordBatch]:
    async for batch in batches:
        yield batch
