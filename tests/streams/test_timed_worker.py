"""Timers on a real broker: once, after completeness, whoever dies, stalls or stays silent."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from avro.moments import microseconds
from compose.stack.guarded import GuardedProcess, python_path
from compose.verify.accounting import positions
from compose.verify.raw import Raw as InTopic
from compose.verify.raw import read_all
from domain.errors import ConfigurationError
from streams.clock import LIVE
from streams.engine.copartition import partitions_of, require_equal_counts
from streams.engine.position import Position
from streams.engine.replay import replay
from streams.engine.ticks import publish_tick
from streams.engine.timers import TIMER_PREFIX
from streams.engine.watermark import is_watermark
from tests.streams.expecting import SECOND_US, Expecting, answered, asked
from tests.streams.platform import eventually, told_on_failure
from tests.streams.timed_worker import Topics
from tests.streams.wire import NOW, Raw, batch
from topics.admin import admin_client

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack

PARTITIONS = 2
ROOT = Path(__file__).resolve().parents[2]


class World:
    """Topics of one test, a way to publish, and workers to be started, killed and stopped."""

    def __init__(self, endpoints: Endpoints, folder: Path) -> None:
        self.kafka = endpoints.kafka_config()
        self.tag = uuid4().hex[:8]
        self.topics = Topics(self.tag)
        self.folder = folder
        made = admin_client(self.kafka).create_topics([NewTopic(n, PARTITIONS, 1) for n in self.topics.all])
        for future in made.values():
            future.result(20)
        self.producer = Producer({**self.kafka, "partitioner": "murmur2_random", "linger.ms": 0})

    def worker(self, role: str = "owner") -> GuardedProcess:
        command = [sys.executable, "-m", "tests.streams.timed_worker", role, self.kafka["bootstrap.servers"], self.tag]
        return GuardedProcess(
            [*command, str(self.folder / role)],
            log_path=self.folder / f"{role}.log",
            env={**os.environ, "PYTHONPATH": python_path(ROOT)},
            cwd=ROOT,
            stop_timeout_s=20.0,
        )

    def eventually(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until it holds; the workers' logs are shown when it does not."""
        with told_on_failure(*sorted(self.folder.glob("*.log"))):
            eventually(holds, what)

    def warm(self, key: bytes = b"acme:warm", joined: bytes = b"acme:warm") -> None:
        """Return when the workers fire timers: what a test then waits for does not include their start."""
        self.publish(asked(key, 1, 0, 0))
        self.eventually(lambda: "MISSING" in self.statuses(joined), "the workers have started")

    def publish(self, *facts: Raw) -> None:
        for fact in facts:
            self.producer.produce(self.topics.source, key=fact.key, value=fact.value, headers=list(fact.headers))
        assert self.producer.flush(20) == 0

    def said(self, key: bytes) -> list[dict[str, Any]]:
        """Every record about a key, oldest first."""
        return [orjson.loads(r.value or b"") for r in read_all(self.kafka, self.topics.out) if r.key == key]

    def statuses(self, key: bytes) -> list[str]:
        return [record["status"] for record in self.said(key)]

    def positions(self) -> dict[int, Position]:
        return positions(read_all(self.kafka, self.topics.changelog))

    def timer_is_kept(self, key: bytes) -> bool:
        newest = {r.key: r.value for r in read_all(self.kafka, self.topics.changelog)}
        return newest.get(TIMER_PREFIX + key + b"\0answer") is not None

    def verified(self, source: str | None = None) -> None:
        """Facts folded afresh and deadlines fired up to the recorded watermark say what the worker said last."""
        facts = defaultdict[int, list[InTopic]](list)
        for record in read_all(self.kafka, source or self.topics.source):
            if not is_watermark(record.key):
                facts[record.partition].append(record)
        expected: dict[bytes, Any] = {}
        for partition, position in self.positions().items():
            given = batch([Raw(r.key, r.value, r.headers) for r in facts[partition]])
            replayed = replay(Expecting(self.topics.out), [given], NOW, position.watermark)
            expected |= {o.key: o.value for o in replayed.outputs}
        assert {r.key: r.value for r in read_all(self.kafka, self.topics.out)} == expected


@pytest.fixture
def world(stack: Endpoints, tmp_path: Path) -> World:
    return World(stack, tmp_path)


