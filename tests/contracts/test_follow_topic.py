"""The program consumers start from: it repeats nothing, skips nothing and hides nothing, whatever happens to it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError, URLError

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.codec import decode_body, writer_schema
from avro.contract import contract
from avro.registry import Registry
from compose.contracts.examples import demonstration
from streams.testing import MemoryContracts, Record, bad_magic, garbage, trailing, truncated, unknown_schema
from tests.conftest import REPOSITORY
from tests.streams.wire import published
from topics.catalogue import ORDER_STATE
from topics.contracts.export import DEFAULT_FOLDER
from topics.contracts.index import ALIASES_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from compose.stack.endpoints import Endpoints

PROGRAM = REPOSITORY / "docs" / "examples" / "follow_topic.py"
ALIASES = json.loads((DEFAULT_FOLDER / ALIASES_FILE).read_text(encoding="utf-8"))

_spec = importlib.util.spec_from_file_location("follow_topic", PROGRAM)
assert _spec is not None
assert _spec.loader is not None
program = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(program)

CONTRACTS = MemoryContracts()
HISTORIES = published(12, 3, CONTRACTS)
EVENTS = [record for history in HISTORIES for record in history]


class Arrived(NamedTuple):
    """A record as the client hands it out."""

    record: Record
    at: int

    def topic(self) -> str:
        return "facts"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes | None:
        return self.record.key

    def value(self) -> bytes | None:
        return self.record.value

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self.record.headers)


class Schemas:
    """The registry, from memory."""

    def __init__(self, contracts: MemoryContracts = CONTRACTS) -> None:
        self.away = False
        self._contracts = contracts

    def schema(self, number: int) -> Any:
        if self.away:
            raise URLError("nobody answers")
        try:
            return self._contracts.schema_for_id(number).parsed
        except Exception as error:
            raise program.UnreadableError(str(error)) from None


def arrived(records: Sequence[Record], first: int = 0) -> list[Arrived]:
    return [Arrived(record, first + number) for number, record in enumerate(records)]


def reader(schemas: Schemas | None = None) -> Any:
    return program.Reader(schemas or Schemas(), ALIASES)


def followed_by(records: Sequence[Record], batches: int = 1) -> Any:
    followed = program.Followed(":memory:")
    messages = arrived(records)
    size = -(-len(messages) // batches)
    for first in range(0, len(messages), size):
        followed.apply(messages[first : first + size], reader())
    return followed


def table(followed: Any, name: str) -> list[tuple[Any, ...]]:
    return list(followed.database.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall())


def newest(followed: Any) -> dict[str, tuple[int | None, str]]:
    return {key: (version, record) for key, version, record, _ in table(followed, "followed")}


def counts(followed: Any) -> dict[str, int]:
    return dict(table(followed, "counts"))


def expected(records: Sequence[Record]) -> dict[str, tuple[int, str]]:
    """The last version of each order and its name, by the headers alone."""
    found: dict[str, tuple[int, str]] = {}
    for record in records:
        assert record.key is not None
        headers = {name: text.decode() for name, text in record.headers}
        key, version = record.key.decode(), int(headers["ce_aggregateversion"])
        if version > found.get(key, (0, ""))[0]:
            found[key] = (version, headers["ce_dataschema"].rpartition(".")[2])
    return found


def test_the_newest_fact_of_each_key_is_kept() -> None:
    followed = followed_by(EVENTS)
    assert newest(followed) == expected(EVENTS)
    assert counts(followed) == {"applied": len(EVENTS)}
    assert followed.positions("facts") == {0: len(EVENTS)}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order_and_any_repetition_come_to_the_same(data: st.DataObject) -> None:
    records = [r for history in HISTORIES[:3] for r in history]
    again = data.draw(st.lists(st.sampled_from(records), max_size=20))
    shuffled = data.draw(st.permutations([*records, *again]))
    followed = followed_by(shuffled, data.draw(st.integers(1, 9)))
    assert newest(followed) == expected(records)
    assert table(followed, "early") == []
    assert counts(followed)["applied"] == len(records)
    assert counts(followed).get("repeated", 0) <= len(again)


def test_a_hole_is_waited_for() -> None:
    history = HISTORIES[0]
    followed = followed_by([history[0], *history[2:]])
    (kept,) = newest(followed).values()
    assert kept[0] == 1
    assert len(table(followed, "early")) == len(history) - 2
    followed.apply(arrived([history[1]], first=len(history)), reader())
    assert newest(followed) == expected(history)
    assert table(followed, "early") == []


def test_an_outage_of_the_registry_changes_nothing() -> None:
    schemas = Schemas()
    followed = program.Followed(":memory:")
    followed.apply(arrived(EVENTS[:5]), reader(schemas))
    before = newest(followed)
    schemas.away = True
    with pytest.raises(URLError):
        followed.apply(arrived(EVENTS[5:9], first=5), reader(schemas))
    assert newest(followed) == before
    assert followed.positions("facts") == {0: 5}
    schemas.away = False
    followed.apply(arrived(EVENTS[5:], first=5), reader(schemas))
    assert newest(followed) == expected(EVENTS)
    assert counts(followed) == {"applied": len(EVENTS)}


BAD = {
    "garbage": garbage,
    "bad magic": bad_magic,
    "unknown schema": unknown_schema,
    "trailing": trailing,
    "truncated": truncated,
    "no key": lambda record: record._replace(key=None),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_is_set_aside_and_holds_nobody_up(kind: str) -> None:
    first, second = HISTORIES[0], HISTORIES[1]
    followed = followed_by([BAD[kind](first[0]), *second])
    assert newest(followed) == expected(second)
    ((topic, partition, offset, why),) = table(followed, "unreadable")
    assert (topic, partition, offset) == ("facts", 0, 0)
    assert why
    assert followed.positions("facts") == {0: 1 + len(second)}


def test_derived_records_replace_each_other_and_tombstones_delete() -> None:
    states = [
        Record(p.key.encode(), CONTRACTS.encode("OrderState", _data(p.body)), list(p.headers))
        for p in demonstration(4, 5)
        if p.topic == ORDER_STATE.name
    ]
    followed = followed_by(states)
    assert {record for _, record in newest(followed).values()} == {"OrderState"}
    gone = states[0]
    assert gone.key is not None
    followed.apply(arrived([gone._replace(value=None)], first=len(states)), reader())
    assert gone.key.decode() not in newest(followed)
    assert counts(followed)["tombstone"] == 1


def _data(body: bytes) -> dict[str, Any]:
    return decode_body(body, writer_schema(contract("OrderState").text))


def test_foreign_names_are_put_right() -> None:
    schema = {
        "type": "record",
        "name": "OrderFulfilled",
        "namespace": "com.example.shop",
        "fields": [
            {
                "name": "items",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Line",
                        "fields": [{"name": "action", "type": "string"}, {"name": "note", "type": "string"}],
                    },
                },
            }
        ],
    }
    contracts = MemoryContracts(json.dumps(schema))
    value = contracts.encode("OrderFulfilled", {"items": [{"action": "DISCONNECT", "note": "DISCONNECT"}]})
    record = Record(b"acme:order-1", value, [("ce_aggregateversion", b"1")])
    followed = program.Followed(":memory:")
    followed.apply(arrived([record]), reader(Schemas(contracts)))
    ((key, version, name, stored),) = table(followed, "followed")
    assert (key, version, name) == ("acme:order-1", 1, "ProductOrderCompleted")
    assert json.loads(stored) == {"items": [{"action": "DELETE", "note": "DISCONNECT"}]}


@contextmanager
def registry_that_says(status: int) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_only_an_answer_makes_a_schema_unknown() -> None:
    with registry_that_says(404) as url, pytest.raises(program.UnreadableError):
        program.Registry(url).schema(7)
    with registry_that_says(503) as url, pytest.raises(HTTPError) as away:
        program.Registry(url).schema(7)
    away.value.close()
    with pytest.raises(URLError):
        program.Registry(url).schema(7)


def test_the_rules_name_parts_of_the_program() -> None:
    page = (REPOSITORY / "docs" / "consuming.md").read_text(encoding="utf-8")
    rules = [line.split("|")[3] for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rules) > 8
    for rule in rules:
        for named in rule.replace("table", "").replace(",", " ").split():
            part: Any = program
            name = named.strip("`")
            if name in program.TABLES:
                continue
            for step in name.split("."):
                part = getattr(part, step)


# --- on the real broker and registry ---


class Place(NamedTuple):
    """A topic of the test's own, and how the program is started on it."""

    topic: str
    database: Path
    environment: dict[str, str]
    kafka: dict[str, str]

    def start(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAM), self.topic, str(self.database), *options]
        return subprocess.Popen(
            command, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def catch_up(self) -> None:
        running = self.start("--until-caught-up")
        _, errors = running.communicate(timeout=60)
        assert running.returncode == 0, errors

    def read(self) -> Any:
        return program.Followed(str(self.database))

    def produce(self, records: Sequence[Record], producer: Producer | None = None) -> None:
        sender = producer or Producer({**self.kafka, "partitioner": "murmur2_random"})
        for record in records:
            sender.produce(self.topic, record.value, record.key, headers=list(record.headers))
        assert sender.flush(30) == 0


def place(stack: Endpoints, folder: Path, topic: str) -> Place:
    admin = AdminClient(stack.kafka_config())
    admin.create_topics([NewTopic(topic, 3, 1)])[topic].result(30)
    environment = {
        "PATH": os.environ["PATH"],
        "KAFKA_BOOTSTRAP_SERVERS": stack.kafka_bootstrap,
        "SCHEMA_REGISTRY_URL": stack.registry_url,
    }
    return Place(topic, folder / "followed.db", environment, stack.kafka_config())


class Registering:
    """Registers each record on the test's topic when it is first needed."""

    def __init__(self, registry: Registry, topic: str) -> None:
        self._registry = registry
        self._topic = topic

    def id_for(self, _: str, record_name: str) -> int:
        return self._registry.register(self._topic, record_name)


@pytest.mark.stack
def test_killed_and_started_again_it_ends_where_it_should(stack: Endpoints, tmp_path: Path) -> None:
    here = place(stack, tmp_path, "example.facts.v1")
    with Registry(stack.registry_url) as registry:
        histories = published(60, 11, Registering(registry, here.topic))
    events = [record for history in histories for record in history]
    swapped = [pair for n in range(0, len(events) - 1, 2) for pair in (events[n + 1], events[n])]
    here.produce(swapped)
    running = here.start()
    _eventually(lambda: here.database.is_file() and counts(here.read()).get("applied", 0) > 0)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate(timeout=30)
    here.produce(events[::3])  # repetitions, and whatever the swapping left out
    here.produce(events[-1:])
    here.catch_up()
    followed = here.read()
    assert newest(followed) == expected(events)
    assert table(followed, "early") == []
    assert counts(followed)["applied"] == len({(r.key, dict(r.headers)["ce_aggregateversion"]) for r in events})
    before = counts(followed)
    here.catch_up()
    assert counts(here.read()) == before, "nothing is read twice"
    assert sum(here.read().positions(here.topic).values()) == len(swapped) + len(events[::3]) + 1


@pytest.mark.stack
def test_what_a_transaction_took_back_is_never_seen(stack: Endpoints, tmp_path: Path) -> None:
    here = place(stack, tmp_path, "example.derived.v1")
    with Registry(stack.registry_url) as registry:
        number = registry.register(here.topic, "OrderState")
    states = [
        Record(p.key.encode(), b"\0" + number.to_bytes(4, "big") + p.body, list(p.headers))
        for p in demonstration(6, 7)
        if p.topic == ORDER_STATE.name
    ]
    producer = Producer({**here.kafka, "transactional.id": "example-derived", "partitioner": "murmur2_random"})
    producer.init_transactions(30)
    for records, commit in ((states[:3], True), (states[3:], False), ([states[0]._replace(value=None)], True)):
        producer.begin_transaction()
        here.produce(records, producer)
        (producer.commit_transaction if commit else producer.abort_transaction)(30)
    here.catch_up()
    assert set(newest(here.read())) == {r.key.decode() for r in states[1:3] if r.key is not None}
    assert counts(here.read()) == {"applied": 3, "tombstone": 1}


def _eventually(holds: Any, patience_s: float = 30.0) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            if holds():
                return
        except sqlite3.OperationalError:
            pass  # the program is writing
        assert time.monotonic() < deadline
        time.sleep(0.05)
