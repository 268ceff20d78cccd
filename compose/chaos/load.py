"""Orders that go on being placed while faults happen: real commands, store, outbox and relay."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Self

from psycopg_pool import ConnectionPool

from avro.registry import Registry
from compose.chaos.wire import RoughWire
from compose.chaos.writers import Writers
from compose.demo.stories import Sent, stories
from compose.stack.endpoints import Endpoints
from domain.errors import UnavailableError
from topics.relay import Relay
from topics.store import AggregateStore

WRITERS = 2
COMMANDS_PER_SECOND = 60.0
ORDERS_MAX = 1_000_000
POOL_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 0.2


class Load:
    """Carries out the commands of order after order at a bounded rate, for the length of a block.

    A command whose outcome is unknown, because the database went away, is sent again under the same id until it is
    answered. The relay publishes behind `wire`.
    """

    def __init__(self, endpoints: Endpoints, seed: int, *, commands_per_second: float = COMMANDS_PER_SECOND) -> None:
        self.commands: Counter[str] = Counter()
        self.repeated = 0
        """Commands sent again because the database did not answer."""
        self._interval = 1 / commands_per_second
        self._stop = threading.Event()
        self._relay_stop = threading.Event()
        self.wire = RoughWire(seed, self._relay_stop)
        self._stories: Iterator[list[Sent]] = stories(ORDERS_MAX, seed)
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._failure: BaseException | None = None
        self._pool = ConnectionPool(
            endpoints.database_url,
            min_size=1,
            max_size=WRITERS + 1,
            timeout=POOL_TIMEOUT_SECONDS,
            open=False,
            check=ConnectionPool.check_connection,
        )
        self._store = AggregateStore(self._pool)
        self._registry = Registry(endpoints.registry_url)
        self.writers = Writers(self._registry)
        self._relay = Relay(endpoints.database_url, endpoints.kafka_config(), self.writers, wire=self.wire)
        self._relaying = threading.Thread(target=self._relay.run, args=(self._relay_stop,), name="relay", daemon=True)
        self._writers = [
            threading.Thread(target=self._write, name=f"writer-{number}", daemon=True) for number in range(WRITERS)
        ]

    def __enter__(self) -> Self:
        self._pool.open()
        for thread in (self._relaying, *self._writers):
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._halt()
        self._relay.close()
        self._registry.close()
        self._pool.close()

    @property
    def published(self) -> int:
        """How many events the relay has published and marked, copies not counted."""
        return self._relay.published

    def finish(self) -> dict[str, int]:
        """Place no more, and publish everything that is left; how many events went to each topic.

        Raises `UnavailableError` when the outbox does not empty, and whatever stopped a writer.
        """
        self._halt()
        if self._failure is not None:
            raise self._failure
        self._relay.drain()
        return dict(self._relay.published_by_topic)

    def _halt(self) -> None:
        self._stop.set()
        self._relay_stop.set()
        for thread in (*self._writers, self._relaying):
            if thread.is_alive():
                thread.join()

    def _write(self) -> None:
        try:
            while not self._stop.is_set():
                with self._lock:
                    story = next(self._stories)
                for sent in story:
                    if not self._carry_out(sent):
                        return
        except BaseException as error:
            self._failure = error

    def _carry_out(self, sent: Sent) -> bool:
        """Send a command until it is answered; False when the load was stopped before."""
        if self._stop.wait(self._pause()):
            return False
        while not self._stop.is_set():
            try:
                result = self._store.handle(sent.command, sent.at)
            except UnavailableError:
                self.repeated += 1
                self._stop.wait(RETRY_SECONDS)
                continue
            with self._lock:
                self.commands[result.outcome.value] += 1
            return True
        return False

    def _pause(self) -> float:
        """Seconds until this command's turn; what an outage has delayed is not made up for."""
        with self._lock:
            now = time.monotonic()
            self._next_at = max(self._next_at + self._interval, now)
            return self._next_at - now
