"""Rebuilding on real parts: beside what goes on, and interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from avro.registry import Registry
from bench import rebuild as bench
from bench.plan import Options, Stage
from bench.report import tables
from bench.templates import told
from bench.topics import create_topics, delete_topics
from bench.workload import Writer, templates_for
from compose.platform import prepare
from compose.rebuild.projections import Projection, projection_named
from compose.rebuild.run import Wish, rebuild
from compose.settings import Settings
from compose.stack.endpoints import Endpoints
from compose.verify.compare import compare
from compose.verify.derivation import canonical_records
from compose.verify.expected import fold
from compose.verify.raw import read_all
from domain.errors import ConfigurationError
from domain.order_state.policy import REFERENCE_V1
from sinks.postgres import rebuilds
from sinks.postgres.reader import read_records
from sinks.postgres.sink import PostgresSink
from tests.sinks.records import batch, order_state, row

pytestmark = pytest.mark.stack

ORDERS = 600
SOURCE, STATES, STATUS = "rebuildtest.events", "rebuildtest.states", "rebuildtest.status"
DATABASE = "rebuild_test"


@dataclass(frozen=True)
class Here:
    """A source with orders, a database of its own, and derived topics nobody writes."""

    endpoints: Endpoints
    folder: Path
    registry: Registry

    def orders(self) -> Projection:
        """The order states of the source."""
        return projection_named("order-state").elsewhere({"order_state": STATES}, (SOURCE,))

    def expected(self) -> dict[str, dict[str, Any]]:
        """The order states as the verification folds them."""
        raw = read_all(self.endpoints.kafka_config(), SOURCE)
        return fold(raw, self.registry.schema_for_id, REFERENCE_V1).records


@pytest.fixture(scope="module")
def here(stack: Endpoints, stack_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    prepare(stack_settings, stack)
    kafka = stack.kafka_config()
    create_topics(kafka, {SOURCE: {}, STATES: {"cleanup.policy": "compact"}, STATUS: {"cleanup.policy": "compact"}})
    url = make_conninfo(stack.database_url, dbname=DATABASE)
    with psycopg.connect(stack.database_url, autocommit=True) as admin, Registry(stack.registry_url) as registry:
        admin.execute(f"CREATE DATABASE {DATABASE}")
        templates = templates_for(600)
        writer = Writer(kafka, registry, SOURCE)
        for number in range(ORDERS):
            for message in told(templates[number % len(templates)], number):
                writer.write(message)
        writer.close()
        with PostgresSink(url) as sink:
            sink.setup()
        yield Here(replace(stack, database_url=url), tmp_path_factory.mktemp("rebuild"), registry)
        admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    delete_topics(kafka, "rebuildtest")


def test_nobody_notices_while_worker_sink_and_readers_go_on(stack: Endpoints, stack_settings: Settings) -> None:
    prepare(stack_settings, stack)
    lines: list[str] = []
    found = bench.run(
        Stage(stack, stack_settings.state_path, Options(events=1000), lines.append), orders=100, processes=1
    )
    assert found["gaps"] == 0
    assert found["equal"], found
    assert found["reads"] > 0 < found["written_meanwhile"]
    assert found["rows"] >= found["rebuild"]["rows"] >= 100
    assert found["rebuild"]["exchange_ms"] > 0
    assert any(line.startswith("fold: 4 of 4") for line in lines)
    (table,) = tables({"mode": "rebuild", "rebuild": found})
    assert "equal to the fold" in table.remark
    with psycopg.connect(stack.database_url) as connection:
        left = connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'bench_rebuild_%'").fetchone()
    assert left == (0,)


def test_an_interrupted_rebuild_goes_on_where_it_was(here: Here) -> None:
    plan = {"endpoints": here.endpoints.to_json(), "folder": str(here.folder)}
    plan |= {"topics": {"order_state": STATES}, "sources": [SOURCE]}
    command = [sys.executable, "-c", _INTERRUPTED, json.dumps(plan)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        assert any(line.startswith("fold: 1 of 4") for line in process.stdout)
        process.send_signal(signal.SIGKILL)
    with psycopg.connect(here.endpoints.database_url, autocommit=True) as connection:
        begun = rebuilds.unfinished(connection, "order-state")
        assert begun is not None
        done = rebuilds.parts_done(connection, begun.run_id)
        assert 1 <= len(done) < 4
        _stray(here)

        said: list[str] = []
        result = rebuild(here.endpoints, here.folder, Wish(here.orders(), "kim", "again", processes=1), said.append)

        expected = here.expected()
        rows = canonical_records(dict(read_records(connection, here.orders().tables[0])))
        assert list(compare("order_state", expected, rows)) == []
        assert (result.resumed, result.run_id, result.rows) == (True, begun.run_id, len(expected))
        assert "first" in said[0]
        assert 0 < result.events < sum(stretch["size"] for stretch in _stretches(begun.plan))
        assert result.differing["order_state"]["gone"] == {"rows": 1, "keys": ["t:stray"]}
        (noted,) = rebuilds.history(connection)
        assert noted.switched_at is not None
        assert (noted.actor, noted.result is not None and noted.result["rows"]) == ("first", len(expected))
        assert rebuilds.unfinished(connection, "order-state") is None
        old = connection.execute("SELECT order_id FROM retired.order_state").fetchall()
        assert old == [("t:stray",)]
    assert list(here.folder.iterdir()) == []


def _stray(here: Here) -> None:
    """A row in use that follows from nothing."""
    with PostgresSink(here.endpoints.database_url, here.orders().tables) as sink:
        once = batch([row(sink, "t:stray", 0, record=order_state("t:stray"), topic=STATES)])
        sink.write(replace(once, identity=replace(once.identity, topic=STATES)))
    with psycopg.connect(here.endpoints.database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM derived.sink_positions")


def _stretches(plan: Any) -> list[dict[str, int]]:
    return [{"size": end - begin} for _, _, begin, end, _ in plan["stretches"]]


_INTERRUPTED = """
import json, sys
from pathlib import Path
from compose.rebuild.projections import projection_named
from compose.rebuild.run import Wish, rebuild
from compose.stack.endpoints import Endpoints

