"""How many events a second go from commands through store, outbox and relay to Kafka, commits being durable.

    python -m tests.topics.path_speed --tenants 200 --writers 1

Brings up a stack of its own in a temporary folder. Each writer carries the lives of its tenants' aggregates, one of
every kind in each, interleaved as an enterprise would send them; one relay publishes meanwhile.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import conninfo, sql

from avro.registry import Registry
from compose.settings import Settings
from compose.stack.endpoints import Endpoints
from compose.stack.lifecycle import current, running_stack
from tests.topics.hosted_commands import Sent, life
from topics import catalogue
from topics.broker import Broker
from topics.relay import Relay
from topics.store import AggregateStore, migrate
from topics.store.hosting import HOSTED

DATABASE = "path_speed"
SIDE_BY_SIDE = 40
"""Tenants whose aggregates live at the same time."""


def commands(tenants: range) -> list[Sent]:
    """The lives of these tenants' aggregates, some tenants at a time, step by step side by side."""
    sent: list[Sent] = []
    for begin in tenants[::SIDE_BY_SIDE]:
        together = range(begin, min(begin + SIDE_BY_SIDE, tenants.stop))
        lives = [life(hosted, f"tenant-{n}", n) for n in together for hosted in HOSTED]
        sent += [each for step in zip_longest(*lives) for each in step if each is not None]
    return sent


def write(database: str, tenants: range, batch: int, ready: Any, told: Any) -> None:
    """Carry out what these tenants send; tells seconds, CPU seconds and events."""
    sent = commands(tenants)
    with psycopg.connect(database) as connection:
        store = AggregateStore(connection)
        ready.wait()
        began, cpu = time.perf_counter(), time.process_time()
        events = 0
        for at in range(0, len(sent), batch):
            events += sum(len(result.event_ids) for result in store.handle_many(sent[at : at + batch]))
    told.put(("writer", time.perf_counter() - began, time.process_time() - cpu, events))


def relay(database: str, kafka: dict[str, str], registry_url: str, ready: Any, written: Any, told: Any) -> None:
    """Publish until everything is written and nothing is left."""
    registry = Registry(registry_url)
    made = Relay(database, kafka, registry)
    ready.wait()
    began, cpu = time.perf_counter(), time.process_time()
    while not written.is_set():
        made.drain()
    made.drain()
    told.put(("relay", time.perf_counter() - began, time.process_time() - cpu, made.published))
    made.close()
    registry.close()


def prepare(endpoints: Endpoints) -> str:
    """An empty database with the schema of the store, the topics of all owners, their schemas; its address."""
    with psycopg.connect(endpoints.database_url, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(DATABASE)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    database = conninfo.make_conninfo(endpoints.database_url, dbname=DATABASE)
    with psycopg.connect(database) as connection:
        migrate(connection)
        for setting in ("synchronous_commit", "fsync"):
            found = connection.execute(f"SHOW {setting}").fetchone()
            assert found == ("on",), setting
    topics = [catalogue.topic_named(hosted.topic) for hosted in HOSTED] + [catalogue.ORDER_CAPTURE]
    broker = Broker(endpoints.kafka_config())
    broker.apply(broker.plan(topics, 4))
    registry = Registry(endpoints.registry_url)
    for topic, record in catalogue.contracted_records():
        if topic in topics:
            registry.register(topic.name, record.name)
    registry.close()
    return database


def cpu_of_parts(settings: Settings) -> dict[str, float]:
    """CPU seconds each part of the stack has used, its children and those that have ended included."""
    record = current(settings)
    assert record is not None
    used = {}
    for name, part in record.parts.items():
        if part.process is not None:
            main = psutil.Process(part.process.pid)
            used[name] = sum(sum(process.cpu_times()) for process in (main, *_ended_not(main)))
    return used


def _ended_not(main: psutil.Process) -> Iterator[psutil.Process]:
    # a child's own times stay its own until it has ended; then the parent's hold them
    yield from main.children(recursive=True)


def measure(settings: Settings, endpoints: Endpoints, arguments: argparse.Namespace) -> dict[str, Any]:
    """One run."""
    database = prepare(endpoints)
    context = mp.get_context("spawn")
    ready, written, told = context.Barrier(arguments.writers + 2), context.Event(), context.Queue()
    share = arguments.tenants // arguments.writers
    writers = [
        context.Process(target=write, args=(database, range(n * share, (n + 1) * share), arguments.batch, ready, told))
        for n in range(arguments.writers)
    ]
    relaying = (database, endpoints.kafka_config(), endpoints.registry_url, ready, written, told)
    processes = [*writers, context.Process(target=relay, args=relaying)]
    for process in processes:
        process.start()
    ready.wait()
    began, before = time.perf_counter(), cpu_of_parts(settings)
    results = [told.get(timeout=600) for _ in writers]
    written.set()
    wrote = time.perf_counter() - began
    results.append(told.get(timeout=600))
    seconds = time.perf_counter() - began
    after = cpu_of_parts(settings)
    for process in processes:
        process.join(30)
    published = results[-1][3]
    used = {name: after[name] - before[name] for name in after if name in before}
    used |= {"writers": sum(cpu for kind, _, cpu, _ in results if kind == "writer"), "relay": results[-1][2]}
    return {
        "events": published,
        "events_per_second": round(published / seconds),
        "seconds": round(seconds, 2),
        "until_written": round(wrote, 2),
        "cpu_us_per_event": {name: round(spent / published * 1e6) for name, spent in used.items()},
    }


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--writers", type=int, default=1)
    parser.add_argument("--batch", type=int, default=100, help="commands in one transaction")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=None, help="where the Java parts are kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ordertruth-speed-") as folder:
        settings = Settings(state_dir=Path(folder) / "state", cache_dir=arguments.cache, _env_file=None)
        with running_stack(settings) as endpoints:
            for _ in range(arguments.repeats):
                sys.stdout.write(json.dumps(measure(settings, endpoints, arguments)) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
