"""The stack from outside, as the command line shows it: start, lose parts, die, start again, stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import clickhouse_connect
import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from compose.settings import Settings
from compose.stack.folder import StateFolder
from compose.stack.ports import choose, is_free
from compose.stack.record import StackRecord
from compose.stack.schema_ids import record_schema_ids
from tests.conftest import EMBEDDED, REPOSITORY
from tests.stack.processes import mentioning, until
from tests.stack.test_endpoints import register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack

OWNER = """
import sys, time
from pathlib import Path
from compose.settings import Settings
from compose.stack.lifecycle import running_stack
with running_stack(Settings(state_dir=Path(sys.argv[1]), cache_dir=Path(sys.argv[2]), _env_file=None)):
    print("up", flush=True)
    time.sleep(300)
"""


class Machine:
    """A state folder and the command line for it."""

    def __init__(self, state_dir: Path, cache_dir: Path) -> None:
        self.folder = StateFolder(state_dir)
        self.cache_dir = cache_dir
        self.settings = Settings(state_dir=state_dir, cache_dir=cache_dir, _env_file=None, **EMBEDDED)
        named = {"SCHEMA_REGISTRY_URL", "DATABASE_URL", "CLICKHOUSE_DSN"}
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ORDERTRUTH_", "KAFKA_")) and k not in named}
        self.environment = {
            **clean,
            "PYTHONPATH": str(REPOSITORY),
            "ORDERTRUTH_STATE_DIR": str(state_dir),
            "ORDERTRUTH_CACHE_DIR": str(cache_dir),
        }

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "compose.cli", *words],
            env={**self.environment, **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, *words: str) -> dict[str, Any]:
        value = json.loads(self.run(*words, "--json").stdout)
        assert isinstance(value, dict)
        return value

    @property
    def record(self) -> StackRecord:
        record = StackRecord.read(self.folder.record_file)
        assert record is not None
        return record

    @property
    def endpoints(self) -> Endpoints:
        assert self.record.endpoints is not None
        return self.record.endpoints

    def ports(self) -> list[int]:
        return list(self.folder.kept_ports().values())

    def nothing_is_left(self) -> bool:
        # The jar cache is named by the Java processes, the state folder by all the others.
        return not mentioning(self.folder.path) and all(is_free(port) for port in self.ports())


@pytest.fixture(scope="module")
def machine(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> Any:
    made = Machine(new_state_dir(), jar_cache_dir)
    yield made
    made.run("down")


def write_everywhere(endpoints: Endpoints) -> int:
    admin = AdminClient(endpoints.kafka_config())
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(20)
    producer = Producer(endpoints.kafka_config())
    producer.produce("kept", b"record")
    assert producer.flush(20) == 0
    with psycopg.connect(endpoints.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'row' AS what")
    with closing(clickhouse_connect.get_client(dsn=endpoints.clickhouse_dsn)) as client:
        client.command("CREATE DATABASE kept")
        client.command("CREATE TABLE kept.t (a UInt8) ENGINE = MergeTree ORDER BY a")
        client.insert("kept.t", [[7]], column_names=["a"])
    return register(endpoints.registry_url, "kept")


def read_everywhere(endpoints: Endpoints) -> dict[str, object]:
    consumer = Consumer({**endpoints.kafka_config(), "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    consumer.subscribe(["kept"])
    message = consumer.poll(20)
    consumer.close()
    with psycopg.connect(endpoints.database_url) as connection:
        row = connection.execute("SELECT what FROM kept").fetchone()
    with closing(clickhouse_connect.get_client(dsn=endpoints.clickhouse_dsn)) as client:
        value = client.command("SELECT a FROM kept.t")
    return {
        "kafka": message.value() if message is not None else None,
        "postgres": row,
        "clickhouse": value,
        "registry": register(endpoints.registry_url, "kept"),
    }


@contextmanager
def occupied(port: int) -> Iterator[None]:
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        yield


@contextmanager
def owner_of(machine: Machine) -> Iterator[subprocess.Popen[str]]:
    """A process that has started the stack for itself; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(machine.folder.path), str(machine.cache_dir)],
        env={k: v for k, v in machine.environment.items() if not k.startswith("ORDERTRUTH_")},
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        try:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "up\n"
            yield owner
        finally:
            owner.kill()


