"""Any permutation and duplication of events ends in the same findings, in every space; findings fit their contract."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_verdict.fold import BillingHandoffs
from domain.drift.folds import drift_folds
from domain.drift.rulebook import RULES
from domain.fold.facts import Facts
from domain.fold.fold import Fold
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from tests.folds.convergence import assert_convergent
from tests.folds.enterprise import told
from tests.folds.published import all_published, assert_fits

FOLDS = drift_folds()
spaces = pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.space)


@spaces
@given(seed=st.integers(0, 2**32))
@settings(max_examples=4, deadline=None)
def test_any_order_and_repetition_ends_in_the_same_findings(fold: Fold, seed: int) -> None:
    run = told(12, 5, "mixed")
    assert_convergent(fold, run.events, run.end_us, Random(seed))


@spaces
@given(seed=st.integers(0, 2**32))
@settings(max_examples=6, deadline=None)
def test_it_ends_alike_where_events_are_lost_and_forged(fold: Fold, seed: int) -> None:
    random = Random(seed)
    heard = [event for event in told(12, 5).events if event.kind in fold.kinds]
    kept = random.sample(heard, len(heard) * 4 // 5)
    forged = [
        replace(e, content=e.content ^ 1, event_id=f"{e.event_id}-forged")
        for e in random.sample(kept, min(20, len(kept)))
    ]
    assert_convergent(fold, [*kept, *forged], told(12, 5).end_us, random)


@spaces
def test_findings_fit_their_contract(fold: Fold) -> None:
    run = told(40, 7, "mixed")
    found = list(all_published(fold, run.events, run.end_us))
    for row, record in found:
        assert_fits(row, record, None)
        assert record["ruleVersion"] == RULES[record["ruleId"]].version
        assert record["derivation"]["inputs"], "every finding names the events that show it"
    assert len({row.key for row, _ in found}) == len(found)


@spaces
@given(seed=st.integers(0, 2**32))
@settings(max_examples=5, deadline=None)
def test_fields_that_foreign_producers_leave_out_stop_nothing(fold: Fold, seed: int) -> None:
    random = Random(seed)
    poor = [_poorer(event, random) for event in told(12, 5, "mixed").events]
    for row, record in all_published(fold, poor, told(12, 5, "mixed").end_us):
        assert_fits(row, record, None)


def _poorer(event: Heard, random: Random) -> Heard:
    return replace(event, data=_some(event.data, random))


def _some(value: Any, random: Random) -> Any:
    if isinstance(value, dict):
        return {name: _some(each, random) for name, each in value.items() if random.random() < 0.8}
    return [_some(each, random) for each in value] if isinstance(value, list) else value


@spaces
def test_what_is_kept_comes_back_as_it_was(fold: Fold) -> None:
    run = told(12, 5, "mixed")
    facts: dict[str, Facts] = {}
    for event in run.events:
        for place in fold.places(event) if event.kind in fold.kinds else ():
            known = Facts.from_plain(facts.setdefault(repr(place), Facts()).to_plain())
            known.hear(event, fold.says(event, place))
            facts[repr(place)] = known
    assert facts
    whole: dict[str, Facts] = {}
    for event in run.events:
        for place in fold.places(event) if event.kind in fold.kinds else ():
            whole.setdefault(repr(place), Facts()).hear(event, fold.says(event, place))
    assert {p: f.to_plain() for p, f in facts.items()} == {p: f.to_plain() for p, f in whole.items()}


def test_no_rule_belongs_to_two_spaces_and_none_to_no_space() -> None:
    looked_at = [rule for fold in FOLDS for rule in fold.rules]  # type: ignore[attr-defined]
    assert sorted(looked_at) == sorted(RULES)


def test_another_version_of_a_rule_runs_beside_the_first() -> None:
    run = told(40, 7, "mixed")
    late = RULES.changed({rule: {"version": "2"} for rule in RULES})
    for first, second in zip(FOLDS, drift_folds(late), strict=True):
        old, new = (rows_of(fold, run.events, run.end_us) for fold in (first, second))
        assert old.keys() == new.keys()
        assert first.rule_version != second.rule_version
        assert all(row.data["ruleVersion"] == "2" for row in new.values())


def test_products_are_grouped_as_for_billing_so_that_both_are_fed_one_copy() -> None:
    products, billing = next(fold for fold in FOLDS if fold.space == "product"), BillingHandoffs()
    shared = [event for event in told(12, 5).events if event.kind in products.kinds & billing.kinds]
    assert billing.space == products.space
    for event in shared:
        assert set(billing.places(event)) <= set(products.places(event))
