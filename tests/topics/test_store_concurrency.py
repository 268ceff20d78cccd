"""Several writers at once, each with its own cache."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from domain.command import CommandOutcome, CommandResult
from domain.errors import UnavailableError
from tests.topics.order_commands import START, at, create, life, note, submit
from tests.topics.test_store_commands import code, rows_of
from topics.store import AggregateStore, writing

pytestmark = pytest.mark.stack

T = TypeVar("T")


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool]:
    with ConnectionPool(database, min_size=2, max_size=4, open=True) as opened:
        yield opened


def together(*jobs: Callable[[], T]) -> list[T]:
    """Run jobs in threads that begin at the same moment."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        gate.wait(10)
        return job()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return [f.result(60) for f in [threads.submit(run, job) for job in jobs]]


def test_two_writers_on_one_aggregate_lose_no_version(pool: ConnectionPool, connection: psycopg.Connection) -> None:
    stores = [AggregateStore(pool), AggregateStore(pool)]
    stores[0].handle(create("t:o1", "c0"), START)

    def write(store: AggregateStore, writer: int) -> list[CommandResult]:
        return [store.handle(note("t:o1", f"w{writer}-{n}"), START) for n in range(25)]

    results = together(lambda: write(stores[0], 0), lambda: write(stores[1], 1))

    assert {r.outcome for rs in results for r in rs} == {CommandOutcome.ACCEPTED}
    assert sorted(r.version for rs in results for r in rs) == list(range(2, 52))
    assert stores[0].verify_chain("t:o1") == 51
    in_order = connection.execute(
        "SELECT e.version FROM aggregates.outbox AS o JOIN aggregates.events AS e USING (event_id) "
        "WHERE o.key = 't:o1' ORDER BY o.seq"
    ).fetchall()
    assert [version for (version,) in in_order] == list(range(1, 52))


def test_a_cache_that_is_behind_decides_on_the_newest_state(pool: ConnectionPool) -> None:
    behind, ahead = AggregateStore(pool), AggregateStore(pool)
    behind.handle(create("t:o1", "c1"), START)
    ahead.handle(submit("t:o1", "c2"), START)

    refused = behind.handle(submit("t:o1", "c3"), START)

    assert (code(refused), refused.version) == ("STATE_ILLEGAL_TRANSITION", 2)


def test_one_command_sent_twice_at_once_acts_once(pool: ConnectionPool, connection: psycopg.Connection) -> None:
    store = AggregateStore(pool)
    for n in range(10):
        results = together(
            partial(store.handle, create(f"t:o{n}", f"c{n}"), START),
            partial(store.handle, create(f"t:o{n}", f"c{n}"), START),
        )
        assert Counter(r.outcome for r in results) == Counter({CommandOutcome.ACCEPTED: 1, CommandOutcome.REPLAYED: 1})
    assert rows_of(connection, "events") == 20


def test_one_key_sent_twice_at_once_makes_one_order(pool: ConnectionPool) -> None:
    store = AggregateStore(pool)
    for n in range(10):
        results = together(
            partial(store.handle, create(f"t:a{n}", f"a{n}", key=f"k{n}"), START),
            partial(store.handle, create(f"t:b{n}", f"b{n}", key=f"k{n}"), START),
        )
        assert {r.outcome for r in results} == {CommandOutcome.ACCEPTED, CommandOutcome.REPLAYED}
        assert len({r.aggregate_id for r in results}) == 1


def test_two_batches_in_opposite_order_both_end(pool: ConnectionPool) -> None:
    commands = [c for n in range(8) for c in life(f"t:o{n}")]

    def send(batch: Sequence[int]) -> list[CommandResult]:
        return AggregateStore(pool).handle_many(at(START, [c for n in batch for c in life(f"t:o{n}")]))

    there, back = together(lambda: send(range(8)), lambda: send(range(7, -1, -1)))

    assert Counter(r.outcome.value for r in there + back) == Counter(
        {"ACCEPTED": len(commands), "REPLAYED": len(commands)}
    )


def test_contention_without_end_is_an_error(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch, connection: psycopg.Connection
) -> None:
    def always_late(*_: object) -> None:
        raise psycopg.errors.UniqueViolation

    monkeypatch.setattr(writing, "append_events", always_late)
    with pytest.raises(UnavailableError, match="quicker 12 times"):
        AggregateStore(pool).handle(create("t:o1", "c1"), START)
    assert rows_of(connection, "outbox") == 0
