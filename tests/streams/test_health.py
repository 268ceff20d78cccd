"""Ready and live, judged from what the engine tells: every way to be ill, and that being busy is none."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from streams.engine.backlog import RECORD_BYTES, Backlog
from streams.engine.batch import RecordBatch
from streams.engine.health import LIVE_SECONDS, Check, Phase, live, ready
from streams.engine.limits import MEBIBYTE, Limits
from streams.engine.observer import Observer
from streams.engine.processor import Counts
from streams.engine.step import Step

TOPIC = "owner"
HERE = (TOPIC, 0)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """An observer with a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.observer = Observer("app", Backlog(Limits()), Limits(), self.clock)

    def running(self, position: int = 0, end: int = 0) -> Worker:
        self.observer.reassigned()
        self.observer.assigned(1, {HERE: position}, {0: 0})
        self.observer.enter(Phase.RUNNING)
        self.observer.ends({HERE: end})
        return self

    def wait(self, seconds: float, *, beating: bool = True) -> Worker:
        self.clock.now += seconds
        if beating:
            self.observer.beat("event loop")
            self.observer.beat("polling thread")
        return self

    def apply(self, first: int, count: int = 1) -> Worker:
        self.observer.applied(batch(first, count), Step([], [], Counts(count, count)), 0.01)
        return self

    def commit(self, position: int) -> Worker:
        self.observer.committed({HERE: position}, {0: 1}, 0.01)
        return self

    @property
    def ready(self) -> Check:
        return ready(self.observer.vitals())

    @property
    def ill(self) -> list[str]:
        return [check.name for check in live(self.observer.vitals(), self.clock.now) if not check.holds]


def batch(first: int, count: int, epoch: int = 1) -> RecordBatch:
    span = range(first, first + count)
    nothing: list[bytes | None] = [None] * count
    return RecordBatch(TOPIC, 0, epoch, span, span, nothing, nothing, [[]] * count)


def test_a_worker_is_ready_when_its_partitions_are_restored_and_while_it_has_them() -> None:
    worker = Worker()
    assert not worker.ready.holds
    worker.observer.reassigned()
    assert not worker.ready.holds
    assert "state" in worker.ready.detail
    worker.running()
    assert worker.ready.holds
    for phase in (Phase.REBALANCING, Phase.FAILED, Phase.STOPPING):
        worker.observer.enter(phase)
        assert not worker.ready.holds
        assert worker.ready.remediation


def test_since_is_when_it_became_so() -> None:
    worker = Worker().wait(5)
    worker.running()
    since = worker.clock.now
    worker.wait(60)
    assert worker.ready.since == since


def test_a_worker_without_partitions_stands_by_and_is_ready() -> None:
    worker = Worker()
    worker.observer.reassigned()
    worker.observer.assigned(1, {}, {})
    worker.observer.enter(Phase.RUNNING)
    assert worker.ready.holds
    assert "stands by" in worker.ready.detail
    assert worker.wait(1000).ill == []


def test_an_idle_worker_is_live_for_ever() -> None:
    worker = Worker().running(position=7, end=7).wait(10_000)
    assert worker.ill == []


def test_a_worker_that_catches_up_is_live_however_far_behind() -> None:
    worker = Worker().running(position=0, end=1_000_000)
    for position in range(1, 50):
        worker.wait(LIVE_SECONDS - 1).apply(position - 1).commit(position)
        assert worker.ill == []
    assert sum(worker.observer.vitals().lag.values()) == 1_000_000 - 49


def test_records_that_wait_without_a_commit_make_it_hung() -> None:
    worker = Worker().running(position=5, end=5).wait(500)
    worker.observer.ends({HERE: 9})
    assert worker.wait(LIVE_SECONDS).ill == []
    assert worker.wait(1).ill == ["commits advance"]
    worker.apply(5, 4).commit(9)
    assert worker.wait(1000).ill == []


def test_what_was_applied_and_never_committed_makes_it_hung_even_if_the_end_is_unknown() -> None:
    worker = Worker().running(position=5, end=5).apply(5, 2)
    assert worker.wait(LIVE_SECONDS + 1).ill == ["commits advance"]


def test_commits_that_move_no_position_are_no_progress() -> None:
    worker = Worker().running(position=5, end=9)
    for _ in range(4):
        worker.wait(LIVE_SECONDS / 2).commit(5)
    assert worker.ill == ["commits advance"]