def now_us() -> int:
    return microseconds(datetime.now(UTC))


def test_a_worker_killed_between_setting_and_firing_fires_once_without_any_traffic(world: World) -> None:
    key = b"acme:1"
    worker = world.worker()
    with worker:
        world.warm()
        begun = now_us()
        world.publish(asked(key, 1, begun, 12 * SECOND_US), answered(b"acme:2", 1, begun))
        world.eventually(lambda: world.timer_is_kept(key), "the timer is in the changelog")
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
        assert world.statuses(key) == ["WAITING"]
        assert now_us() < begun + 12 * SECOND_US, "the test was too slow to show anything"
        worker.start()
        world.eventually(lambda: "MISSING" in world.statuses(key), "the timer fires")
        assert now_us() > begun + 12 * SECOND_US
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
        worker.start()
        world.publish(asked(b"acme:3", 1, begun, 0))
        world.eventually(lambda: "MISSING" in world.statuses(b"acme:3"), "a deadline that is past fires at once")
    assert world.statuses(key) == ["WAITING", "MISSING"]
    assert world.said(key)[-1]["missedAt"] == begun + 12 * SECOND_US
    assert sum(p.fired for p in world.positions().values()) == 3
    assert not world.timer_is_kept(key)
    world.verified()


def test_a_fact_that_waits_in_the_log_while_the_worker_is_away_suppresses_the_firing(world: World) -> None:
    key = b"acme:1"
    with world.worker():
        world.warm()
        begun = now_us()
        world.publish(asked(key, 1, begun, 6 * SECOND_US))
        world.eventually(lambda: world.timer_is_kept(key), "the timer is in the changelog")
    world.publish(answered(key, 2, begun + SECOND_US))
    while now_us() < begun + 7 * SECOND_US:
        time.sleep(0.1)
    with world.worker():
        world.eventually(lambda: "ANSWERED" in world.statuses(key), "the answer is read")
        time.sleep(1)
    assert "MISSING" not in world.statuses(key)
    world.verified()


def test_a_source_that_holds_a_fact_back_does_not_let_its_absence_be_believed(world: World) -> None:
    """An open transaction of the owner is the outage that can be staged: the answer lies there and cannot be read."""
    key = b"acme:1"
    owner = Producer(
        {
            **world.kafka,
            "partitioner": "murmur2_random",
            "transactional.id": world.tag,
            "transaction.timeout.ms": 60_000,
        }
    )
    owner.init_transactions(20)
    with world.worker():
        begun = now_us()
        fact = answered(key, 2, begun + SECOND_US)
        owner.begin_transaction()
        owner.produce(world.topics.source, key=key, value=fact.value, headers=list(fact.headers))
        owner.flush(10)
        other = next(k for k in (b"acme:%d" % i for i in range(99)) if partitions_of([k], 2) != partitions_of([key], 2))
        world.publish(asked(other, 1, begun, 2 * SECOND_US))
        world.eventually(lambda: "MISSING" in world.statuses(other), "the other partition goes on")
        (here,) = partitions_of([key], 2)
        held = world.positions().get(here, Position()).watermark.get(LIVE, 0)
        assert held < begun + 2 * SECOND_US
        world.publish(asked(key, 1, begun, 2 * SECOND_US))
        time.sleep(1)
        assert world.statuses(key) == []
        owner.commit_transaction(20)
        world.eventually(lambda: "ANSWERED" in world.statuses(key), "the answer is read")
        time.sleep(1)
    assert "MISSING" not in world.statuses(key)
    world.verified()


def test_a_key_another_hash_put_elsewhere_is_a_dead_letter_and_gets_no_second_state(world: World) -> None:
    key = b"acme:1"
    (right,) = partitions_of([key], PARTITIONS)
    fact = asked(key, 1, 0, 0)
    with world.worker():
        world.producer.produce(world.topics.source, fact.value, key, 1 - right, headers=list(fact.headers))
        world.producer.flush(10)
        world.eventually(lambda: bool(list(read_all(world.kafka, world.topics.dlq_source))), "it is dead-lettered")
        world.publish(asked(key, 2, 0, 0))
        world.eventually(lambda: "MISSING" in world.statuses(key), "the right one is applied")
    (letter,) = read_all(world.kafka, world.topics.dlq_source)
    assert (letter.key, letter.value) == (key, fact.value)
    assert dict(letter.headers)["dlq_error_code"] == b"WRONG_PARTITION"
    assert world.statuses(key) == ["WAITING", "MISSING"]
    counts = world.positions()[1 - right].counts[world.topics.source]
    assert (counts.read, counts.dead_lettered) == (1, 1)


