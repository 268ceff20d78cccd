"""The verifier against engines broken on purpose: each loses or doubles under a real kill, and is caught.

The control of each is the sound engine under the same fault, in which the verifier finds nothing.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from avro.registry import Registry
from compose.stack.guarded import GuardedProcess
from compose.supervise import environment
from compose.verify.derivation import Checked, Derivation, check
from compose.verify.rest import derivation_behind
from streams.testing import Record
from tests.streams.platform import eventually, told_on_failure

if TYPE_CHECKING:
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack

ORDERS = 12
HASTE_S = 6.0
KILLED = 128 + signal.SIGKILL


class Patient:
    """One worker on topics of its own, made to run with whichever engine, and the verifier over these topics."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        tag = uuid4().hex[:8]
        self.kafka = platform.endpoints.kafka_config()
        self.derivation = Derivation(
            f"broken-{tag}", *(f"broken-{tag}.{n}" for n in ("source", "derived", "changelog", "dead-letters"))
        )
        names = [v for k, v in asdict(self.derivation).items() if k != "consumer"]
        admin = AdminClient(dict(self.kafka))
        for made in admin.create_topics([NewTopic(name, 1, 1) for name in names]).values():
            made.result(20)
        eventually(lambda: set(names) <= admin.list_topics(timeout=10).topics.keys(), "the topics are there")
        self._armed = folder / "armed"
        self._log_path = folder / "worker.log"
        self._env = environment(platform.settings)
        self._registry_url = platform.endpoints.registry_url
        self._plan = {
            **asdict(self.derivation),
            "kafka": self.kafka,
            "registry_url": self._registry_url,
            "data_dir": str(folder),
            "armed": str(self._armed),
            "ghost": f"ghost-{tag}",
        }
        # by version, so that every order has events in each third: what is lost in one shows in the next
        events = sorted(platform.events(ORDERS, seed=400), key=lambda r: int(dict(r.headers)["ce_aggregateversion"]))
        third = len(events) // 3
        self.thirds = [events[:third], events[third : 2 * third], events[2 * third :]]

    def worker(self, engine: str) -> GuardedProcess:
        command = [sys.executable, "-m", "tests.streams.broken_worker", json.dumps({**self._plan, "engine": engine})]
        return GuardedProcess(command, log_path=self._log_path, env=self._env, stop_timeout_s=20.0)

    def publish(self, records: Sequence[Record]) -> None:
        producer = Producer({**self.kafka, "linger.ms": 5})
        for record in records:
            producer.produce(self.derivation.source, key=record.key, value=record.value, headers=list(record.headers))
        assert producer.flush(30) == 0

    def arm(self, moment: str) -> None:
        self._armed.write_text(moment)

    def disarm(self) -> None:
        self._armed.unlink()

    def has_read_everything(self) -> bool:
        return derivation_behind(self.kafka, self.derivation) == 0

    def await_rest(self) -> None:
        eventually(self.has_read_everything, "the worker has committed everything")

    def haunt(self) -> None:
        """Have a worker die that leaves its transaction open on the changelog."""
        with self.worker("ghost") as ghost:
            assert ghost.wait(30) == KILLED

    def lay_the_ghost(self) -> None:
        """End its transaction, as its successor or its timeout would."""
        Producer({**self.kafka, "transactional.id": self._plan["ghost"]}).init_transactions(30)

    def verdict(self) -> Checked:
        with Registry(self._registry_url) as registry:
            return check(self.kafka, registry.schema_for_id, self.derivation)


@pytest.fixture
def patient(platform: Platform, tmp_path: Path) -> Iterator[Patient]:
    made = Patient(platform, tmp_path)
    with told_on_failure(tmp_path / "worker.log"):
        yield made


def killed_at(patient: Patient, engine: str, moment: str) -> Checked:
    """The verdict over a worker that dies at a moment of a commit, and over its successor."""
    first, second, third = patient.thirds
    with patient.worker(engine) as worker:
        patient.publish(first)
        patient.await_rest()
        patient.arm(moment)
        patient.publish(second)
        assert worker.wait(30) == KILLED
    patient.disarm()
    patient.publish(third)
    with patient.worker(engine):
        patient.await_rest()
    return patient.verdict()


def killed_beside_an_open_transaction(patient: Patient, engine: str) -> tuple[Checked, bool]:
    """The verdict over a worker that is killed when it has committed above a dead worker's open transaction.

    And whether its successor went to work while that transaction was still open.
    """
    first, second, third = patient.thirds
    with patient.worker(engine) as worker:
        patient.publish(first)
        patient.await_rest()
        patient.haunt()
        patient.publish(second)
        patient.await_rest()
        worker.send_signal(signal.SIGKILL)
        assert worker.wait(30) == KILLED
    patient.publish(third)
    with patient.worker(engine):
        deadline = time.monotonic() + HASTE_S
        while not (hasty := patient.has_read_everything()) and time.monotonic() < deadline:
            time.sleep(0.1)
        patient.lay_the_ghost()
        patient.await_rest()
    return patient.verdict(), hasty


def assert_sound(checked: Checked) -> None:
    assert [str(m) for m in checked.mismatches] == []
    assert checked.balance == (0, 0)
    assert len(checked.derived) == ORDERS


@pytest.mark.parametrize("moment", ["before commit", "after commit"])
def test_the_sound_engine_killed_around_its_commit_loses_and_doubles_nothing(patient: Patient, moment: str) -> None:
    assert_sound(killed_at(patient, "sound", moment))


def test_input_offsets_committed_before_the_output_lose_it(patient: Patient) -> None:
    checked = killed_at(patient, "offsets first", "between")
    assert checked.balance.lost > 0
    lacking = {m.key for m in checked.mismatches if m.where == "derived topic"}
    assert lacking, "the orders are told that lack an event"


def test_input_offsets_committed_after_the_output_count_it_twice(patient: Patient) -> None:
    """The fold recognises every event that comes again, so only the accounting can show it."""
    checked = killed_at(patient, "offsets outside", "between")
    assert checked.balance.double_counted > 0
    assert {m.where for m in checked.mismatches} == {"accounting"}
    (repeated,) = [m for m in checked.mismatches if m.field == "duplicate"]
    assert (repeated.expected, repeated.actual) == (0, checked.balance.double_counted)


def test_restoring_only_to_the_last_stable_offset_loses_updates(patient: Patient) -> None:
    checked, hasty = killed_beside_an_open_transaction(patient, "last stable offset")
    assert hasty
    assert checked.balance.lost > 0
    assert {m.where for m in checked.mismatches} == {"derived topic", "accounting"}


def test_the_sound_engine_waits_for_the_open_transaction_and_loses_nothing(patient: Patient) -> None:
    checked, hasty = killed_beside_an_open_transaction(patient, "sound")
    assert not hasty, "it must not believe a state below a transaction that is still open"
    assert_sound(checked)
