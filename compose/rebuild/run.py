"""A rebuild from beginning to end: fold, copy, catch up, exchange."""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import Connection

from avro.registry import Registry
from compose.rebuild.catching_up import CatchUp
from compose.rebuild.plan import Plan, note
from compose.rebuild.projections import Projection
from compose.rebuild.work import Done, Workplace, fold_orders, fold_slice, prepare_process, slice_name, spool_bundle
from compose.stack.endpoints import Endpoints
from domain.errors import ConfigurationError, UnavailableError
from sinks.contract import SinkBusy
from sinks.kafka_topic import TopicDirectory
from sinks.postgres import rebuilds
from sinks.postgres.faults import translated
from sinks.postgres.shadow import ShadowSink, differing
from sinks.postgres.sink import PostgresSink

_CONNECT_S = 5

Tell = Callable[[str], None]
Labour = Callable[[Callable[[Workplace, Any], Done], Workplace, Sequence[Any]], Iterator[Done]]
"""Has the parts of some work done, in any order."""


@dataclass
class Result:
    """What a rebuild came to.

    `cpu_seconds` are those of this process and the ones that fold, not of broker and database; `differing` counts rows
    of which the new tables say something else than the old.
    """

    run_id: str
    projection: str
    tables: list[str]
    resumed: bool
    events: int = 0
    rows: int = 0
    refused: int = 0
    caught_up: int = 0
    exchange_ms: float = 0.0
    cpu_seconds: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    differing: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class Wish:
    """Who wants a projection rebuilt, and why; `restart` forgets what an interrupted rebuild has done."""

    projection: Projection
    actor: str
    reason: str
    restart: bool = False
    processes: int = 0


def rebuild(endpoints: Endpoints, folder: Path, wish: Wish, tell: Tell) -> Result:
    """Rebuild a projection while it is read and written, and switch to it; `tell` hears how it goes.

    In this order, each step done once however often the command is interrupted and given again:

    1. note where everything ends, and make empty shadows of the tables;
    2. fold the sources up to there, in several processes, and copy the rows in;
    3. make indexes and rights, and apply what came to the derived topics since;
    4. exchange the tables in one transaction, with their positions, and note the decision in it;
    5. compare with the tables that were in use, which stay in schema `retired`.

    Raises `ConfigurationError` while another rebuild of one of the tables runs, `UnavailableError` when a part is away.
    """
    began, cpu_began = time.monotonic(), _cpu_seconds()
    with (
        translated("rebuild"),
        psycopg.connect(endpoints.database_url, autocommit=True, connect_timeout=_CONNECT_S) as connection,
        _alone(connection, wish.projection),
    ):
        rebuilds.set_up(connection)
        with ShadowSink(endpoints.database_url, wish.projection.tables) as sink:
            task = _Task(endpoints, folder, wish, tell, connection, sink)
            result = task.run()
    result.seconds["all"] = round(time.monotonic() - began, 3)
    result.cpu_seconds = round(_cpu_seconds() - cpu_began, 3)
    return result


