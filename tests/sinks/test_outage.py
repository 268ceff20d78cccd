"""ClickHouse goes away under load: the read model must not notice, and the analytics must catch up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from avro.registry import Registry
from domain.errors import UnavailableError
from sinks.clickhouse import ClickHouseSink, connect
from sinks.clickhouse.reader import read_records as read_analytics
from sinks.consumer import BatchLimits, SinkConsumer
from sinks.contract import Sink
from sinks.postgres import PostgresSink
from sinks.postgres.reader import read_records
from tests.conftest import REPOSITORY
from tests.sinks.feed import Feed, eventually, running
from tests.sinks.records import order_state

if TYPE_CHECKING:
    from pathlib import Path

    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack

PASSWORD = "only-for-this-test"


class OwnClickHouse:
    """A ClickHouse of the test's own, so that it can be killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.dsn = f"clickhouse://tester:{PASSWORD}@127.0.0.1:{self._port}/default?compress=false"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "sinks.clickhouse_server", "--path", str(self._folder)]
        self._process = subprocess.Popen(
            [*command, "--port", str(self._port)],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "CLICKHOUSE_SERVER_USER": "tester",
                "CLICKHOUSE_SERVER_PASSWORD": PASSWORD,
            },
        )
        eventually(self._answers, what="ClickHouse answers")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def _answers(self) -> bool:
        try:
            connect(self.dsn).close()
        except UnavailableError:
            return False
        return True


def consumer_of(feed: Feed, sink: Sink, limits: BatchLimits) -> SinkConsumer:
    group = f"test-{sink.name}-{feed.table.name}"
    return SinkConsumer(sink, feed.stack.kafka_config(), feed.registry.schema_for_id, limits=limits, group_id=group)


def orders(version: int) -> list[dict[str, Any]]:
    return [order_state(f"t:{i}", version) for i in range(50)]


def test_clickhouse_killed_under_load_holds_nobody_up_and_catches_up(stack: Endpoints, tmp_path: Path) -> None:
    registry = Registry(stack.registry_url)
    feed = Feed.make(stack, registry)
    server = OwnClickHouse(tmp_path / "clickhouse")
    server.start()
    model, analytics = PostgresSink(stack.database_url, [feed.table]), ClickHouseSink(server.dsn, [feed.table])
    postgres = consumer_of(feed, PostgresSink(stack.database_url, [feed.table]), BatchLimits(100, 0.02))
    clickhouse = consumer_of(feed, ClickHouseSink(server.dsn, [feed.table]), BatchLimits(100, 0.1))
    try:
        model.setup()
        with running(postgres), running(clickhouse):
            feed.publish(orders(1))
            eventually(lambda: clickhouse.counters.applied > 0, what="ClickHouse gets the first rows")
            server.kill()
            for version in range(2, 6):
                feed.publish(orders(version))
            feed.await_caught_up(model)
            eventually(lambda: clickhouse.trouble is not None, what="the analytics sink says what it waits for")
            assert postgres.trouble is None
            server.start()
            feed.await_caught_up(analytics)
        client = connect(server.dsn)
        with psycopg.connect(stack.database_url) as connection:
            expected = {r["orderId"]: r for r in orders(5)}
            assert dict(read_records(connection, feed.table)) == expected
            assert dict(read_analytics(client, feed.table)) == expected
        client.close()
        for tally in analytics.tallies(feed.table.topic).values():
            assert tally.read == tally.applied + tally.duplicate + tally.stale + tally.dead_lettered
        assert feed.dead_letters() == []
    finally:
        server.kill()
        model.close()
        analytics.close()
        registry.close()
