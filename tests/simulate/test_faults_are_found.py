"""Every fault that is made is found by its drift rule, and nothing is found but faults and what follows from them."""

from __future__ import annotations

from compose.simulate.faults.catalogue import BILLING
from domain.drift.folds import drift_folds
from domain.drift.rulebook import RULES
from tests.folds.drift_run import lived, missed, unexplained
from tests.folds.enterprise import heard
from tests.simulate.conftest import Faulty


def test_every_fault_is_found_by_its_rule_and_nothing_else_is(faulty: Faulty) -> None:
    events = tuple(heard(faulty.arrived))
    said = lived(drift_folds(), events)
    assert {truth.rule for truth in faulty.truths} - {BILLING} <= set(RULES)
    assert not missed(said, faulty.truths)
    assert not unexplained(said, events, faulty.truths)