@pytest.mark.parametrize("silent", ["event loop", "polling thread"])
def test_a_thread_that_is_not_seen_makes_it_hung(silent: str) -> None:
    worker = Worker().running().wait(1)
    worker.wait(LIVE_SECONDS + 1, beating=False)
    worker.observer.beat({"event loop": "polling thread", "polling thread": "event loop"}[silent])
    assert worker.ill == [silent]


def test_restoring_takes_what_it_takes() -> None:
    worker = Worker()
    worker.observer.reassigned()
    assert worker.wait(10_000).ill == []


def test_markers_of_transactions_are_no_lag() -> None:
    worker = Worker().running(position=3, end=10)
    worker.observer.read_to_end(HERE, handed=7, end=10)
    assert sum(worker.observer.vitals().lag.values()) == 7, "records 3 to 6 are not committed"
    worker.apply(3, 4).commit(7)
    assert sum(worker.observer.vitals().lag.values()) == 0
    worker.observer.ends({HERE: 12})
    assert sum(worker.observer.vitals().lag.values()) == 2


def test_a_new_assignment_forgets_the_old_one() -> None:
    worker = Worker().running(position=0, end=100).wait(5)
    worker.observer.enter(Phase.REBALANCING)
    worker.observer.released()
    assert worker.observer.vitals().lag == {}
    assert worker.wait(1000).ill == []


def test_only_the_stop_or_a_new_beginning_is_news_after_a_failure() -> None:
    worker = Worker().running()
    worker.observer.enter(Phase.FAILED)
    worker.observer.enter(Phase.REBALANCING)
    assert worker.observer.vitals().phase is Phase.FAILED
    worker.observer.enter(Phase.RESTORING)
    assert worker.observer.vitals().phase is Phase.RESTORING
    worker.observer.enter(Phase.STOPPING)
    assert worker.observer.vitals().phase is Phase.STOPPING


def test_the_backlog_has_room_by_number_and_by_bytes() -> None:
    by_number = Backlog(Limits(backlog_mb=100, backlog_batches=2))
    assert by_number.admit(batch(0, 1), 1, 0)
    assert by_number.admit(batch(1, 1), 1, 0)
    assert not by_number.admit(batch(2, 1), 1, 0)
    by_number.done(batch(0, 1))
    assert by_number.admit(batch(2, 1), 1, 0)
    by_bytes = Backlog(Limits(backlog_mb=1))
    assert by_bytes.admit(batch(0, 1), 10 * MEBIBYTE, 0), "larger than all of it, and alone"
    assert not by_bytes.admit(batch(1, 1), 1, 0)
    by_bytes.done(batch(0, 1))
    assert by_bytes.admit(batch(1, 1), MEBIBYTE // 2, 0)
    assert not by_bytes.admit(batch(2, 1), MEBIBYTE // 2, 0), "the objects count as well"
    assert by_bytes.bytes == MEBIBYTE // 2 + RECORD_BYTES


def test_the_backlog_of_an_assignment_ends_with_it() -> None:
    backlog = Backlog(Limits(backlog_batches=1))
    assert backlog.admit(batch(0, 1), 5, 0)
    backlog.clear()
    assert backlog.admit(batch(0, 1, epoch=2), 7, 0)
    backlog.done(batch(0, 1))
    assert len(backlog) == 1, "a batch of the old assignment makes no room in the new one"


def test_whoever_waits_for_room_is_woken() -> None:
    backlog = Backlog(Limits(backlog_batches=1))
    assert backlog.admit(batch(0, 1), 5, 0)
    timer = threading.Timer(0.05, backlog.done, [batch(0, 1)])
    timer.start()
    assert backlog.admit(batch(1, 1), 5, 20)
    timer.join()


def test_the_ceiling_is_the_sum_of_the_bounds() -> None:
    limits = Limits(fetch_queue_mb=8, fetch_mb=2, backlog_mb=16, send_queue_mb=17)
    assert limits.ceiling_bytes == (2 * (8 + 2) + 16 + 17) * MEBIBYTE
    assert limits.consumer_config()["queued.max.messages.kbytes"] == 8 * 1024
    assert limits.consumer_config()["fetch.max.bytes"] == 2 * MEBIBYTE
    assert limits.producer_config()["queue.buffering.max.kbytes"] == 17 * 1024
