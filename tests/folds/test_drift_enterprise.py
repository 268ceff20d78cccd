"""The drift rules over the simulated enterprise: nothing found without a fault, every fault found, nothing besides."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pytest

from compose.simulate.faults.catalogue import BILLING, FAULTS
from compose.simulate.faults.consequences import CONSEQUENCES, follows
from domain.drift.folds import drift_folds
from domain.drift.rulebook import RULES
from tests.folds.drift_run import Said, lived
from tests.folds.enterprise import told

CLEAN = [(200, 3), pytest.param((400, 3), marks=pytest.mark.full), pytest.param((400, 11), marks=pytest.mark.full)]
FAULTY = [(40, 7), *(pytest.param((1000, seed), marks=pytest.mark.full) for seed in (3, 7))]


@cache
def said(orders: int, seed: int, profile: str) -> Said:
    return lived(drift_folds(), told(orders, seed, profile).events)


@pytest.mark.parametrize("run", CLEAN, ids=str)
def test_nothing_is_found_at_any_time_where_nothing_went_wrong(run: tuple[int, int]) -> None:
    assert not said(*run, "none").ever


@pytest.mark.parametrize("run", FAULTY, ids=str)
def test_every_fault_is_found(run: tuple[int, int]) -> None:
    truths = [t for t in told(*run, "mixed").truths if t.rule != BILLING]
    assert truths
    missed = [t for t in truths if (t.rule, t.entity_type, t.entity_id) not in said(*run, "mixed").ever]
    assert not missed


class Case(NamedTuple):
    """A finding as the consequences of faults are judged by."""

    rule: str
    entity_id: str
    order_id: str | None
    account_id: str | None
    product_instance_id: str | None


@pytest.mark.parametrize("run", FAULTY, ids=str)
def test_everything_found_is_a_fault_or_follows_from_one(run: tuple[int, int]) -> None:
    events, truths = told(*run, "mixed")
    accounts = {e.subject: e.data["accountId"] for e in events if e.kind == "ProductOrderCreated"}
    true = {(t.rule, t.entity_type, t.entity_id) for t in truths}
    others = {entity: data for entity, data in said(*run, "mixed").ever.items() if entity not in true}
    cases = {
        entity: Case(entity[0], entity[2], *(data[name] for name in ("orderId", "accountId", "productInstanceId")))
        for entity, data in others.items()
    }
    assert not [entity for entity, case in cases.items() if not follows(case, truths, accounts)]


def test_every_fault_has_a_rule_and_every_consequence_a_fault_and_a_rule() -> None:
    assert {fault.rule for fault in FAULTS} - set(RULES) == {BILLING}
    assert CONSEQUENCES.keys() <= {fault.name for fault in FAULTS}
    assert {c.rule for follow in CONSEQUENCES.values() for c in follow} <= {BILLING, *RULES}
