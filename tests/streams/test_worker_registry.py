"""The registry away while a worker starts and while it runs: it stops or waits, skips nothing, and goes on."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import pytest

from compose.settings import Settings
from compose.stack.lifecycle import running_stack
from tests.streams.platform import eventually, told_on_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack


class Line:
    """A loopback port that leads to another one as long as it is not cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.1)
        self.port = int(self._server.getsockname()[1])
        self.is_cut = threading.Event()
        self.refused = 0
        self._ends: list[socket.socket] = []
        self._halt = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._halt.set()
        self.cut()
        for thread in self._threads:
            thread.join(10)
        self._server.close()

    def cut(self) -> None:
        """Break every connection, and every new one at once."""
        self.is_cut.set()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self.is_cut.clear()

    def _accept(self) -> None:
        while not self._halt.is_set():
            try:
                near, _ = self._server.accept()
            except TimeoutError:
                continue
            if self.is_cut.is_set():
                self.refused += 1
                near.close()
                continue
            far = socket.create_connection(self._target)
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=self._carry, args=(source, sink)))
                self._threads[-1].start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        with source, suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def test_a_registry_that_is_away_stops_the_worker_and_costs_no_record(
    platform: Platform, new_state_dir: Callable[[], Path]
) -> None:
    known = [e for e in platform.events(30, seed=321) if dict(e.headers)["ce_type"].endswith(b"-created.v1")]
    further = [e for e in platform.events(30, seed=322) if not dict(e.headers)["ce_type"].endswith(b"-created.v1")]
    where = urlsplit(platform.endpoints.registry_url)
    before, letters = platform.caught_up(), len(platform.dead_letters())

    with ExitStack() as cleanup:
        line = cleanup.enter_context(Line(where.hostname or "", where.port or 0))
        through = f"http://127.0.0.1:{line.port}{where.path}"
        settings = Settings(
            state_dir=new_state_dir(),
            _env_file=None,
            kafka_bootstrap_servers=platform.endpoints.kafka_bootstrap,
            schema_registry_url=through,
            database_url=platform.endpoints.database_url,
            clickhouse_dsn=platform.endpoints.clickhouse_dsn,
        )
        assert cleanup.enter_context(running_stack(settings)).embedded == frozenset()
        line.cut()
        platform.publish(known)
        worker = cleanup.enter_context(platform.worker(settings=settings))
        cleanup.enter_context(told_on_failure(worker.log_path))

        eventually(lambda: worker.restarts > 0, "the worker ends because it cannot read a single schema")
        assert line.refused > 0
        assert platform.read() == before, "what it could not read it did not count"
        line.mend()
        platform.await_read(before.read + len(known))

        line.cut()
        restarts = worker.restarts
        platform.publish(further)
        eventually(lambda: worker.restarts > restarts, "it ends again at the first schema it has not met")
        assert platform.read().read <= before.read + len(known)
        line.mend()
        platform.await_read(before.read + len(known) + len(further))
        report = platform.verified()

    assert len(platform.dead_letters()) == letters, "a bad minute is no bad record"
    assert report.accounting["total"]["duplicate"] == before.duplicate
    log = worker.log_path.read_text()
    assert "The schema registry at" in log
    assert through in log
