"""Partitions that come and go at bad moments: while they are restored, while their batches wait."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.streams.patient import Patient, assert_sound
from tests.streams.platform import eventually, told_on_failure

if TYPE_CHECKING:
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack


def test_partitions_revoked_while_they_are_restored_are_restored_again_by_whoever_gets_them(
    platform: Platform, tmp_path: Path
) -> None:
    patient = Patient(platform, tmp_path, partitions=2)
    half = len(patient.events) // 2
    with told_on_failure(patient.log_path):
        patient.publish(patient.events[:half])
        with patient.worker("sound", "0", restore_seconds=4.0) as first:
            eventually(patient.told("restoring").exists, "the first worker restores")
            patient.told("restoring").unlink()
            with patient.worker("sound", "1", restore_seconds=1.0) as second:
                eventually(patient.told("restoring", "1").exists, "the second worker has partitions")
                eventually(patient.told("restoring").exists, "the first one restores what it has left")
                patient.publish(patient.events[half:])
                patient.await_rest()
                assert first.poll() is second.poll() is None
            patient.await_rest()
        checked = patient.verdict()
    assert_sound(checked)
    assert len(checked.positions) == 2


def test_batches_of_partitions_that_were_lost_are_thrown_away_and_read_again(patient: Patient) -> None:
    half = len(patient.events) // 2
    patient.publish(patient.events)
    with patient.worker("sound", poll_records=5, apply_seconds=0.05) as worker:
        for times in (1, 2):
            eventually(lambda n=times: patient.committed() > n, "it is at work, and batches wait behind the first")
            patient.arm("lose partitions")
            eventually(lambda: not patient.is_armed(), "the partitions are lost and assigned again", 10)
            assert patient.committed() < half * 2, "in the middle of the load"
            time.sleep(0.3)
        patient.await_rest()
        assert worker.poll() is None
    assert_sound(patient.verdict())
