"""The billing handoff over whole enterprises: nothing found on a clean one, everything on a faulty one (R237-R239)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.simulate.faults.truth import Truth
from domain.billing_verdict import invariant
from domain.billing_verdict.fold import BillingHandoffs
from domain.billing_verdict.moments import DAY_US, moment_of
from domain.fold.fold import Row
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from tests.folds.convergence import assert_convergent
from tests.folds.enterprise import Told, told

CLEAN = 200, 3, "none"
FAULTY = 160, 234, "mixed"
HOUR_US = DAY_US // 24

CONSEQUENCES: Mapping[str, str] = {
    "order-unfinished": "billing follows a handoff whose item never says that it was completed",
    "price-altered": "the accepted price is not the one that was handed over and charged",
    "asset-unknown": "the item that changed the product names another one",
    "item-unknown": "the charge says that it rests on a request for an item nobody asked about",
    "charge-cancelled": "a charge of a cancelled item is undue, which is what its own rule says of it, too",
}
"""Faults with another rule that billing suffers from, each with what it makes of a row."""


@cache
def derived(orders: int, seed: int, profile: str) -> dict[tuple[str, str], Row]:
    run = told(orders, seed, profile)
    return rows_of(BillingHandoffs(), run.events, run.end_us + HOUR_US)


def records(rows: Mapping[tuple[str, str], Row], name: str) -> dict[str, Mapping[str, Any]]:
    return {key: row.data for (record, key), row in rows.items() if record == name}


def test_a_clean_enterprise_has_no_mismatch() -> None:
    rows = derived(*CLEAN)
    assert records(rows, "DriftFinding") == {}
    verdicts = {row["verdict"] for row in records(rows, "BillingHandoffVerdict").values()}
    assert verdicts == {"MATCHED", "NOT_DUE", "NOT_BILLABLE", "WAIVED"}


def billing_truths(run: Told) -> list[Truth]:
    return [truth for truth in run.truths if truth.rule == "billing.handoff"]


def test_every_injected_fault_is_found_with_its_verdict_and_entity() -> None:
    run = told(*FAULTY)
    found = {row["entityId"]: row for row in records(derived(*FAULTY), "DriftFinding").values()}
    truths = billing_truths(run)
    assert len({truth.verdict for truth in truths}) >= 6
    for truth in truths:
        finding = found.get(truth.entity_id) or _while_it_stood(run, truth)
        assert finding is not None, truth
        assert finding["entityType"] == truth.entity_type
        assert truth.verdict in (finding["verdict"], *finding["alsoFound"]), truth


def _while_it_stood(run: Told, truth: Truth) -> Mapping[str, Any] | None:
    """What is undue without an amount converges with the next order: it is found as long as it stands."""
    fold = BillingHandoffs()
    began = round(truth.at.timestamp()) * 1_000_000
    instance = str(truth.product_instance_id)
    about = [e for e in run.events if e.kind in fold.kinds and any(p.group.endswith(instance) for p in fold.places(e))]
    rows = rows_of(fold, [e for e in about if e.time_us <= began + DAY_US], began + DAY_US)
    found = records(rows, "DriftFinding").values()
    return next((row for row in found if row["entityId"] == truth.entity_id), None)


def test_nothing_else_is_found_but_what_other_faults_make_of_billing() -> None:
    run = told(*FAULTY)
    expected = {truth.entity_id for truth in billing_truths(run)}
    touched = _faults_of_products(run)
    for finding in records(derived(*FAULTY), "DriftFinding").values():
        if finding["entityId"] not in expected:
            faults = touched.get(finding["productInstanceId"], set())
            assert faults & CONSEQUENCES.keys(), (finding["summary"], faults)


def _faults_of_products(run: Told) -> dict[str, set[str]]:
    """The faults of every order that names a product."""
    by_order: dict[str | None, set[str]] = {}
    for truth in run.truths:
        by_order.setdefault(truth.order_id, set()).add(truth.fault)
        by_order.setdefault(truth.entity_id, set()).add(truth.fault)
    found: dict[str, set[str]] = {}
    for event in run.events:
        instance = event.data.get("productInstanceId")
        if instance and event.data.get("orderId") in by_order:
            found.setdefault(instance, set()).update(by_order[event.data["orderId"]])
    return found


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
def of_products(number: int) -> list[tuple[Heard, ...]]:
    """The events of the products with most events and of the faulty ones, each by itself."""
    fold = BillingHandoffs()
    groups: dict[str, list[Heard]] = {}
    for event in told(*FAULTY).events:
        if event.kind in fold.kinds:
            for place in fold.places(event):
                groups.setdefault(place.group, []).append(event)
    faulty = {str(truth.product_instance_id) for truth in billing_truths(told(*FAULTY))}
    chosen = sorted(groups, key=lambda g: (g.partition("/")[2] not in faulty, -len(groups[g]), g))[:number]
    return [tuple(groups[group]) for group in chosen]


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(0, 2**32))
def test_any_order_of_arrival_ends_in_the_same_rows(data: st.DataObject, seed: int) -> None:
    events = data.draw(st.sampled_from(of_products(40)))
    begun = data.draw(st.integers(0, len(events) - 1))
    # whole lives take hundreds of days, each of which may be a deadline: a part is enough to go wrong
    part = events[begun : begun + 14]
    until = max(event.time_us for event in part) + 3 * DAY_US
    assert_convergent(BillingHandoffs(), part, until, Random(seed))
