"""A sink killed in the middle of its work: rows and positions agree, nothing is lost and nothing counted twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from avro.registry import Registry
from sinks.contract import Tally
from sinks.postgres import PostgresSink
from sinks.postgres.reader import read_records
from tests.conftest import REPOSITORY
from tests.sinks.feed import Feed, eventually
from tests.sinks.records import order_state

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints
    from tests.sinks.conftest import Connections

pytestmark = pytest.mark.stack

SEED = 20260102
ORDERS = 100
VERSIONS = 30
KILLS = 4


def started(feed: Feed) -> subprocess.Popen[bytes]:
    stack = feed.stack
    arguments = [stack.kafka_bootstrap, stack.registry_url, stack.database_url, feed.table.topic, feed.table.name]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.sinks.sink_process", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def test_a_killed_sink_loses_nothing_and_counts_nothing_twice(stack: Endpoints, connections: Connections) -> None:
    registry = Registry(stack.registry_url)
    feed = Feed.make(stack, registry)
    for version in range(1, VERSIONS + 1):
        feed.publish([order_state(f"t:{i}", version) for i in range(ORDERS)])
    dice = random.Random(SEED)
    with PostgresSink(stack.database_url, [feed.table]) as sink:
        sink.setup()
        process = started(feed)
        try:
            for _ in range(KILLS):
                await_progress(feed, sink)
                time.sleep(dice.uniform(0, 0.05))
                process.send_signal(signal.SIGKILL)
                process.wait(20)
                assert_agreement(feed, sink, connections)
                if feed.is_caught_up(sink):
                    break
                process = started(feed)
            feed.await_caught_up(sink)
        finally:
            process.kill()
            process.wait(20)
        tally = sum(sink.tallies(feed.table.topic).values(), Tally())
    registry.close()
    assert tally == Tally(read=ORDERS * VERSIONS, applied=ORDERS * VERSIONS)
    held = dict(read_records(connections.postgres, feed.table))
    assert held == {f"t:{i}": order_state(f"t:{i}", VERSIONS) for i in range(ORDERS)}


def await_progress(feed: Feed, sink: PostgresSink) -> None:
    before = sink.positions(feed.table.topic)
    eventually(lambda: sink.positions(feed.table.topic) != before, what="the sink gets on")


def assert_agreement(feed: Feed, sink: PostgresSink, connections: Connections) -> None:
    """No row comes from beyond its partition's position."""
    reached = connections.postgres.execute(
        f"SELECT source_partition, max(source_offset) FROM derived.{feed.table.name} GROUP BY 1"
    ).fetchall()
    positions = sink.positions(feed.table.topic)
    assert reached
    assert all(offset < positions[partition] for partition, offset in reached)
