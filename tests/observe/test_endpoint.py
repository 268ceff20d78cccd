"""A worker's answers over HTTP, without a broker: what they say, in which shape, and that nothing is left behind."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from compose.observe.collector import worker_registry
from compose.observe.endpoint import Answers, observed, served
from compose.observe.outside import INPUTS, view_workers
from compose.observe.register import enrol, enrolled, forget_the_dead, leave
from compose.observe.watched import Watched, WatchedAlerts, WatchedRelay, WatchedSink, WatchedStream
from compose.settings import Settings
from compose.stack.record import ProcessId
from compose.workers import SERVICES, STREAM_APPS, check_names
from domain.errors import ConfigurationError
from sinks.alerts import AlertService, Channel, ChannelKind
from sinks.alerts.outbox import Backlog
from sinks.consumer import SinkConsumer
from sinks.postgres.sink import PostgresSink
from streams.engine.batch import RecordBatch
from streams.engine.deadletter import DeadLetter
from streams.engine.engine import Engine, EngineConfig
from streams.engine.health import Phase
from streams.engine.processor import Counts, Output, State
from streams.engine.step import Step
from tests.conftest import EMBEDDED
from topics.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = {"bootstrap.servers": "127.0.0.1:9"}
NO_DATABASE = "postgresql://127.0.0.1:9/nothing"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


class Nothing:
    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        return Counts()


class NoContracts:
    def id_for(self, topic: str, record_name: str) -> int:
        raise AssertionError

    def schema_for_id(self, schema_id: int) -> Any:
        raise AssertionError


def everything() -> list[Watched]:
    """One application of each kind, of which only the stream application has something to tell."""
    engine = Engine(EngineConfig("derive", "0", NOWHERE, "changelog", {"owner": "dead-letters"}), Nothing())
    observer = engine.observer
    observer.reassigned()
    observer.restored(12, 0.3)
    observer.assigned(3, {("owner", 0): 5}, {0: 2})
    observer.enter(Phase.RUNNING)
    observer.ends({("owner", 0): 11})
    letter = DeadLetter("dead-letters", b"k", b"v", [("dlq_error_code", b"BAD_MAGIC")])
    batch = RecordBatch("owner", 0, 3, range(5, 9), range(4), [None] * 4, [None] * 4, [[]] * 4)
    out = Output("derived", b"k", b"v", [])
    observer.applied(batch, Step([out], [letter], Counts(4, applied=2, duplicate=1, dead_lettered=1)), 0.01)
    observer.committed({("owner", 0): 9}, {0: 3}, 0.02)
    sink = SinkConsumer(PostgresSink(NO_DATABASE), NOWHERE, NoContracts().schema_for_id)
    sink._places["derived", 1] = 4
    relay = Relay(NO_DATABASE, NOWHERE, NoContracts())
    relay.published_by_topic["owner"] = 3
    relay.pending, relay.parked = 2, 1
    channel = Channel("ops", ChannelKind.LOG)
    alerts = AlertService(NOWHERE, NoContracts().schema_for_id, NO_DATABASE, [channel])
    alerts.couriers[0].outcomes["taken"] = 2
    alerts.couriers[0].backlog = Backlog(waiting=3, sent=2, parked=1)
    return [WatchedStream(engine), WatchedSink(sink), WatchedRelay(relay), WatchedAlerts(alerts)]


@pytest.fixture
def watched() -> list[Watched]:
    return everything()


@pytest.fixture
def port(watched: list[Watched]) -> Iterator[int]:
    answers = Answers(watched, worker_registry(watched, 30.0), 30.0, {"name": "test-0", "pid": 1})
    with served(answers, 0) as bound:
        yield bound


def ask(port: int, path: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def text(port: int, path: str, accept: str = "") -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(answer.read().decode())


def stream_of(watched: list[Watched]) -> Engine:
    assert isinstance(watched[0], WatchedStream)
    return watched[0].engine


def test_an_answer_says_what_since_when_and_what_to_do(port: int, watched: list[Watched]) -> None:
    status, told = ask(port, "/readyz")
    assert status == 503, "sink and relay have not begun"
    assert told["ready"] is False
    (derive,), (sink,) = told["apps"]["derive"], told["apps"]["sink-postgres"]
    assert derive["holds"]
    assert not sink["holds"]
    assert sink["what_to_do"]
    assert datetime.now().astimezone() - datetime.fromisoformat(derive["since"]) < timedelta(minutes=5)
    status, told = ask(port, "/livez")
    assert status == 200, told
    assert told["live"] is True


def test_a_hung_event_loop_shows(port: int, watched: list[Watched]) -> None:
    observer = stream_of(watched).observer
    observer._beats["event loop"] = time.monotonic() - 31
    status, told = ask(port, "/livez")
    assert status == 503
    (hung,) = [check for check in told["apps"]["derive"] if not check["holds"]]
    assert hung["check"] == "event loop"
    assert "/stacks" in hung["what_to_do"]


def test_metrics_are_what_prometheus_reads(port: int) -> None:
    families = {f.name: f for f in text_string_to_metric_families(text(port, "/metrics"))}
    found = {
        (s.name, *(s.labels[label] for label in ("outcome", "code", "result", "topic") if label in s.labels)): s.value
        for family in families.values()
        for s in family.samples
        if s.labels.get("app") in {"derive", "relay"}
    }
    assert found["ordertruth_records_total", "applied", "owner"] == 2
    assert found["ordertruth_records_total", "dead_lettered", "owner"] == 1
    assert ("ordertruth_records_total", "stale", "owner") not in found
    assert found["ordertruth_dead_letters_total", "BAD_MAGIC", "owner"] == 1
    assert found["ordertruth_transactions_total", "committed"] == 1
    assert found["ordertruth_transactions_total", "aborted"] == 0
    assert found["ordertruth_input_lag_records", "owner"] == 2
    assert found["ordertruth_restored_records_total",] == 12
    assert found["ordertruth_commit_seconds_count",] == 1
    assert found["ordertruth_relay_sent_total", "owner"] == 3
    assert found["ordertruth_relay_pending_rows",] == 2
    assert found["ordertruth_relay_parked_rows",] == 1
    alerts = {s.name: s.value for f in families.values() for s in f.samples if s.labels.get("channel") == "ops"}
    assert alerts == {
        "ordertruth_alert_sent_total": 2,
        "ordertruth_alert_waiting_rows": 3,
        "ordertruth_alert_parked_rows": 1,
    }
    assert abs(found["ordertruth_last_commit_timestamp_seconds",] - time.time()) < 60
    assert {"process_resident_memory_bytes", "python_gc_collections"} <= families.keys()
    assert all(f.documentation for f in families.values())
    assert "# EOF" in text(port, "/metrics", "application/openmetrics-text")


def test_the_page_lists_every_metric_with_its_labels_and_no_other(port: int) -> None:
    told = {
        (_exposed(f.name, f.type), " ".join(sorted({*next(iter(f.samples)).labels} - {"le"})))
        for f in text_string_to_metric_families(text(port, "/metrics"))
        if f.name.startswith("ordertruth_") and f.samples
    }
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `ordertruth_")]
    written = {(row[1].strip(" `"), " ".join(sorted(row[2].replace("`", "").split()))) for row in rows}
    assert written == told


def _exposed(name: str, kind: str) -> str:
    return f"{name}_total" if kind == "counter" else name


def test_status_tells_positions_and_stacks_tell_where_threads_are(port: int) -> None:
    _, told = ask(port, "/status")
    derive = told["apps"]["derive"]
    assert derive["positions"] == {"owner": {"0": 9}}
    assert derive["lag"] == {"owner": {"0": 2}}
    assert derive["phase"] == "running"
    assert derive["last_commit"]
    assert "test_status_tells_positions" in text(port, "/stacks")
    status, told = ask(port, "/nothing")
    assert status == 404
    assert "/readyz" in told["error"]


def test_only_this_machine_is_answered_and_a_taken_port_is_told(port: int, watched: list[Watched]) -> None:
    answers = Answers(watched, worker_registry(watched, 30.0), 30.0, {})
    with pytest.raises(ConfigurationError, match=str(port)) as taken, served(answers, port):
        pass
    assert "--health-port" in taken.value.remediation


def test_nothing_is_left_when_it_is_over(watched: list[Watched]) -> None:
    before = threading.active_count()
    with served(Answers(watched, worker_registry(watched, 30.0), 30.0, {}), 0) as bound, ExitStack() as held:
        idle = held.enter_context(socket.create_connection(("127.0.0.1", bound)))
        ask(bound, "/livez")
        assert idle.fileno()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", bound), timeout=1)
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before


def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, _env_file=None, **EMBEDDED)


def test_a_worker_is_on_record_while_it_runs(tmp_path: Path, watched: list[Watched]) -> None:
    ours = settings(tmp_path)
    with observed(ours, watched, apps=["derive", "relay"], instance="7", port=0):
        (derive, relay) = view_workers(ours.state_path, None, time.time())
        assert (derive.app, derive.instance, derive.state, derive.lag) == ("derive", "7", "ready", None)
        assert (relay.state, relay.restarts) == ("not ready", 0)
        assert relay.what_to_do
        assert derive.last_commit is not None
        assert derive.told["positions"] == {"owner": {"0": 9}}
    assert enrolled(ours.state_path) == []


def test_one_that_fails_stays_on_record_and_its_successor_counts(tmp_path: Path, watched: list[Watched]) -> None:
    ours = settings(tmp_path)
    with (
        pytest.raises(RuntimeError, match="broken"),
        observed(ours, watched, apps=["derive"], instance="0", port=0),
    ):
        raise RuntimeError("broken")
    (left,) = enrolled(ours.state_path)
    assert view_workers(ours.state_path, None, time.time())[0].state == "no answer", "this process lives on"
    dead = tmp_path / "workers" / "derive-0.json"
    dead.write_text(dead.read_text().replace(str(left.process.pid), "999999999"))
    (gone,) = view_workers(ours.state_path, None, time.time())
    assert gone.state == "gone"
    assert not gone.is_good
    assert "ordertruth worker derive --instance 0" in gone.what_to_do
    with observed(ours, watched, apps=["derive"], instance="0", port=0):
        assert view_workers(ours.state_path, None, time.time())[0].restarts == 1


def test_records_of_the_dead_are_forgotten_on_request_and_a_successor_s_is_kept(tmp_path: Path) -> None:
    first = enrol(tmp_path, ["relay"], "0", 1)
    second = enrol(tmp_path, ["relay"], "0", 2)
    assert second.restarts == 0, "its predecessor has not ended"
    leave(tmp_path, first)
    forget_the_dead(tmp_path)
    assert enrolled(tmp_path) == [second]
    (tmp_path / "workers" / "odd.json").write_text("{}")
    assert enrolled(tmp_path) == [second]
    assert ProcessId.of(second.process.pid) == second.process


@pytest.mark.parametrize("instance", ["", "../up", "a b", "x" * 65])
def test_an_instance_that_is_no_name_is_refused(instance: str) -> None:
    with pytest.raises(ConfigurationError, match="instance"):
        check_names(["relay"], instance)


def test_every_application_that_reads_topics_has_its_lag_watched() -> None:
    assert INPUTS.keys() == {*STREAM_APPS, *SERVICES} - {"relay", "broker-observer"}
