"""Faults on a real stack: a short run, and one with everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compose.chaos.schedule import plan
from tests.e2e.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.stack

SHORT = ("poison", "duplicates", "reordering", "rebalance", "zombie", "schema-evolution")


@pytest.fixture
def installation(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> Installation:
    return Installation(new_state_dir(), jar_cache_dir)


def judged(report: dict[str, Any], seed: int, kills: int, faults: tuple[str, ...] = ()) -> None:
    assert report["findings"] == []
    assert (report["lost"], report["double_counted"], report["accounting_ok"]) == (0, 0, True)
    assert report["verify"]["mismatches"] == 0
    assert report["zombie_commits_refused"] >= 1
    assert report["duplicates"]["on_topic"] == report["duplicates"]["counted"] > 0
    assert report["verify"]["dead_letters"] == report["poison"] >= 4
    schedule = plan(seed, kills, faults) if faults else plan(seed, kills)
    assert report["schedule"] == [step.to_plain() for step in schedule]
    assert [fault["number"] for fault in report["faults"]] == [step.number for step in schedule]
    killed = [fault["observed"] for fault in report["faults"] if fault["kind"] == "worker-kill"]
    assert len({one["pid"] for one in killed}) == kills, "each kill met a process of its own"
    assert report["good"]


@pytest.mark.timeout(600)
def test_a_short_run_loses_and_doubles_nothing(installation: Installation) -> None:
    report = installation.json("chaos", "--seed", "7", "--kills", "3", "--faults", ",".join(SHORT), timeout_s=540)

    judged(report, 7, 3, SHORT)
    rebalance = next(fault["observed"] for fault in report["faults"] if fault["kind"] == "rebalance")
    assert all(rebalance["joined"].values()), "each worker that joined had something to do"
    assert rebalance["restarts"] == 0, "partitions move without a worker being started again"
    assert report["worker_restarts"] == 3, "one for each kill, and none for anything else"
    zombie = next(fault["observed"] for fault in report["faults"] if fault["kind"] == "zombie")
    assert (zombie["refused_with"], zombie["control"]) == ("ILLEGAL_GENERATION", "accepted")
    assert report["folder"] == ""
    assert installation.left_over() == []
    assert "lost 0, double-counted 0, accounting ok" in installation.said


@pytest.mark.full
@pytest.mark.timeout(3000)
def test_twenty_kills_and_every_fault_lose_and_double_nothing(installation: Installation) -> None:
    report = installation.json("chaos", "--seed", "7", "--kills", "20", timeout_s=2900)

    judged(report, 7, 20)
    assert installation.left_over() == []
