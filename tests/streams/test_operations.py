"""What operators see of real workers: ready and live, counts and lag, bounded memory, restarts, and a clean drain."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from prometheus_client.parser import text_string_to_metric_families

from compose.observe.outside import AppView, view_workers
from compose.stack.guarded import GuardedProcess
from compose.supervise import environment
from compose.verify import accounting
from compose.verify.raw import read_all
from sinks.kafka_topic import TopicDirectory
from streams.engine.limits import MEBIBYTE, Limits
from streams.engine.restore import restore
from tests.streams.odd_worker import HANG
from tests.streams.platform import eventually, kill, told_on_failure
from topics.catalogue import ORDER_STATE_CHANGELOG, PRODUCT_ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from streams.testing import Record
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack

APP = "order-state"


def view(platform: Platform, app: str = APP, instance: str = "0") -> AppView | None:
    found = view_workers(platform.settings.state_path, platform.endpoints, time.time())
    return next((w for w in found if (w.app, w.instance) == (app, instance)), None)


def state(platform: Platform, app: str = APP, instance: str = "0") -> str:
    found = view(platform, app, instance)
    return "absent" if found is None else found.state


def metrics(seen: AppView) -> dict[tuple[str, ...], float]:
    """Samples by name and the values of their labels, but for those of the application and its places."""
    with urllib.request.urlopen(f"{seen.health}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    found: dict[tuple[str, ...], float] = {}
    for sample in (s for f in families for s in f.samples):
        labels = [v for n, v in sorted(sample.labels.items()) if n not in {"app", "topic", "partition"}]
        key = (sample.name, *labels)
        found[key] = found.get(key, 0.0) + sample.value
    return found


def asked(seen: AppView, path: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{seen.health}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def waited_for(platform: Platform, app: str = APP, instance: str = "0") -> AppView:
    eventually(lambda: state(platform, app, instance) == "ready", f"{app} is ready")
    found = view(platform, app, instance)
    assert found is not None
    return found


def test_a_worker_tells_that_it_is_well_and_what_it_did(platform: Platform) -> None:
    load = platform.events(20, seed=401)
    before = platform.caught_up()
    with platform.worker() as worker, told_on_failure(worker.log_path):
        seen = waited_for(platform)
        assert asked(seen, "/readyz")[0] == asked(seen, "/livez")[0] == 200
        assert seen.lag == 0
        assert seen.restarts == 0
        platform.publish(load)
        platform.await_read(before.read + len(load))
        counts = metrics(seen)
        assert sum(v for (name, *_), v in counts.items() if name == "ordertruth_records_total") == len(load)
        assert counts["ordertruth_batches_total",] >= 1
        assert counts["ordertruth_transactions_total", "committed"] >= 1
        assert counts["ordertruth_transactions_total", "aborted"] == 0
        assert counts["ordertruth_input_position_offset",] == len(platform.published())
        assert counts["ordertruth_assigned_partitions",] == 4
        assert counts["ordertruth_rebalances_total",] == 1
        eventually(lambda: metrics(seen)["ordertruth_input_lag_records",] == 0, "no lag by its own account")
        now = view(platform)
        assert now is not None
        assert now.lag == 0
        assert now.last_commit is not None
        assert time.time() - now.last_commit < 60
        _status_and_doctor_show_it(platform, now)
        _a_port_that_is_taken_is_told_in_one_line(platform, int(seen.health.rpartition(":")[2]))

        kill(worker)
        eventually(lambda: (again := view(platform)) is not None and again.restarts == 1, "it came back, and says so")
        assert waited_for(platform).pid != seen.pid
    assert state(platform) == "absent", "one that was told to stop takes its record along"
    lines = [json.loads(line) for line in worker.log_path.read_text().splitlines()]
    assert all(line["app"] == APP and line["instance"] == "0" for line in lines), "no raw line among them"
    assert {"worker starts", "partitions adopted", "worker stopped"} <= {line["event"] for line in lines}


def ordertruth(platform: Platform, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose.cli", *words]
    return subprocess.run(
        command, env=environment(platform.settings), capture_output=True, text=True, timeout=60, check=False
    )


def _status_and_doctor_show_it(platform: Platform, seen: AppView) -> None:
    shown = ordertruth(platform, "status")
    assert shown.returncode == 0, shown.stdout
    (line,) = [line.split() for line in shown.stdout.splitlines() if line.startswith(f"{APP}/0")]
    assert line[1:3] == ["ready", "0"]
    assert str(seen.pid) in line
    told = json.loads(ordertruth(platform, "status", "--json").stdout)
    (worker,) = [w for w in told["workers"] if w["app"] == APP]
    assert worker["state"] == "ready"
    assert worker["lag"] == 0
    assert worker["restarts"] == 0
    assert worker["phase"] == "running"
    assert sum(worker["positions"][PRODUCT_ORDERS.name].values()) == len(platform.published())
    assert f"ok    {APP}/0: ready at {seen.health}" in ordertruth(platform, "doctor").stdout


def _a_port_that_is_taken_is_told_in_one_line(platform: Platform, port: int) -> None:
    refused = ordertruth(platform, "worker", "relay", "--instance", "9", "--health-port", str(port))
    assert refused.returncode == 2
    (line,) = [json.loads(line) for line in refused.stderr.splitlines()]
    assert (line["level"], line["app"], line["instance"]) == ("critical", "relay", "9")
    assert str(port) in line["error"]
    assert "--health-port" in line["what_to_do"]


def test_a_stopped_process_does_not_answer_and_its_lag_shows_from_outside(platform: Platform) -> None:
    load = platform.events(5, seed=402)
    before = platform.caught_up()
    with platform.worker() as worker, told_on_failure(worker.log_path):
        seen = waited_for(platform)
        os.kill(seen.pid, signal.SIGSTOP)
        try:
            platform.publish(load)
            found = view(platform)
        finally:
            os.kill(seen.pid, signal.SIGCONT)
        assert found is not None
        assert found.state == "no answer"
        assert found.lag == len(load)
        assert str(seen.pid) in found.what_to_do
        platform.await_read(before.read + len(load))


def paced(platform: Platform, load: Sequence[Record]) -> None:
    """Publish over some seconds: all at once, the worker would have read everything before it can be told to stop."""
    for start in range(0, len(load), 100):
        platform.publish(load[start : start + 100])
        time.sleep(0.1)


def test_a_worker_told_to_stop_under_load_has_committed_what_it_applied(platform: Platform) -> None:
    load = platform.events(400, seed=403)
    before = platform.caught_up()
    single = platform.single_worker()
    publishing = threading.Thread(target=paced, args=(platform, load))
    with told_on_failure(single.log_path):
        with single:
            waited_for(platform)
            publishing.start()
            platform.await_read(before.read + 1)
            asked_at = time.monotonic()
            single.send_signal(signal.SIGTERM)
            assert single.wait(20) == 0
            assert time.monotonic() - asked_at < 15
        publishing.join()
        drained = platform.read()
        assert drained.read < before.read + len(load), "it was told to stop under load"
        changelog = read_all(platform.endpoints.kafka_config(), ORDER_STATE_CHANGELOG.name)
        applied = {p: found.offsets[PRODUCT_ORDERS.name] for p, found in accounting.positions(changelog).items()}
        directory = TopicDirectory(platform.endpoints.kafka_config())
        assert directory.committed(APP, PRODUCT_ORDERS.name) == applied
        assert sum(applied.values()) == drained.read

        with platform.worker() as worker, told_on_failure(worker.log_path):
            seen = waited_for(platform)
            platform.await_read(before.read + len(load))
            counts = metrics(seen)
            read = {labels[0]: v for (name, *labels), v in counts.items() if name == "ordertruth_records_total"}
            assert sum(read.values()) == before.read + len(load) - drained.read, "nothing was read again"
            assert "duplicate" not in read
            assert counts["ordertruth_restored_records_total",] > 0


def test_a_successor_of_the_same_instance_takes_over_at_once_and_disturbs_nobody(platform: Platform) -> None:
    """Static membership: its name brings the partitions back, and whoever held them is fenced."""
    platform.caught_up()
    old, new = platform.single_worker("1"), platform.single_worker("1")
    with platform.worker() as other, told_on_failure(other.log_path, old.log_path), old:

        def shared_with(pid: int | None) -> bool:
            seen = [view(platform), view(platform, instance="1")]
            both = all(s is not None and len(s.lag_by_partition) == 2 and s.state == "ready" for s in seen)
            return both and seen[1] is not None and seen[1].pid == pid

        eventually(lambda: shared_with(old.pid), "the partitions are shared")
        seen = view(platform)
        assert seen is not None
        rebalances = metrics(seen)["ordertruth_rebalances_total",]
        with new:
            eventually(lambda: shared_with(new.pid), "they are shared with the successor")
            assert old.wait(60) != 0, "its predecessor was fenced and has ended"
            assert metrics(seen)["ordertruth_rebalances_total",] == rebalances, "the other one kept its partitions"
            assert shared_with(new.pid), "the predecessor's end took nothing along"


class OddPlatform:
    """Topics of their own and a worker with odd habits on them."""

    def __init__(self, platform: Platform, **plan: Any) -> None:
        self.platform = platform
        self.kafka = platform.endpoints.kafka_config()
        self.app = f"odd-{uuid4().hex[:8]}"
        names = {n: f"test-{self.app}.{n}" for n in ("topic", "changelog", "dlq")}
        self.topic, self.changelog = names["topic"], names["changelog"]
        large = {"max.message.bytes": str(2 * MEBIBYTE)}
        admin = AdminClient(dict(self.kafka))  # thrown away early, it would take the answers with it
        made = admin.create_topics([NewTopic(n, 1, 1, config=large) for n in names.values()])
        for answer in made.values():
            answer.result(20)
        self.plan = {"app": self.app, "kafka": self.kafka, "limits": {}, "seconds": 0.0, **names, **plan}

        self.log_path: Path = platform.settings.state_path / "logs" / f"{self.app}.log"

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    @contextmanager
    def worker(self, **environ: str) -> Iterator[AppView]:
        command = [sys.executable, "-m", "tests.streams.odd_worker", json.dumps(self.plan)]
        env = {**environment(self.platform.settings), **environ}
        with told_on_failure(self.log_path), GuardedProcess(command, log_path=self.log_path, env=env, stop_timeout_s=5):
            yield waited_for(self.platform, self.app)

    def publish(self, values: list[bytes]) -> None:
        producer = Producer({**self.kafka, "message.max.bytes": 2 * MEBIBYTE})
        for number, value in enumerate(values):
            producer.produce(self.topic, key=b"%d" % number, value=value)
            if number % 20 == 0:
                producer.flush(30)
        assert producer.flush(60) == 0

    def position(self) -> int:
        return restore(self.kafka, self.changelog, 0).position.offsets.get(self.topic, 0)


def test_a_hung_event_loop_shows_as_not_live_and_says_where(platform: Platform) -> None:
    odd = OddPlatform(platform)
    with odd.worker(ORDERTRUTH_WORKER__LIVE_TIMEOUT_S="2") as seen:
        assert asked(seen, "/livez")[0] == 200
        odd.publish([HANG])
        eventually(lambda: state(platform, odd.app) == "not live", "the hung loop shows", 20)
        status, told = asked(seen, "/livez")
        assert status == 503
        failing = {check["check"] for check in told["apps"][odd.app] if not check["holds"]}
        assert "event loop" in failing
        assert asked(seen, "/readyz")[0] == 200, "it has its partitions: starting it again is what helps"
        with urllib.request.urlopen(f"{seen.health}/stacks", timeout=10) as answer:
            assert "odd_worker.py" in answer.read().decode()
        assert metrics(seen)["ordertruth_live",] == 0
        os.kill(seen.pid, signal.SIGKILL)
        eventually(lambda: state(platform, odd.app) == "gone", "a worker that died shows")


def test_memory_stays_below_its_ceiling_while_a_slow_worker_reads_large_records(platform: Platform) -> None:
    limits = Limits(fetch_queue_mb=8, fetch_mb=2, poll_mb=4, backlog_mb=16, send_queue_mb=17, pause_after_seconds=0.2)
    count, size = 240, MEBIBYTE // 2
    odd = OddPlatform(platform, seconds=0.08, limits=asdict(limits))
    odd.publish([os.urandom(size) for _ in range(count)])
    with odd.worker() as seen:
        process = psutil.Process(seen.pid)
        base = next(line["resident_bytes"] for line in odd.log() if line["event"] == "at rest")
        peak, deadline = base, time.monotonic() + 120
        counts = metrics(seen)
        while counts.get(("ordertruth_records_total", "applied"), 0) < count:
            assert time.monotonic() < deadline
            for _ in range(10):
                peak = max(peak, process.memory_info().rss)
                time.sleep(0.02)
            counts = metrics(seen)
        assert counts["ordertruth_memory_ceiling_bytes",] == limits.ceiling_bytes
        assert counts["ordertruth_input_pauses_total",] >= 1, "reading was paused"
        print(f"{count * size / MEBIBYTE:.0f} MiB read, memory grew by {(peak - base) / MEBIBYTE:.0f} MiB")  # noqa: T201
        assert peak - base <= limits.ceiling_bytes < count * size / 2
        eventually(lambda: odd.position() == count, "everything is committed")
    found = restore(odd.kafka, odd.changelog, 0)
    assert found.position.counts[odd.topic].to_plain() == [count, count, 0, 0, 0]
    assert {found.store.get(b"%d" % n) for n in range(count)} == {str(size).encode()}
