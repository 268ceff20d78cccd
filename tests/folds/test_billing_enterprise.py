"""The billing handoff over whole enterprises: nothing found on a clean one, everything on a faulty one (R237-R239)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.simulate.faults.consequences import follows
from compose.simulate.faults.truth import Truth
from domain.billing_verdict import invariant
from domain.billing_verdict.fold import BillingHandoffs
from domain.billing_verdict.moments import DAY_US, moment_of
from domain.fold.facts import Facts
from domain.fold.fold import BEFORE_TIME, Place, Row
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from tests.folds.convergence import assert_convergent
from tests.folds.enterprise import told

CLEAN = 200, 3, "none"
FAULTY = 160, 234, "mixed"
BIG_CLEAN = [pytest.param((400, seed, "none"), marks=pytest.mark.full) for seed in (3, 11)]
BIG_FAULTY = [pytest.param((1000, seed, "mixed"), marks=pytest.mark.full) for seed in (3, 7)]
HOUR_US = DAY_US // 24
Run = tuple[int, int, str]


@cache
def derived(orders: int, seed: int, profile: str) -> dict[tuple[str, str], Row]:
    """The rows that stand at the end."""
    run = told(orders, seed, profile)
    return rows_of(BillingHandoffs(), run.events, run.end_us + HOUR_US)


@cache
def found(orders: int, seed: int, profile: str) -> dict[str, list[Mapping[str, Any]]]:
    """Every finding ever said while the events come as they happen, by entity."""
    fold, run = BillingHandoffs(), told(orders, seed, profile)
    ever: dict[str, list[Mapping[str, Any]]] = {}
    for place, events in by_place(run.events).items():
        facts, reached = Facts(), BEFORE_TIME
        times = [event.time_us for event in events[1:]]
        for event, next_us in zip(events, [*times, run.end_us + HOUR_US], strict=True):
            facts.hear(event, fold.says(event, place))
            lasting = True
            while lasting:
                told_now = fold.derive(place, facts, Facts(), reached)
                for row in told_now.rows:
                    if row.record == "DriftFinding":
                        ever.setdefault(row.data["entityId"], []).append(row.data)
                lasting = told_now.wake_us is not None and told_now.wake_us <= next_us
                reached = told_now.wake_us or reached if lasting else reached
    return ever


def by_place(events: Iterable[Heard]) -> dict[Place, list[Heard]]:
    fold = BillingHandoffs()
    places: dict[Place, list[Heard]] = {}
    for event in sorted(events, key=lambda event: event.time_us):
        if event.kind in fold.kinds:
            for place in fold.places(event):
                places.setdefault(place, []).append(event)
    return places


def records(rows: Mapping[tuple[str, str], Row], name: str) -> dict[str, Mapping[str, Any]]:
    return {key: row.data for (record, key), row in rows.items() if record == name}


@pytest.mark.parametrize("run", [CLEAN, *BIG_CLEAN], ids=str)
def test_a_clean_enterprise_has_no_mismatch_at_any_time(run: Run) -> None:
    assert found(*run) == {}
    rows = derived(*run)
    assert records(rows, "DriftFinding") == {}
    verdicts = {row["verdict"] for row in records(rows, "BillingHandoffVerdict").values()}
    assert verdicts == {"MATCHED", "NOT_DUE", "NOT_BILLABLE", "WAIVED"}


def billing_truths(run: Run) -> list[Truth]:
    return [truth for truth in told(*run).truths if truth.rule == "billing.handoff"]


@pytest.mark.parametrize("run", [FAULTY, *BIG_FAULTY], ids=str)
def test_every_injected_fault_is_found_with_its_verdict_and_entity(run: Run) -> None:
    truths = billing_truths(run)
    assert len({truth.verdict for truth in truths}) >= 6
    for truth in truths:
        findings = found(*run).get(truth.entity_id, [])
        assert {finding["entityType"] for finding in findings} == {truth.entity_type}, truth
        assert truth.verdict in {finding["verdict"] for finding in findings}, truth


class Case(NamedTuple):
    """A finding as the consequences of faults are judged by."""

    rule: str
    entity_id: str
    order_id: str | None
    account_id: str | None
    product_instance_id: str | None


@pytest.mark.parametrize("run", [FAULTY, *BIG_FAULTY], ids=str)
def test_nothing_else_is_found_but_what_other_faults_make_of_billing(run: Run) -> None:
    true = {truth.entity_id for truth in billing_truths(run)}
    for entity, findings in found(*run).items():
        for finding in findings if entity not in true else ():
            about = (finding[name] for name in ("orderId", "accountId", "productInstanceId"))
            assert follows(Case("billing.handoff", entity, *about), told(*run).truths, {}), finding["summary"]


def completed(events: Iterable[Heard]) -> list[invariant.Completed]:
    accepted = [event.data for event in events if event.kind == "ProductOrderAccepted"]
    done = [event.data for event in events if event.kind == "ProductOrderItemCompleted"]
    return list(invariant.completed_components(accepted, done))


def broken(events: Iterable[Heard], rows: Mapping[tuple[str, str], Row], cases: Iterable[str]) -> set[str]:
    """Keys of the rows that break the invariant."""
    events = list(events)
    charges = [{**e.data, "version": e.version} for e in events if e.aggregate == "Charge"]
    reasons = [{**e.data, "version": e.version} for e in events if e.aggregate == "NonBillingReason"]
    found = invariant.violations(
        completed(events),
        records(rows, "BillingHandoffVerdict"),
        frozenset(cases),
        invariant.newest(charges, "chargeId"),
        invariant.newest(reasons, "reasonId"),
        moment_of(max(event.recorded_us for event in events)),
    )
    return {violation.completed.row_key for violation in found}


def test_the_invariant_holds_of_a_clean_enterprise_and_not_without_one_charge() -> None:
    events = told(*CLEAN).events
    assert len(completed(events)) > 100
    assert broken(events, derived(*CLEAN), ()) == set()
    rows = records(derived(*CLEAN), "BillingHandoffVerdict")
    lost = next(row for row in rows.values() if row["verdict"] == "MATCHED" and row["expected"]["kind"] == "RECURRING")
    left = [event for event in events if event.subject != lost["chargeId"]]
    assert broken(left, derived(*CLEAN), ()) == {lost["rowKey"]}
    rederived = rows_of(BillingHandoffs(), left, told(*CLEAN).end_us + HOUR_US)
    assert broken(left, rederived, ()) == {lost["rowKey"]}
    assert broken(left, rederived, {lost["rowKey"]}) == set()


def test_what_is_wrong_breaks_the_invariant_unless_its_case_is_open() -> None:
    events, rows = told(*FAULTY).events, derived(*FAULTY)
    mismatches = {row["entityId"] for row in records(rows, "DriftFinding").values()}
    assert broken(events, rows, ())
    assert broken(events, rows, mismatches) == set()


@pytest.mark.parametrize("change", ["drop-row", "waived-without-reason", "waits-too-long"])
def test_each_way_to_answer_for_nothing_is_a_violation(change: str) -> None:
    events, rows = told(*CLEAN).events, dict(derived(*CLEAN))
    wanted = "WAIVED" if change == "waived-without-reason" else "MATCHED"
    keys = {component.row_key for component in completed(events)}
    key = next(k for k in sorted(keys) if rows["BillingHandoffVerdict", k].data["verdict"] == wanted)
    row = rows.pop(("BillingHandoffVerdict", key))
    if change == "waits-too-long":
        data = {**row.data, "verdict": "AWAITING", "settleDeadline": row.data["since"]}
        rows["BillingHandoffVerdict", key] = Row(row.record, row.key, data)
    if change == "waived-without-reason":
        rows["BillingHandoffVerdict", key] = row
        events = tuple(event for event in events if event.subject != key or event.aggregate != "NonBillingReason")
    assert broken(events, rows, ()) == {key}


@cache
def of_products(number: int) -> list[list[Heard]]:
    """The events of the faulty products and of those with most events, each by itself."""
    faulty = {str(truth.product_instance_id) for truth in billing_truths(FAULTY)}
    places = by_place(told(*FAULTY).events)
    chosen = sorted(places, key=lambda p: (p.group.partition("/")[2] not in faulty, -len(places[p]), p))[:number]
    return [places[place] for place in chosen]


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(0, 2**32))
def test_any_order_of_arrival_ends_in_the_same_rows(data: st.DataObject, seed: int) -> None:
    events = data.draw(st.sampled_from(of_products(40)))
    begun = data.draw(st.integers(0, len(events) - 1))
    # whole lives take hundreds of days, each of which may be a deadline: a part is enough to go wrong
    part = events[begun : begun + 14]
    until = max(event.time_us for event in part) + 3 * DAY_US
    assert_convergent(BillingHandoffs(), part, until, Random(seed))
