"""The drift rules over the simulated enterprise: nothing found without a fault, every fault found, nothing besides."""

from __future__ import annotations

from functools import cache

import pytest

from compose.simulate.faults.catalogue import BILLING, FAULTS
from compose.simulate.faults.truth import Truth
from domain.drift.folds import drift_folds
from domain.drift.rulebook import RULES
from tests.folds.drift_consequences import CONSEQUENCES, Reach
from tests.folds.drift_run import Entity, Said, lived
from tests.folds.enterprise import Told, told

CLEAN = [(200, 3), pytest.param((400, 3), marks=pytest.mark.full), pytest.param((400, 11), marks=pytest.mark.full)]
FAULTY = [(40, 7), (100, 3), *(pytest.param((1000, seed), marks=pytest.mark.full) for seed in (3, 7))]


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


@pytest.mark.parametrize("run", FAULTY, ids=str)
def test_everything_found_is_a_fault_or_follows_from_one(run: tuple[int, int]) -> None:
    run_told = told(*run, "mixed")
    true = {(t.rule, t.entity_type, t.entity_id) for t in run_told.truths}
    false = [e for e, data in said(*run, "mixed").ever.items() if e not in true and not _follows(run_told, e, data)]
    assert not false


def _follows(run_told: Told, entity: Entity, data: dict[str, str]) -> bool:
    """Whether a finding is a consequence of a fault around it."""
    return any(
        consequence.rule == entity[0] and _reaches(run_told, truth, consequence.reach, entity, data)
        for truth in run_told.truths
        for consequence in CONSEQUENCES.get(truth.fault, ())
    )


def _reaches(run_told: Told, truth: Truth, reach: Reach, entity: Entity, data: dict[str, str]) -> bool:
    if reach is Reach.ACCOUNT:
        return data["accountId"] == _account_of(run_told, truth.order_id)
    named = data["orderId"] or "", entity[2].partition("/")[0]  # the id of a product begins with its first order's
    return truth.order_id in [name.removesuffix("-ghost").removesuffix("-copy") for name in named]


def _account_of(run_told: Told, order_id: str | None) -> str | None:
    created = (e for e in run_told.events if e.kind == "ProductOrderCreated" and e.subject == order_id)
    return next((event.data["accountId"] for event in created), None)


def test_every_fault_has_a_rule_and_every_consequence_a_fault_and_a_rule() -> None:
    assert {fault.rule for fault in FAULTS} - set(RULES) == {BILLING}
    assert CONSEQUENCES.keys() <= {fault.name for fault in FAULTS} | {"account-merged"}
    assert {c.rule for follow in CONSEQUENCES.values() for c in follow} <= set(RULES)
