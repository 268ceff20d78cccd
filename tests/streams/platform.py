"""A whole platform for worker tests: a stack with topics and sinks of its own, and a way to publish to it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Producer

from avro.registry import Registry
from compose.settings import Settings
from compose.stack.endpoints import Endpoints
from compose.stack.guarded import GuardedProcess
from compose.supervise import Supervised, environment
from compose.verify import accounting
from compose.verify.raw import Raw as InTopic
from compose.verify.raw import read_all
from compose.verify.run import CONSUMER, Report, verify
from streams.engine.batch import Headers
from streams.engine.processor import Counts
from streams.testing import Record
from tests.streams.wire import published
from topics.catalogue import ORDER_STATE_CHANGELOG, PRODUCT_ORDERS, dead_letters_of

PATIENCE_S = 60.0
POLL_S = 0.1


def eventually(holds: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until `holds`; fail with `what` after `patience_s` seconds."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
        time.sleep(POLL_S)


class Letter(NamedTuple):
    """A dead letter by what it was."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    reason: Mapping[str, bytes]


@dataclass
class Platform:
    """A running stack with everything prepared; the sinks run all the time, order-state when a test starts it."""

    settings: Settings
    endpoints: Endpoints

    def __post_init__(self) -> None:
        self._producer = Producer(
            {
                **self.endpoints.kafka_config(),
                "partitioner": "murmur2_random",
                "message.max.bytes": 2 * PRODUCT_ORDERS.max_bytes,
                "linger.ms": 5,
            }
        )

    def events(self, orders: int, seed: int) -> list[Record]:
        """The events of the orders of a tenant of its own, `sim-<seed>`, each order's in a row."""
        with Registry(self.endpoints.registry_url) as registry:
            return [record for order in published(orders, seed, registry) for record in order]

    def publish(self, records: Sequence[Record]) -> None:
        """Write records to the owner topic and wait until they are there."""
        failures: list[object] = []
        for record in records:
            self._producer.produce(
                PRODUCT_ORDERS.name,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=lambda error, _: failures.append(error) if error else None,
            )
            self._producer.poll(0)
        assert self._producer.flush(30) == 0
        assert failures == []

    def worker(self, instance: str = "0", settings: Settings | None = None) -> Supervised:
        """An order-state worker that is started again when it dies."""
        return Supervised(settings or self.settings, ["order-state"], instance=instance)

    def single_worker(self, instance: str = "0") -> GuardedProcess:
        """An order-state worker nobody starts again."""
        command = [sys.executable, "-m", "compose.cli", "worker", "order-state", "--instance", instance]
        log_path = self.settings.state_path / "logs" / f"single-{instance}.log"
        return GuardedProcess(command, log_path=log_path, env=environment(self.settings), stop_timeout_s=20.0)

    def read(self) -> Counts:
        """What became of all records read so far, by the consumer's own count in the changelog."""
        found = accounting.positions(read_all(self.endpoints.kafka_config(), ORDER_STATE_CHANGELOG.name))
        return Counts(**accounting.table(PRODUCT_ORDERS.name, found)["total"])

    def caught_up(self) -> Counts:
        """The counts when everything on the topic has been read; what an earlier test has left is read first."""
        waiting = len(self.published())
        if self.read().read < waiting:
            with self.worker():
                self.await_read(waiting)
        return self.read()

    def await_read(self, total: int, patience_s: float = PATIENCE_S) -> None:
        """Wait until the workers have committed this many records."""
        eventually(lambda: self.read().read >= total, f"{total} records are read", patience_s)

    def published(self) -> list[InTopic]:
        """Everything on the owner topic."""
        return list(read_all(self.endpoints.kafka_config(), PRODUCT_ORDERS.name))

    def dead_letters(self) -> list[Letter]:
        """Everything among the dead letters of the owner topic that order-state put there; analytics have their own."""
        letters = read_all(self.endpoints.kafka_config(), dead_letters_of(PRODUCT_ORDERS.name).name)
        return [
            Letter(
                letter.key,
                letter.value,
                [(n, v) for n, v in letter.headers if not n.startswith("dlq_")],
                {n: v for n, v in letter.headers if n.startswith("dlq_")},
            )
            for letter in letters
            if ("dlq_consumer", CONSUMER.encode()) in letter.headers
        ]

    def verified(self) -> Report:
        """The report of the verifier, which must find nothing wrong."""
        report = verify(self.endpoints, settle_seconds=PATIENCE_S, apps=())
        assert report.mismatches == [], [str(m) for m in report.mismatches[:5]]
        assert report.notes == []
        assert report.accounting["balanced"]
        assert report.accounting["total"]["read"] == len(self.published())
        assert report.orders == report.derived == report.read_model == report.analytics
        return report


def kill(worker: Supervised) -> int:
    """Kill the worker process itself, without a chance to clean up; returns its process id."""
    pid = worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def tail(log: Path, size: int = 4000) -> str:
    """The end of a log, for the message of a failed assertion."""
    return log.read_text(errors="replace")[-size:] if log.exists() else "(no log)"


@contextmanager
def told_on_failure(*logs: Path) -> Iterator[None]:
    """Show the workers' logs beside whatever went wrong."""
    try:
        yield
    except BaseException as error:
        for log in logs:
            error.add_note(f"{log}:\n{tail(log)}")
        raise