def test_a_simulated_tenant_waits_for_its_own_clock(world: World) -> None:
    key, moment = b"sim-9:1", datetime(2025, 1, 1, tzinfo=UTC)
    with world.worker():
        world.publish(asked(key, 1, microseconds(moment), 60 * SECOND_US), asked(b"acme:1", 1, now_us(), 0))
        world.eventually(lambda: "MISSING" in world.statuses(b"acme:1"), "live time passes")
        publish_tick(world.kafka, world.topics.clock, "sim-9", moment + timedelta(seconds=59))
        publish_tick(world.kafka, world.topics.clock, "sim-8", moment + timedelta(seconds=99))
        time.sleep(1.5)
        assert world.statuses(key) == ["WAITING"]
        publish_tick(world.kafka, world.topics.clock, "sim-9", moment + timedelta(seconds=60))
        world.eventually(lambda: "MISSING" in world.statuses(key), "its own time passes")
    assert world.said(key)[-1]["missedAt"] == microseconds(moment) + 60 * SECOND_US
    world.verified()


def test_what_a_rekeyer_feeds_is_complete_only_as_far_as_the_rekeyer_is(world: World) -> None:
    key, joined = b"acme:order-12", b"acme:21-redro"
    sim, sim_joined = b"sim-9:order-12", b"sim-9:21-redro"
    rekeyer = world.worker("rekeyer")
    with world.worker("joined"):
        with rekeyer:
            world.warm(b"acme:warm", b"acme:mraw")
            begun = now_us()
            world.publish(asked(key, 1, begun, 6 * SECOND_US), asked(sim, 1, begun, 0))
            world.eventually(lambda: world.timer_is_kept(joined), "the fact arrives under its join key")
        world.publish(answered(key, 2, begun))
        while now_us() < begun + 8 * SECOND_US:
            time.sleep(0.1)
        assert world.statuses(joined) == ["WAITING"], "the feeder is away"
        with rekeyer:
            world.eventually(lambda: "ANSWERED" in world.statuses(joined), "the feeder catches up")
            world.publish(asked(key, 3, begun - SECOND_US, 0))
            world.eventually(lambda: "LATE" in world.statuses(joined), "live time passes through the feeder")
            publish_tick(world.kafka, world.topics.clock, "sim-9", datetime.now(UTC))
            world.eventually(lambda: "MISSING" in world.statuses(sim_joined), "and so does simulated time")
    assert world.statuses(joined) == ["WAITING", "ANSWERED", "WAITING", "LATE"]
    world.verified(world.topics.joined)


def test_topics_that_do_not_fit_together_are_refused_with_what_to_do(world: World) -> None:
    three = f"test-{world.tag}.three"
    admin_client(world.kafka).create_topics([NewTopic(three, 3, 1)])[three].result(20)
    assert require_equal_counts(world.kafka, world.topics.all) == PARTITIONS
    with pytest.raises(ConfigurationError, match=f"source has 2 partitions, but {three} has 3") as caught:
        require_equal_counts(world.kafka, [world.topics.source, three])
    assert "ordertruth topics plan" in caught.value.remediation


def test_the_hash_is_that_of_the_producers(world: World) -> None:
    keys = [b"acme:%d" % i for i in range(50)]
    world.publish(*(Raw(key, b"{}", []) for key in keys))
    found = {r.key: r.partition for r in read_all(world.kafka, world.topics.source)}
    assert [found[key] for key in keys] == partitions_of(keys, PARTITIONS)


def test_a_missing_topic_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.engine.copartition.VISIBLE_SECONDS_MAX", 0.3)
    with pytest.raises(ConfigurationError, match="no topic nowhere") as caught:
        require_equal_counts(world.kafka, [world.topics.source, "nowhere"])
    assert "topics apply" in caught.value.remediation
    reader = Consumer({**world.kafka, "group.id": "glance"})
    assert "nowhere" not in reader.list_topics(timeout=10).topics
    reader.close()