class _Task:
    """One run of the command."""

    def __init__(
        self, endpoints: Endpoints, folder: Path, wish: Wish, tell: Tell, connection: Connection, sink: ShadowSink
    ) -> None:
        self._endpoints = endpoints
        self._wish = wish
        self._tell = tell
        self._connection = connection
        self._sink = sink
        self._directory = TopicDirectory(endpoints.kafka_config())
        self._identities = self._directory.identities([table.topic for table in wish.projection.tables])
        self._place, resumed = self._placed(folder)
        names = [table.name for table in wish.projection.tables]
        self._result = Result(self._place.run_id, wish.projection.name, names, resumed)

    def run(self) -> Result:
        """Go on with whatever is not done yet."""
        with self._timed("fold"):
            self._fold()
        with self._timed("finish"):
            self._sink.finish()
        with self._timed("catch up"), Registry(self._endpoints.registry_url) as registry:
            self._switch(registry)
        shutil.rmtree(self._place.folder, ignore_errors=True)
        with self._timed("compare"):
            self._compare()
        return self._result

    def _placed(self, folder: Path) -> tuple[Workplace, bool]:
        """Where an unfinished run left off, or a new beginning."""
        projection, kafka = self._wish.projection, self._endpoints.kafka_config()
        known = rebuilds.unfinished(self._connection, projection.name)
        plan = None if known is None or self._wish.restart else Plan.from_json(known.plan)
        if known is not None and plan is not None and self._stands(plan):
            self._tell(f"Going on with the rebuild that {known.actor} began at {known.began_at:%Y-%m-%d %H:%M:%S}.")
            run_id, resumed = known.run_id, True
        else:
            with PostgresSink(self._endpoints.database_url, projection.tables) as in_use:
                for identity in self._identities.values():
                    in_use.claim(identity)
            plan, run_id, resumed = note(kafka, projection), uuid4().hex[:12], False
            self._sink.setup()
            self._sink.begin(self._identities.values(), plan.starts)
            rebuilds.begin(
                self._connection, run_id, projection.name, plan.to_json(), self._wish.actor, self._wish.reason
            )
        own = folder / run_id
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        urls = self._endpoints.registry_url, self._endpoints.database_url
        return Workplace(kafka, *urls, own, run_id, plan), resumed

    def _stands(self, plan: Plan) -> bool:
        """Whether a run can be gone on with: by the same rules, from the same topics, its shadows still there."""
        projection = self._wish.projection
        if (plan.rules, plan.sources) != (projection.rules, projection.sources):
            return False
        for identity in self._identities.values():
            self._sink.claim(identity)
            places = self._sink.positions(identity.topic)
            if any(places.get(p, -1) < at for p, at in plan.starts[identity.topic].items()):
                return False
        return True

    def _fold(self) -> None:
        place, done = self._place, rebuilds.parts_done(self._connection, self._place.run_id)
        stretches = place.plan.stretches
        with _labour(self._wish.processes) as labour:
            if self._wish.projection.folds:
                bundles = range(len(place.plan.bundles()))
                numbers = [n for n in range(place.plan.slices) if slice_name(n) not in done]
                unread = [n for n in bundles if numbers and not place.spooled(n).exists()]
                self._follow("read", labour(spool_bundle, place, unread), len(bundles) - len(unread), len(bundles))
                slices = place.plan.slices
                self._follow("fold", labour(fold_slice, place, numbers), slices - len(numbers), slices)
            else:
                left = [s for s in stretches if s.name not in done]
                self._follow("fold", labour(fold_orders, place, left), len(stretches) - len(left), len(stretches))
        kept = rebuilds.parts_done(self._connection, place.run_id).values()
        self._result.rows, self._result.refused = sum(r for r, _ in kept), sum(r for _, r in kept)

    def _follow(self, what: str, parts: Iterable[Done], before: int, total: int) -> None:
        rows = 0
        for count, done in enumerate(parts, start=before + 1):
            self._result.events += done.events
            rows += done.rows
            self._tell(f"{what}: {count} of {total} parts, {self._result.events} events, {rows} rows")

    def _switch(self, registry: Registry) -> None:
        topics = [table.topic for table in self._wish.projection.tables]
        with CatchUp(self._endpoints.kafka_config(), registry, self._sink, self._identities) as catching_up:
            while True:
                ends = self._directory.ends_of(topics)
                catching_up.up_to(ends)
                self._tell(f"catch up: {catching_up.tally.read} records behind the beginning")
                began = time.monotonic()
                try:
                    with self._sink.while_sinks_wait() as places:
                        catching_up.up_to(places)
                        self._sink.exchange(self._note_switch)
                except SinkBusy as busy:
                    time.sleep(busy.retry_after_s)  # readers did not let go; nothing has happened
                    continue
                self._result.exchange_ms = round((time.monotonic() - began) * 1000, 1)
                self._result.caught_up = catching_up.tally.read
                return

    def _note_switch(self, connection: Connection) -> None:
        result = self._result
        said = {"tables": result.tables, "rows": result.rows, "refused": result.refused}
        rebuilds.note_switch(connection, result.run_id, said)

    def _compare(self) -> None:
        for table in self._wish.projection.tables:
            found = differing(self._connection, table)
            self._result.differing[table.name] = {how: {"rows": n, "keys": keys} for how, (n, keys) in found.items()}
        rebuilds.note_result(self._connection, self._result.run_id, {"differing": self._result.differing})

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._result.seconds[name] = round(time.monotonic() - began, 3)


@contextmanager
def _labour(processes: int) -> Iterator[Labour]:
    """A way to have parts done: here and one after the other, or by processes that do not outlive this one."""
    if processes == 1:
        yield _here
        return
    pool = ProcessPoolExecutor(
        processes or os.cpu_count() or 1, get_context("spawn"), initializer=prepare_process, initargs=(os.getpid(),)
    )
    try:
        yield partial(_in_pool, pool)
    finally:
        pool.shutdown(cancel_futures=True)  # what has not begun is left when something fails


def _here(work: Callable[[Workplace, Any], Done], place: Workplace, parts: Sequence[Any]) -> Iterator[Done]:
    return (work(place, part) for part in parts)


def _in_pool(
    pool: ProcessPoolExecutor, work: Callable[[Workplace, Any], Done], place: Workplace, parts: Sequence[Any]
) -> Iterator[Done]:
    try:
        for future in as_completed([pool.submit(work, place, part) for part in parts]):
            yield future.result()
    except BrokenProcessPool:
        message = "A process of the rebuild ended before its time."
        mend = "See that there is memory for it, or give --processes 1; then give the command again: it goes on."
        raise UnavailableError(message, remediation=mend) from None


def _cpu_seconds() -> float:
    """Of this process and of those it started and has seen end."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


@contextmanager
def _alone(connection: Connection, projection: Projection) -> Iterator[None]:
    """Hold off other rebuilds of the same tables as long as this connection lives."""
    for table in projection.tables:
        row = connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (f"rebuild {table.name}",)).fetchone()
        if row is None or not row[0]:
            message = f"Another rebuild of {table.name} is going on."
            raise ConfigurationError(message, remediation="Wait for it, or end it; then give the command again.")
    yield
