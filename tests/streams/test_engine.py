"""The engine on a real broker: what a failure leaves behind is never committed."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from compose.chaos.parts import Parts
from compose.verify.raw import read_all
from domain.errors import UnavailableError
from streams.engine.batch import RecordBatch
from streams.engine.engine import Engine, EngineConfig
from streams.engine.processor import Counts, Output, State
from streams.engine.restore import restore
from streams.engine.transaction import ABORT_SECONDS_MAX, COMMIT_SECONDS_MAX
from streams.engine.transport import GIVE_UP_SECONDS_MAX
from streams.testing import Record, batch
from tests.streams.platform import PATIENCE_S, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compose.stack.endpoints import Endpoints
    from streams.engine.restore import Partition
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack

HUGE = b"huge"
AWAY = b"away"
LAG_SECONDS_MAX = 2.0
"""Far above a turn of the loop, also on a machine that does much else; far below any call to a broker that is away."""


class Copying:
    """Keeps each record under its key and publishes it; told by the value when to fail, and how."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        for key, value in zip(given.keys, given.values, strict=True):
            assert key is not None
            state.put(key, value)
            if value == AWAY:
                raise UnavailableError("A part is away.")
            out.append(Output(self._topic, key, b"x" * 20_000_000 if value == HUGE else value, []))
        return Counts(read=len(given), applied=len(given))


class Bench:
    """One engine with topics of its own; `again` is its successor."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.config = endpoints.kafka_config()
        tag = uuid4().hex[:8]
        self.source, self.out, self.dlq, self.changelog = (f"test-{tag}.{n}" for n in ("in", "out", "dlq", "changelog"))
        admin = AdminClient(dict(self.config))
        names = [self.source, self.out, self.dlq, self.changelog]
        for made in admin.create_topics([NewTopic(n, 1, 1) for n in names]).values():
            made.result(20)
        known = admin.list_topics
        eventually(lambda: set(names) <= known(timeout=10).topics.keys(), "the topics are there")
        self.group = Consumer({**self.config, "group.id": f"test-{tag}"})
        self.tag = tag

    def engine(self) -> Engine:
        config = EngineConfig(f"test-{self.tag}", "0", self.config, self.changelog, {self.source: self.dlq})
        made = Engine(config, Copying(self.out))
        made.start()
        made.group_metadata = self.group.consumer_group_metadata()
        return made

    async def adopted(self, epoch: int = 1) -> Engine:
        engine = self.engine()
        await engine.adopt(epoch, engine.restore([0]))
        return engine

    def batch(self, offset: int, *values: bytes, epoch: int = 1) -> RecordBatch:
        records = [Record(b"k%d" % (offset + i), value, []) for i, value in enumerate(values)]
        return batch(records, offset=offset, topic=self.source, epoch=epoch)

    def published(self) -> list[bytes | None]:
        return [r.key for r in read_all(self.config, self.out)]

    def visible(self) -> int:
        """How many records a reader of committed ones is given within a second, a transaction being open."""
        reader = Consumer({**self.config, "group.id": "glance", "isolation.level": "read_committed"})
        try:
            reader.assign([TopicPartition(self.out, 0, OFFSET_BEGINNING)])
            return len(reader.consume(10, 1.0))
        finally:
            reader.close()

    def kept(self) -> dict[bytes, bytes | None]:
        store = restore(self.config, self.changelog, 0).store
        return {k: v for i in range(10) if (v := store.get(k := b"k%d" % i)) is not None}

    def next_offset(self) -> int:
        return restore(self.config, self.changelog, 0).position.offsets.get(self.source, 0)


@pytest.fixture
def bench(platform: Platform) -> Iterator[Bench]:
    made = Bench(platform.endpoints)
    yield made
    made.group.close()


def test_outputs_state_and_position_appear_together(bench: Bench) -> None:
    async def life() -> None:
        engine = await bench.adopted()
        await engine.process(bench.batch(0, b"a", b"b"))
        assert bench.visible() == 0
        await engine.commit()
        assert bench.published() == [b"k0", b"k1"]
        await engine.process(bench.batch(2, b"c"))
        await engine.release(lost=False)

    asyncio.run(life())
    assert bench.published() == [b"k0", b"k1", b"k2"]
    assert bench.kept() == {b"k0": b"a", b"k1": b"b", b"k2": b"c"}
    assert bench.next_offset() == 3


def test_partitions_that_are_lost_take_what_was_not_committed_along(bench: Bench) -> None:
    async def life() -> None:
        engine = await bench.adopted()
        await engine.process(bench.batch(0, b"a"))
        await engine.commit()
        await engine.process(bench.batch(1, b"b"))
        await engine.release(lost=True)

    asyncio.run(life())
    assert bench.published() == [b"k0"]
    assert bench.kept() == {b"k0": b"a"}
    assert bench.next_offset() == 1


def test_a_batch_of_an_earlier_assignment_is_thrown_away(bench: Bench) -> None:
    async def life() -> None:
        engine = await bench.adopted(epoch=2)
        await engine.process(bench.batch(0, b"a", epoch=1))
        await engine.commit()

    asyncio.run(life())
    assert bench.published() == []
    assert bench.next_offset() == 0


@pytest.mark.parametrize("failing", [AWAY, HUGE], ids=["a part is away", "the output does not fit"])
def test_a_batch_that_failed_is_not_committed_by_whoever_stops_the_worker(bench: Bench, failing: bytes) -> None:
    """A state that knows a record whose output never left would call it a duplicate when it is read again."""

    async def life() -> None:
        engine = await bench.adopted()
        await engine.process(bench.batch(0, b"a"))
        await engine.commit()
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, it ends the worker
            await engine.process(bench.batch(1, b"b", failing))
        await engine.commit()
        await engine.release(lost=False)

    asyncio.run(life())
    assert bench.kept() == {b"k0": b"a"}
    assert bench.next_offset() == 1
    assert bench.published() == [b"k0"]


@pytest.mark.parametrize("turns", range(4))
def test_a_commit_whose_caller_is_cancelled_is_finished_before_anything_else(bench: Bench, turns: int) -> None:
    """The worker is told to stop while the clock's commit is under way."""

    async def life() -> None:
        engine = await bench.adopted()
        await engine.process(bench.batch(0, b"a"))
        commit = asyncio.create_task(engine.commit())
        for _ in range(turns):
            await asyncio.sleep(0)
        commit.cancel()
        with suppress(asyncio.CancelledError):
            await commit
        await engine.process(bench.batch(1, b"b"))
        await engine.release(lost=False)

    asyncio.run(life())
    assert bench.kept() == {b"k0": b"a", b"k1": b"b"}
    assert bench.published() == [b"k0", b"k1"]
    assert bench.next_offset() == 2