if __name__ == "__main__":
    plan = json.loads(sys.argv[1])
    projection = projection_named("order-state").elsewhere(plan["topics"], tuple(plan["sources"]))
    wish = Wish(projection, "first", "to be interrupted", processes=2)
    rebuild(Endpoints.from_json(plan["endpoints"]), Path(plan["folder"]), wish, lambda line: print(line, flush=True))
"""


def test_a_projection_of_a_fold_keeps_its_readers_rights(here: Here) -> None:
    name = "order-status-support"
    projection = projection_named(name).elsewhere({"order_status_support": STATUS}, (SOURCE,))
    with psycopg.connect(here.endpoints.database_url, autocommit=True) as connection:
        indexes = _indexes(connection, "order_status_support")
        result = rebuild(here.endpoints, here.folder, Wish(projection, "kim", "", processes=1), lambda _: None)
        assert result.rows == len(here.expected())
        assert result.differing["order_status_support"]["new"]["rows"] == result.rows
        assert _indexes(connection, "order_status_support") == indexes
        may = "SELECT has_table_privilege('ordertruth_{}', 'derived.order_status_support', 'SELECT')"
        assert connection.execute(may.format("support")).fetchone() == (True,)
        assert connection.execute(may.format("customer")).fetchone() == (False,)
        connection.execute("SET ROLE ordertruth_support")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT 1 FROM retired.order_status_support")


def test_two_rebuilds_of_one_table_do_not_meet(here: Here) -> None:
    with psycopg.connect(here.endpoints.database_url) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('rebuild order_state'))")
        with pytest.raises(ConfigurationError, match="Another rebuild of order_state"):
            rebuild(here.endpoints, here.folder, Wish(here.orders(), "kim", ""), lambda _: None)


def _indexes(connection: psycopg.Connection[Any], table: str) -> list[tuple[Any, ...]]:
    query = sql.SQL(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'derived' AND tablename = %s ORDER BY 1"
    )
    return connection.execute(query, (table,)).fetchall()
