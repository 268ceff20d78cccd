"""The verifier against engines broken on purpose: each loses or doubles under a real kill, and is caught.

The control of each is the sound engine under the same fault, in which the verifier finds nothing.
"""

from __future__ import annotations

import signal
import time

import pytest

from compose.verify.derivation import Checked
from streams.testing import Record
from tests.streams.patient import KILLED, Patient, assert_sound
from tests.streams.platform import eventually

pytestmark = pytest.mark.stack

WAIT_SEEN_S = 2.0


def thirds(patient: Patient) -> tuple[list[Record], list[Record], list[Record]]:
    third = len(patient.events) // 3
    return patient.events[:third], patient.events[third : 2 * third], patient.events[2 * third :]


def killed_at(patient: Patient, engine: str, moment: str) -> Checked:
    """The verdict over a worker that dies at a moment of a commit, and over its successor."""
    first, second, third = thirds(patient)
    with patient.worker(engine) as worker:
        patient.publish(first)
        patient.await_rest()
        patient.arm(moment)
        patient.publish(second)
        assert worker.wait(90) == KILLED
    patient.disarm()
    patient.publish(third)
    with patient.worker(engine):
        patient.await_rest()
    return patient.verdict()


def killed_beside_an_open_transaction(patient: Patient, engine: str, *, waits: bool) -> Checked:
    """The verdict over a worker that is killed when it has committed above a dead worker's open transaction.

    That transaction stays open until its successor has read everything, or is seen to wait for its end.
    """
    first, second, third = thirds(patient)
    with patient.worker(engine) as worker:
        patient.publish(first)
        patient.await_rest()
        patient.haunt()
        patient.publish(second)
        patient.await_rest()
        worker.send_signal(signal.SIGKILL)
        assert worker.wait(90) == KILLED
    patient.publish(third)
    for what in ("restoring", "restored"):
        patient.told(what).unlink()
    with patient.worker(engine):
        if waits:
            eventually(patient.told("restoring").exists, "the successor restores")
            time.sleep(WAIT_SEEN_S)
            assert not patient.told("restored").exists(), "a state below an open transaction must not be believed"
        else:
            patient.await_rest()
        patient.lay_the_ghost()
        patient.await_rest()
    return patient.verdict()


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
    checked = killed_beside_an_open_transaction(patient, "last stable offset", waits=False)
    assert checked.balance.lost > 0
    assert {m.where for m in checked.mismatches} == {"derived topic", "accounting"}


def test_the_sound_engine_waits_for_the_open_transaction_and_loses_nothing(patient: Patient) -> None:
    assert_sound(killed_beside_an_open_transaction(patient, "sound", waits=True))
