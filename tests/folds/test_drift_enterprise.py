"""The drift rules over the simulated enterprise: nothing found without a fault, every fault found, nothing besides.

A larger run with faults is held to the same in tests/simulate/test_faults_are_found.py.
"""

from __future__ import annotations

from functools import cache

import pytest

from compose.simulate.faults.catalogue import BILLING, FAULTS
from compose.simulate.faults.consequences import CONSEQUENCES
from domain.drift.folds import drift_folds
from domain.drift.rulebook import RULES
from tests.folds.drift_run import Said, lived, missed, unexplained
from tests.folds.enterprise import told

CLEAN = [(200, 3), pytest.param((400, 3), marks=pytest.mark.full), pytest.param((400, 11), marks=pytest.mark.full)]
FAULTY = [(40, 7), pytest.param((1000, 7), marks=pytest.mark.full)]


@cache
def said(orders: int, seed: int, profile: str) -> Said:
    return lived(drift_folds(), told(orders, seed, profile).events)


@pytest.mark.parametrize("run", CLEAN, ids=str)
def test_nothing_is_found_at_any_time_where_nothing_went_wrong(run: tuple[int, int]) -> None:
    assert not said(*run, "none").ever


@pytest.mark.parametrize("run", FAULTY, ids=str)
def test_every_fault_is_found_and_nothing_that_follows_from_none(run: tuple[int, int]) -> None:
    events, truths = told(*run, "mixed")
    assert said(*run, "mixed").ever
    assert not missed(said(*run, "mixed"), truths)
    assert not unexplained(said(*run, "mixed"), events, truths)


def test_every_fault_has_a_rule_and_every_consequence_a_fault_and_a_rule() -> None:
    assert {fault.rule for fault in FAULTS} - set(RULES) == {BILLING}
    assert CONSEQUENCES.keys() <= {fault.name for fault in FAULTS}
    assert {c.rule for follow in CONSEQUENCES.values() for c in follow} <= {BILLING, *RULES}