def test_whole_life(machine: Machine) -> None:
    """One story, because a start takes seconds: each step is what the next one stands on."""
    assert machine.run("status").returncode == 3
    started = machine.run("up")
    assert started.returncode == 0, started.stderr
    assert "Apache Kafka: healthy" in started.stderr
    schema_id = write_everywhere(machine.endpoints)
    kept = {"kafka": b"record", "postgres": ("row",), "clickhouse": 7, "registry": schema_id}
    assert record_schema_ids(machine.folder.schema_ids_file, machine.endpoints.registry_url)
    shown = machine.json("status")
    assert {part["state"] for part in shown["parts"].values()} == {"healthy"}
    assert machine.endpoints.database_url not in json.dumps(shown)
    assert machine.folder.record_file.stat().st_mode & 0o077 == 0

    _a_lost_part_is_told_and_mended(machine)
    _a_stack_whose_record_is_lost_is_still_found(machine)
    assert machine.run("up").returncode == 0
    assert read_everywhere(machine.endpoints) == kept

    os.kill(machine.record.supervisor.pid, signal.SIGKILL)
    assert until(machine.nothing_is_left), mentioning(machine.folder.path)
    assert machine.run("status").returncode == 3
    assert "stale" in machine.run("doctor").stdout

    taken = machine.folder.kept_ports()["kafka"]
    with occupied(taken), owner_of(machine) as owner:
        assert machine.endpoints.kafka_bootstrap != f"127.0.0.1:{taken}"
        assert read_everywhere(machine.endpoints) == kept
        assert machine.json("status")["owner"] == owner.pid
        owner.kill()
    assert until(machine.nothing_is_left), mentioning(machine.folder.path)

    _a_registry_with_other_ids_is_refused(machine, schema_id)


def _a_lost_part_is_told_and_mended(machine: Machine) -> None:
    lost = machine.record.parts["postgres"].process
    assert lost is not None
    os.kill(lost.pid, signal.SIGKILL)
    assert until(lambda: machine.record.parts["postgres"].state == "failed")
    shown = machine.run("status", "--json")
    assert shown.returncode == 3
    assert json.loads(shown.stdout)["parts"]["postgres"]["state"] == "failed"
    told = machine.run("doctor")
    assert told.returncode == 3
    assert "fail  PostgreSQL" in told.stdout
    assert "ordertruth up" in told.stdout
    others = {name: part.process for name, part in machine.record.parts.items() if name != "postgres"}

    assert machine.run("up").returncode == 0

    assert {part["state"] for part in machine.json("status")["parts"].values()} == {"healthy"}
    assert {name: part.process for name, part in machine.record.parts.items() if name != "postgres"} == others


def _a_stack_whose_record_is_lost_is_still_found(machine: Machine) -> None:
    machine.folder.record_file.unlink()

    stopped = machine.run("down")

    assert "The stack is down" in stopped.stdout
    assert machine.nothing_is_left()


def _a_registry_with_other_ids_is_refused(machine: Machine, schema_id: int) -> None:
    known = json.loads(machine.folder.schema_ids_file.read_text())
    machine.folder.schema_ids_file.write_text(json.dumps({**known, str(schema_id): "0" * 64}))
    refused = machine.run("up")
    assert refused.returncode == 3
    assert "mean other schemas" in refused.stderr
    assert "What to do: Restore the registry's data" in refused.stderr
    assert machine.nothing_is_left()
    machine.folder.schema_ids_file.write_text(json.dumps(known))


def test_port_that_was_asked_for_and_is_taken(machine: Machine) -> None:
    port = choose(["kafka"], {}, {})["kafka"]
    with occupied(port):
        refused = machine.run("up", ORDERTRUTH_STACK__KAFKA_PORT=str(port))
        told = machine.run("doctor", ORDERTRUTH_STACK__KAFKA_PORT=str(port))

    assert refused.returncode == 2
    assert f"ORDERTRUTH_STACK__KAFKA_PORT: port {port} is taken" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert told.returncode == 2
    assert until(machine.nothing_is_left)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_start_that_is_interrupted_leaves_nothing(machine: Machine, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "compose.cli", "up"],
        env=machine.environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as starting:
        assert starting.stderr is not None
        assert "starting" in starting.stderr.readline()
        os.kill(starting.pid, number)
        _, errors = starting.communicate(timeout=60)

    assert starting.returncode == 128 + number
    assert "Traceback" not in errors
    assert until(machine.nothing_is_left), mentioning(machine.folder.path)
    assert machine.run("down").returncode == 0


def test_wrong_setting_is_a_usage_error(machine: Machine) -> None:
    refused = machine.run("status", ORDERTRUTH_STACK__KAFKA_PROT="1")

    assert refused.returncode == 2
    assert "did you mean ORDERTRUTH_STACK__KAFKA_PORT" in refused.stderr
    assert machine.run("doctor", ORDERTRUTH_STACK__KAFKA_PROT="1").returncode == 2


def test_damaged_record_is_told_by_every_command(machine: Machine) -> None:
    machine.folder.prepare()
    machine.folder.record_file.write_text("{")
    try:
        for command in ("up", "down", "status", "doctor"):
            told = machine.run(command)
            assert told.returncode == 3, command
            assert "stack.json" in told.stdout + told.stderr
            assert "Traceback" not in told.stderr
    finally:
        machine.folder.record_file.unlink()


def test_stack_whose_folder_is_deleted_stops_itself(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> None:
    machine = Machine(new_state_dir(), jar_cache_dir)
    assert machine.run("up").returncode == 0
    supervisor = machine.record.supervisor
    ports = machine.ports()

    shutil.rmtree(machine.folder.path)

    assert until(lambda: supervisor.process() is None, 30)
    assert all(is_free(port) for port in ports)
    assert until(lambda: not mentioning(machine.folder.path))
