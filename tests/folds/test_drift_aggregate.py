"""Rules of space `aggregate`: what an aggregate's own events show, each by bad and by good events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.drift.aggregate.reading import Reading, Unreached, behind_since_us
from domain.drift.aggregate.seen import REMEMBERED, Seen, conflicts, gaps
from domain.fold.heard import Heard
from tests.folds.drift_events import assert_rule, at, event, found, money, name

Events = list[Heard]
MINUTE_US = 60_000_000


def order(version: int, minute: float, kind: str = "ProductOrderSubmitted", /, **more: Any) -> Heard:
    return event(kind, "order-1", version, minute, **more)


def late(minutes: int) -> Heard:
    event = order(1, 0)
    return replace(event, recorded_us=event.time_us + minutes * MINUTE_US)


def decided(kind: str = "ApprovalDecided", **more: Any) -> Heard:
    asked = {"input": {"discountPercent": Decimal(30)}, "authorityLimit": {"discountPercent": Decimal(50)}}
    return event(kind, "case-1", 2, 5, **{**asked, "requestedBy": "seller", "outcome": "APPROVED", **more})


def waived(limit: str, forgone: str, **more: Any) -> Heard:
    amounts = {"authorityLimit": money(limit), "amountPerPeriod": money(forgone)}
    return event("NonBillingReasonApproved", "reason-1", 2, 5, **amounts, **{"requestedBy": "clerk", **more})


def report(version: int, minute: float, committed: int, end: int) -> Heard:
    about = {"consumer": "mart", "topic": "charges", "partition": 3, "committedOffset": committed, "endOffset": end}
    return event("ConsumerCheckpointReported", "checkpoint-1", version, minute, **about)


CREATED = order(1, 0, "ProductOrderCreated", state="Draft", accountId=name("account-1"))
WRONG = replace(order(2, 5), source="billing")
CORRECTED = replace(order(3, 9), corrects=WRONG.event_id)
LITTLE = {"discountPercent": Decimal(5)}

PLANNED = [
    event("FulfillmentPlanCreated", "plan-1", 1, 0, tasks=[{"taskId": "task-1", "kind": "PROVISION_SERVICE"}]),
    event("FulfillmentTaskStarted", "plan-1", 3, 2, taskId="task-1", kind="PROVISION_SERVICE", taskState="UNKNOWN"),
]


def stepped(kind: str, version: int, left: str, entered: str, /, **more: Any) -> Heard:
    about = {"taskId": "task-1", "kind": "PROVISION_SERVICE", "fromTaskState": left, "taskState": entered, **more}
    return event(f"FulfillmentTask{kind}", "plan-1", version + 2, version + 2, **about)


CASES: dict[str, tuple[tuple[str, str], Callable[[], Events], Callable[[], Events]]] = {
    "event.version-gap": (
        ("ProductOrder", "order-1"),
        lambda: [order(1, 0), order(3, 5)],
        lambda: [order(1, 0), order(3, 5), order(2, 20)],
    ),
    "event.conflicting-duplicate": (
        ("ProductOrder", "order-1"),
        lambda: [order(1, 0), order(2, 5), order(2, 5, reasonCode="OTHER")],
        lambda: [order(1, 0), order(2, 5), order(2, 5)],
    ),
    "event.contradicts-itself": (
        ("ProductOrder", "order-1"),
        lambda: [order(1, 0, version=2)],
        lambda: [order(1, 0, version=1, orderId=name("order-1"), occurredAt=at(0))],
    ),
    "event.breaks-course": (
        ("ProductOrder", "order-1"),
        lambda: [CREATED, order(2, 5, fromState="Accepted", state="Submitted")],
        lambda: [CREATED, order(2, 5, fromState="Draft", state="Submitted")],
    ),
    "event.wrong-producer": (("ProductOrder", "order-1"), lambda: [WRONG], lambda: [WRONG, CORRECTED]),
    "event.command-shaped": (
        ("ProductOrder", "order-1"),
        lambda: [replace(order(1, 0), event_type="com.acme.oms.product-order.submit-product-order.v1")],
        lambda: [replace(order(1, 0), event_type="com.acme.oms.product-order.submitted.v1")],
    ),
    "event.missing-lineage": (
        ("ProductOrder", "order-1"),
        lambda: [replace(order(1, 0), correlation_id="")],
        lambda: [order(1, 0)],
    ),
    "event.late": (
        ("ProductOrder", "order-1"),
        lambda: [late(24 * 60 + 1)],
        lambda: [late(24 * 60)],
    ),
    "event.consumer-missed": (
        ("ConsumerCheckpoint", "checkpoint-1"),
        lambda: [report(1, 0, 5, 5), report(2, 10, 5, 9)],
        lambda: [report(1, 0, 5, 5), report(2, 10, 5, 9), report(3, 20, 9, 12), report(4, 30, 12, 12)],
    ),
    "state.decided-without-authority": (
        ("ApprovalCase", "case-1"),
        lambda: [decided(authorityLimit=LITTLE)],
        lambda: [decided(authorityLimit=LITTLE, outcome="REJECTED")],
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_broken_rule_is_found_and_an_honoured_one_is_not(rule: str) -> None:
    entity, bad, good = CASES[rule]
    assert_rule("aggregate", rule, entity, bad(), good())


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("event.version-gap", [order(2, 0)]),
        ("event.conflicting-duplicate", [order(1, 0), replace(order(2, 5), event_id=order(1, 0).event_id)]),
        ("event.missing-lineage", [replace(order(1, 0), causation_id="")]),
        ("event.wrong-producer", [replace(order(1, 0), source="")]),
        ("event.contradicts-itself", [order(1, 0, orderId=name("order-2"))]),
        ("event.contradicts-itself", [replace(order(1, 0, actorId="ada"), actor_id="ben")]),
        ("event.contradicts-itself", [order(1, 0, occurredAt=at(1))]),
        ("event.contradicts-itself", [order(1, 0, toState="Draft", state="Submitted")]),
        ("event.breaks-course", [order(1, 0)]),
        ("event.breaks-course", [CREATED, replace(CREATED, version=2, event_id="again")]),
        ("event.breaks-course", [CREATED, order(2, 5, accountId=name("account-2"))]),
        ("event.breaks-course", [*PLANNED, stepped("Completed", 2, "RUNNING", "COMPLETED")]),
        ("event.breaks-course", [*PLANNED, stepped("Started", 2, "PENDING", "RUNNING", kind="SHIP_EQUIPMENT")]),
        ("state.decided-without-authority", [decided(actorId="seller")]),
        ("state.decided-without-authority", [decided(evidence={"decidedBy": "seller"})]),
        ("state.decided-without-authority", [waived("10", "11")]),
        ("state.decided-without-authority", [waived("20", "11", actorId="clerk")]),
        (
            "state.decided-without-authority",
            [event("QuoteCorrectionApproved", "quote-1", 9, 5, correction={"requestedBy": "somebody"})],
        ),
        ("state.decided-without-authority", [event("CorrectionApproved", "record-1", 2, 5, requestedBy="somebody")]),
    ],
)
def test_further_ways_to_break_a_rule(rule: str, events: Events) -> None:
    assert [f.rule for f in found("aggregate", events) if f.rule == rule] == [rule]


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("state.decided-without-authority", [decided()]),
        ("state.decided-without-authority", [waived("11", "11")]),
        ("state.decided-without-authority", [decided(authorityLimit=LITTLE), replace(decided(), version=3)]),
        ("event.conflicting-duplicate", [order(1, 0), replace(order(1, 0), partition=2, offset=7)]),
    ],
)
def test_what_looks_alike_and_is_right(rule: str, events: Events) -> None:
    assert not [f for f in found("aggregate", events) if f.rule == rule]


def test_two_aggregates_of_one_id_are_two_aggregates() -> None:
    handoff = event("BillingActivationRequested", "product-1/recurring", 1, 0)
    reason = event("NonBillingReasonRequested", "product-1/recurring", 1, 5)
    assert not found("aggregate", [handoff, reason])


def test_a_stuck_consumer_counts_from_the_first_record_it_has_not_read() -> None:
    reports = [report(n, 2 * n, 50, 50 + 10 * n) for n in range(1, 40)]
    (one,) = found("aggregate", reports, 80)
    assert at(2) <= one.data["since"] < at(7)  # ends are remembered by five minutes
    assert one.data["correctedBy"] == "mart"
    assert one.data["summary"] == "mart stands 390 records behind the end of charges, partition 3."


def test_a_busy_consumer_that_keeps_up_is_never_found() -> None:
    reports = [report(n, n, 100 * n - 60, 100 * n) for n in range(1, 120)]
    for last in range(1, 120, 13):
        assert not found("aggregate", reports[:last], last + 1)


def test_a_consumer_that_went_back_is_found_when_it_stays_there() -> None:
    assert found("aggregate", [report(1, 0, 90, 90), report(2, 10, 10, 90)], 25)


def seen(*events: Heard) -> Any:
    held = None
    for one in events:
        held = Seen(one).joined(held)
    return held


@given(versions=st.lists(st.integers(1, 60), min_size=1, max_size=60), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_ranges_hold_exactly_what_was_seen_in_whatever_order(versions: list[int], seed: int) -> None:
    events = [order(version, version) for version in versions]
    shuffled = [*events, *Random(seed).sample(events, len(events) // 2)]
    Random(seed).shuffle(shuffled)
    held = seen(*shuffled)
    assert held == seen(*sorted(events, key=lambda e: e.version))
    missing = {v for first, last, _ in gaps(held) for v in range(first, last + 1)}
    assert missing == set(range(1, max(versions) + 1)) - set(versions)
    assert not list(conflicts(held))


def test_what_is_remembered_of_an_aggregate_stays_small() -> None:
    held = seen(*(order(version, version) for version in range(1, 2000)))
    assert held[0] == [[1, 1999, held[0][0][2]]]
    assert len(held[1]) == REMEMBERED


@given(
    reports=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 50), st.integers(0, 30)), min_size=1, max_size=30),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None)
def test_unreached_ends_are_joined_in_any_order(reports: list[tuple[int, int, int]], seed: int) -> None:
    said = [Unreached(committed, committed + behind, minute * MINUTE_US) for minute, committed, behind in reports]

    def joined(parts: list[Unreached]) -> Any:
        held = None
        for one in parts:
            held = one.joined(held)
        return held

    shuffled = [*said, *Random(seed).sample(said, len(said) // 2)]
    Random(seed).shuffle(shuffled)
    assert joined(shuffled) == joined(said)


def test_a_consumer_stands_behind_since_an_end_it_has_not_reached() -> None:
    held = None
    for minute, end in ((0, 10), (7, 20), (14, 30)):
        held = Unreached(15, end, minute * MINUTE_US).joined(held)
    assert held is not None
    assert behind_since_us(held, Reading("mart", "charges", 0, 15, 30), 14 * MINUTE_US) == 7 * MINUTE_US


def test_a_decision_says_how_far_its_authority_would_have_had_to_reach() -> None:
    rule = "state.decided-without-authority"
    (one,) = [f for f in found("aggregate", [decided(authorityLimit=LITTLE)]) if f.rule == rule]
    assert one.data["differences"] == [
        {"field": "authorityLimit", "expected": "at least 30 percent", "actual": "5 percent"}
    ]
    assert one.data["correctedBy"] == "cpq"
    assert one.entity_id == name("case-1")
