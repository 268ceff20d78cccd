"""The engine beside a transaction that hangs, and at the smallest batches there are."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from compose.verify.raw import read_all
from domain.errors import UnavailableError
from streams.engine.limits import Limits
from streams.engine.restore import restore
from streams.engine.transaction import TransactionalProducer
from streams.testing import Record, batch
from tests.streams.test_engine import Bench, bench

if TYPE_CHECKING:
    from tests.streams.platform import Platform

__all__ = ["bench"]
pytestmark = pytest.mark.stack

KEYS = 7


def test_ten_thousand_batches_of_one_record_end_as_one_batch_of_ten_thousand(platform: Platform) -> None:
    records = [Record(b"k%d" % (number % KEYS), b"%d" % number) for number in range(10_000)]
    ends = []
    for size in (1, len(records)):
        made = Bench(platform.endpoints)

        async def life(made: Bench = made, size: int = size) -> None:
            engine = await made.adopted()
            for start in range(0, len(records), size):
                await engine.process(batch(records[start : start + size], topic=made.source, offset=start))
                if start % 1000 == 0:
                    await engine.commit()
            await engine.release(lost=False)

        asyncio.run(life())
        counts = restore(made.config, made.changelog, 0).position.counts[made.source].to_plain()
        published = [(r.key, r.value) for r in read_all(made.config, made.out)]
        ends.append((made.kept(), made.next_offset(), counts, published))
        made.group.close()
    assert ends[0] == ends[1]
    assert len(ends[0][0]) == KEYS
    assert ends[0][1] == len(ends[0][3]) == len(records)


@pytest.fixture
def ghost(bench: Bench) -> TransactionalProducer:
    """A worker that died with its transaction open on the changelog."""
    dead = TransactionalProducer(bench.config, f"ghost-{bench.tag}", Limits().producer_config())
    dead.start()
    dead.begin()
    dead.produce(bench.changelog, b"k0", b"never committed", partition=0)
    dead._producer.flush(10)
    return dead


def test_a_transaction_that_hangs_on_the_changelog_fails_the_restore_after_its_deadline(
    bench: Bench, ghost: TransactionalProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.engine.restore.TRANSACTION_TIMEOUT_MS", 500)
    began = time.monotonic()
    with pytest.raises(UnavailableError, match=r"at 0 of 1: a transaction hangs\. .*abort the hanging"):
        restore(bench.config, bench.changelog, 0)
    assert 1.0 <= time.monotonic() - began < 10
    assert asyncio.run(ghost.abort())


def test_a_restore_waits_for_the_end_of_an_open_transaction_and_takes_nothing_of_it(
    bench: Bench, ghost: TransactionalProducer
) -> None:
    async def life() -> None:
        engine = bench.engine()
        restoring = asyncio.create_task(asyncio.to_thread(engine.restore, [0]))
        await asyncio.sleep(1.5)
        assert not restoring.done(), "it waits"
        assert await ghost.abort()
        await engine.adopt(1, await restoring)
        await engine.process(bench.batch(0, b"a"))
        await engine.release(lost=False)

    asyncio.run(life())
    assert bench.kept() == {b"k0": b"a"}