def test_a_successor_finishes_what_a_dead_worker_left_open_and_fences_it(bench: Bench) -> None:
    async def life() -> None:
        dead = await bench.adopted()
        await dead.process(bench.batch(0, b"a"))
        await dead.commit()
        await dead.process(bench.batch(1, b"zombie"))
        successor = await bench.adopted()
        assert successor.next_offset(bench.source, 0) == 1
        await successor.process(bench.batch(1, b"b"))
        await successor.commit()
        with pytest.raises(UnavailableError):
            await dead.commit()

    asyncio.run(life())
    assert bench.kept() == {b"k0": b"a", b"k1": b"b"}
    assert bench.published() == [b"k0", b"k1"]


def test_a_worker_whose_commit_failed_goes_on_from_what_was_committed(bench: Bench) -> None:
    async def life() -> None:
        engine = await bench.adopted()
        await engine.process(bench.batch(0, b"a"))
        await engine.commit()
        await engine.process(bench.batch(1, b"b"))
        bench.engine()  # fences it
        with pytest.raises(UnavailableError):
            await engine.commit()
        await engine.process(bench.batch(2, b"c"))
        await engine.commit()  # applied and committed nothing
        await engine.release(lost=True)
        await engine.adopt(2, engine.restore([0]))
        assert engine.next_offset(bench.source, 0) == 1
        await engine.process(bench.batch(1, b"b", b"c", epoch=2))
        await engine.commit()

    asyncio.run(life())
    assert bench.published() == [b"k0", b"k1", b"k2"]
    assert bench.kept() == {b"k0": b"a", b"k1": b"b", b"k2": b"c"}
    assert bench.next_offset() == 3


def patiently(restore: Callable[[], dict[int, Partition]]) -> dict[int, Partition]:
    """A broker that has just gone on may still be looking for its coordinators; a worker asks again too."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return restore()
        except UnavailableError:
            assert time.monotonic() < deadline, "the broker does not come back"
            time.sleep(0.5)


def test_a_broker_that_does_not_answer_holds_up_neither_the_loop_nor_what_comes_after(
    bench: Bench, platform: Platform
) -> None:
    """The time of a commit, its repetitions included, and of the abort are bounded; what became of it is asked then."""
    parts = Parts(platform.settings)
    lags: list[float] = []

    async def ticking() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.05)
            lags.append(time.monotonic() - began)

    async def life() -> None:
        engine = await bench.adopted()
        await engine.process(bench.batch(0, b"a"))
        await engine.commit()
        ticks = asyncio.create_task(ticking())
        await engine.process(bench.batch(1, b"b"))
        parts.send("kafka", signal.SIGSTOP)
        try:
            began = time.monotonic()
            await engine.release(lost=False)
        except UnavailableError:
            took = time.monotonic() - began
        else:
            pytest.fail("a commit without a broker")
        finally:
            parts.send("kafka", signal.SIGCONT)
        assert took < COMMIT_SECONDS_MAX + 2 * ABORT_SECONDS_MAX + LAG_SECONDS_MAX < GIVE_UP_SECONDS_MAX / 2
        ticks.cancel()
        await engine.adopt(2, await asyncio.to_thread(patiently, lambda: engine.restore([0])))
        first = engine.next_offset(bench.source, 0)
        assert first in (1, 2), "whether it was committed shows only now"
        await engine.process(bench.batch(first, *[b"b", b"c"][first - 1 :], epoch=2))
        await engine.commit()

    asyncio.run(life())
    assert max(lags) < LAG_SECONDS_MAX
    assert bench.published() == [b"k0", b"k1", b"k2"]
    assert bench.kept() == {b"k0": b"a", b"k1": b"b", b"k2": b"c"}
