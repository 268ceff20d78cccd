"""What the engine refuses before it touches a broker: lost batches, reserved keys, overlong reasons."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.errors import IntegrityError, RecordError
from streams import testing
from streams.engine.app import create_app
from streams.engine.batch import RecordBatch
from streams.engine.deadletter import REASON_BYTES_MAX, dead_letter
from streams.engine.engine import Engine, EngineConfig
from streams.engine.position import POSITION_KEY, Position
from streams.engine.processor import Counts, Output, State
from streams.engine.restore import Partition
from streams.engine.store import MemoryStore
from streams.testing import Record
from topics.catalogue import PRODUCT_ORDERS

NOWHERE = {"bootstrap.servers": "127.0.0.1:9"}


class Counting:
    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        return Counts(read=len(batch), applied=len(batch))


def batch(first: int, count: int, follows: int | None) -> RecordBatch:
    return testing.batch([Record(None, None)] * count, topic=PRODUCT_ORDERS.name, offset=first, follows=follows)


def engine_at(offset: int) -> Engine:
    config = EngineConfig("guarded", "0", NOWHERE, "changelog", {PRODUCT_ORDERS.name: "dead-letters"})
    engine = Engine(config, Counting())
    position = Position({PRODUCT_ORDERS.name: offset})
    asyncio.run(engine.adopt(1, {0: Partition(MemoryStore(), position, position.copy())}))
    return engine


@pytest.mark.parametrize("follows", [3, 9])
def test_a_batch_that_does_not_follow_the_state_stops_the_worker(follows: int) -> None:
    engine = engine_at(7)
    with pytest.raises(IntegrityError, match=f"follows offset {follows}, the state is at 7"):
        asyncio.run(engine.process(batch(follows, 2, follows)))


def test_a_batch_of_an_earlier_assignment_is_thrown_away_without_a_word() -> None:
    engine = engine_at(7)
    asyncio.run(engine.process(replace(batch(3, 2, 3), epoch=0)))
    assert engine.next_offset(PRODUCT_ORDERS.name, 0) == 7


def test_keys_of_the_engine_are_refused() -> None:
    with pytest.raises(RecordError) as caught:
        MemoryStore().put(POSITION_KEY, b"facts")
    assert caught.value.code == "RESERVED_KEY"


def test_a_reason_that_quotes_the_record_is_cut() -> None:
    error = RecordError("BAD_HEADERS", "x" * 3_000_000, stage="decode")
    letter = dead_letter("dead-letters", batch(0, 1, None), "guarded", error, datetime.now(UTC))
    assert len(dict(letter.headers)["dlq_error_message"]) == REASON_BYTES_MAX


def test_faust_acknowledges_nothing(tmp_path: Path) -> None:
    config = EngineConfig("guarded", "0", NOWHERE, "changelog", {PRODUCT_ORDERS.name: "dead-letters"})
    app = create_app(config, Counting(), [PRODUCT_ORDERS.name], tmp_path / "faust")
    (agent,) = app.agents.values()
    assert agent.channel.acks is False
