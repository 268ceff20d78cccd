"""How long order states take to be rebuilt from the events while they are read and written, and what readers notice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from avro.registry import Registry
from bench.measure import await_written, worker
from bench.plan import Stage
from bench.sides import OURS, SIDES
from bench.templates import History, told
from bench.workload import Writer, templates_for
from compose.rebuild.projections import projection_named
from compose.rebuild.run import Wish, rebuild
from compose.verify.compare import compare
from compose.verify.derivation import canonical_records
from compose.verify.expected import fold
from compose.verify.raw import read_all
from domain.errors import UnavailableError
from domain.order_state.policy import REFERENCE_V1
from sinks.consumer import SinkConsumer
from sinks.kafka_topic import TopicDirectory
from sinks.postgres.naming import table_name
from sinks.postgres.reader import read_records
from sinks.postgres.sink import PostgresSink
from sinks.run import POSTGRES_LIMITS
from sinks.table import Table

EVENTS_PER_SECOND = 100
READS_PER_SECOND = 20
PATIENCE_SECONDS = 600.0
SEED = 11


@dataclass
class Reads:
    """What readers met: how many asked, how many found no row that had been there, and how long they waited."""

    asked: int = 0
    gaps: int = 0
    ms: list[float] = field(default_factory=list)


def run(stage: Stage, *, orders: int, processes: int = 0) -> dict[str, Any]:
    """Derive `orders` orders by the shipped worker and sink, and rebuild them while both go on.

    Meanwhile events of further orders are published, and rows are read by key, each of which must be there. `equal`
    says that at rest every row is what the verification's own fold of the topic comes to. Topics, database and all are
    gone at the end.
    """
    name = f"bench_rebuild_{random.SystemRandom().randrange(10**8)}"
    url = make_conninfo(stage.endpoints.database_url, dbname=name)
    with psycopg.connect(stage.endpoints.database_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            with stage.source("rebuild", {}) as source:
                return _measured(
                    replace(stage, endpoints=replace(stage.endpoints, database_url=url)), source, orders, processes
                )
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _measured(stage: Stage, source: str, orders: int, processes: int) -> dict[str, Any]:
    templates = templates_for(orders)
    plan = stage.plan(SIDES[OURS], source, "rebuild")
    with Registry(stage.endpoints.registry_url) as registry, ExitStack() as running:
        events = _publish(stage, registry, source, templates, range(orders))
        stage.tell(f"{events:,} events of {orders:,} orders are there")
        running.enter_context(stage.topics_of(plan))
        usual = projection_named("order-state")
        projection = usual.elsewhere({usual.tables[0].name: plan["output"]}, (source,))
        (table,) = projection.tables
        began = time.monotonic()
        running.enter_context(worker(SIDES[OURS], plan, stage.place()))
        running.enter_context(_sink(stage, registry, table, plan["group"]))
        _await_rows(stage, table, orders)
        derive_seconds = time.monotonic() - began
        stage.tell(f"derived and stored in {derive_seconds:.1f} s")
        with _writing(stage, registry, source, templates, orders) as written, _reading(stage, table) as reads:
            wish = Wish(projection, "bench", "measurement", processes=processes)
            result = rebuild(stage.endpoints, stage.state_dir / "bench" / f"rebuild-{stage.token}", wish, stage.tell)
        _await_rest(stage, table)
        equal, rows = _equal(stage, registry, source, table)
    return {
        "orders": orders,
        "events": events,
        "derive_seconds": round(derive_seconds, 1),
        "rebuild": result.to_plain(),
        "orders_per_second": round(orders / result.seconds["all"]),
        "written_meanwhile": written[0],
        **_described(reads),
        "rows": rows,
        "equal": equal,
    }


def _described(reads: Reads) -> dict[str, Any]:
    found = sorted(reads.ms)
    return {
        "reads": reads.asked,
        "gaps": reads.gaps,
        "read_p50_ms": round(found[len(found) // 2], 1),
        "read_max_ms": round(found[-1], 1),
    }


def _publish(stage: Stage, registry: Registry, source: str, templates: list[History], numbers: range) -> int:
    writer = Writer(stage.endpoints.kafka_config(), registry, source)
    events = 0
    for number in numbers:
        for message in told(templates[number % len(templates)], number):
            writer.write(message)
            events += 1
    writer.close()
    return events


@contextmanager
def _sink(stage: Stage, registry: Registry, table: Table, group: str) -> Iterator[None]:
    sink = PostgresSink(stage.endpoints.database_url, [table])
    kafka = stage.endpoints.kafka_config()
    consumer = SinkConsumer(sink, kafka, registry.schema_for_id, limits=POSTGRES_LIMITS, group_id=f"{group}-sink")
    with _thread(consumer.run):
        yield


@contextmanager
def _writing(
    stage: Stage, registry: Registry, source: str, templates: list[History], first: int
) -> Iterator[list[int]]:
    """Events of further orders at a steady rate while the block runs; how many it came to."""
    written = [0]

    def write(stop: threading.Event) -> None:
        writer = Writer(stage.endpoints.kafka_config(), registry, source, linger_ms=5)
        began = time.monotonic()
        messages = (m for number in count(first) for m in told(templates[number % len(templates)], number))
        while not stop.is_set():
            if written[0] < (time.monotonic() - began) * EVENTS_PER_SECOND:
                writer.write(next(messages))
                written[0] += 1
            else:
                writer.poll()
                stop.wait(1 / EVENTS_PER_SECOND)
        writer.close()

    with _thread(write):
        yield written


@contextmanager
def _reading(stage: Stage, table: Table) -> Iterator[Reads]:
    """Rows that are there, read by key at a steady rate while the block runs."""
    reads = Reads()
    key = sql.Identifier(table.key)
    query = sql.SQL("SELECT state FROM {} WHERE {} = %s").format(table_name(table), key)

    def read(stop: threading.Event) -> None:
        choose = random.Random(SEED)
        with psycopg.connect(stage.endpoints.database_url, autocommit=True) as connection:
            keys = [k for (k,) in connection.execute(sql.SQL("SELECT {} FROM {}").format(key, table_name(table)))]
            while not stop.wait(1 / READS_PER_SECOND):
                began = time.perf_counter()
                found = connection.execute(query, (choose.choice(keys),)).fetchone()
                reads.ms.append((time.perf_counter() - began) * 1000)
                reads.asked += 1
                reads.gaps += found is None

    with _thread(read):
        yield reads


@contextmanager
def _thread(run: Any) -> Iterator[None]:
    stop, failures = threading.Event(), list[BaseException]()

    def guarded() -> None:
        try:
            run(stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=guarded, name="bench-rebuild")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


def _await_rows(stage: Stage, table: Table, orders: int) -> None:
    query = sql.SQL("SELECT count(*) FROM {}").format(table_name(table))
    with PostgresSink(stage.endpoints.database_url, [table]) as sink:
        sink.setup()
    with psycopg.connect(stage.endpoints.database_url, autocommit=True) as connection:
        _until(lambda: (connection.execute(query).fetchone() or (0,))[0] >= orders, "store the orders")
    _await_rest(stage, table)


def _await_rest(stage: Stage, table: Table) -> None:
    """Until nothing is written to the derived topic any more, and the sink is where it ends, but for markers."""
    kafka = stage.endpoints.kafka_config()
    await_written(kafka, table.topic)
    with PostgresSink(stage.endpoints.database_url, [table]) as sink:
        directory = TopicDirectory(kafka)
        _until(lambda: not any(directory.lag(table.topic, sink.positions(table.topic)).values()), "store what was said")


def _until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            message = f"The platform did not {what} within {PATIENCE_SECONDS:g} s."
            raise UnavailableError(message, remediation="See the worker's log, and measure with fewer --orders.")
        time.sleep(0.2)


def _equal(stage: Stage, registry: Registry, source: str, table: Table) -> tuple[bool, int]:
    expected = fold(read_all(stage.endpoints.kafka_config(), source), registry.schema_for_id, REFERENCE_V1)
    with psycopg.connect(stage.endpoints.database_url) as connection:
        rows = canonical_records(dict(read_records(connection, table)))
    return not any(True for _ in compare(table.name, expected.records, rows)), len(rows)
