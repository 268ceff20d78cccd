"""Rules of space `order`, each by events that break it and by events that almost do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.fold.heard import Heard
from tests.folds.drift_events import assert_rule, at, event, found, money, name

Events = list[Heard]
ORDER = name("order-1")


def order(kind: str, version: int, minute: float, state: str, **data: Any) -> Heard:
    about = {"orderId": ORDER, "accountId": name("account-1"), "state": state, "toState": state}
    return event(f"ProductOrder{kind}", "order-1", version, minute, **{**about, **data})


def item(number: int, **more: Any) -> dict[str, Any]:
    return {
        "itemId": f"item-{number}",
        "action": "ADD",
        "quantity": 1,
        "offeringId": "offer",
        "cutoff": "COMPLETED",
        **more,
    }


def accepted(*items: dict[str, Any]) -> Events:
    known = list(items or (item(1),))
    return [
        order("Created", 1, 0, "Draft", items=known),
        order("Submitted", 2, 1, "Submitted"),
        order("Accepted", 3, 2, "Accepted", items=known),
    ]


def work(kind: str, version: int, minute: float, state: str, number: int = 1, **more: Any) -> Heard:
    return order(f"Item{kind}", version, minute, state, itemId=f"item-{number}", **more)


def completed(minute: float = 20) -> Events:
    return [
        *accepted(),
        work("Started", 4, 5, "InProgress"),
        work("Completed", 5, minute, "Completed"),
        order("Completed", 6, minute, "Completed"),
    ]


def plan(kind: str = "PROVISION_SERVICE", cutoff: str = "NEVER") -> Heard:
    tasks = [{"taskId": "task-1", "itemId": "item-1", "kind": kind, "cutoff": cutoff}]
    return event("FulfillmentPlanCreated", "plan-1", 1, 3, orderId=ORDER, tasks=tasks)


def task(kind: str, version: int, minute: float, state: str) -> Heard:
    about = {"orderId": ORDER, "taskId": "task-1", "itemId": "item-1", "taskState": state}
    return event(f"FulfillmentTask{kind}", "plan-1", version, minute, **about)


STARTED, DONE = task("Started", 2, 6, "RUNNING"), task("Completed", 3, 15, "COMPLETED")


def request(kind: str, version: int, minute: float, state: str, operation: str = "ACTIVATE") -> Heard:
    about = {"orderId": ORDER, "taskId": "task-1", "itemId": "item-1", "operation": operation, "toState": state}
    return event(f"Provisioning{kind}", "request-1", version, minute, state=state, **about)


def reservation(kind: str, minute: float, state: str, cause: str | None = None) -> Heard:
    about = {"orderId": ORDER, "taskId": "task-1", "itemId": "item-1", "state": state, "cause": cause}
    return event(f"ResourceReservation{kind}", "reservation-1", 2, minute, **about)


RESERVED = event(
    "ResourceReserved", "reservation-1", 1, 7, orderId=ORDER, taskId="task-1", itemId="item-1", state="RESERVED"
)


def payment(minute: float = 4, expires: float = 50_000) -> Heard:
    held = {"state": "AUTHORIZED", "expiresAt": at(expires), "amount": money("10")}
    return event("PaymentAuthorized", "payment-1", 1, minute, orderId=ORDER, **held)


def charge(kind: str, version: int, minute: float, state: str, item_id: str = "item-1", **more: Any) -> Heard:
    about = {"orderId": ORDER, "itemId": item_id, "state": state, **more}
    return event(f"Charge{kind}", "charge-1", version, minute, **about)


def invoice(minute: float, reason: str | None = None, amount: str = "10") -> Heard:
    claimed = {"invoiceId": "invoice-1", "amount": money(amount), "reasonCode": reason}
    return event("InvoiceIssued", "charge-1", 2, minute, orderId=ORDER, itemId="item-1", state="ACTIVE", **claimed)


def case(kind: str, version: int, minute: float, state: str) -> Heard:
    return event(kind, "case-1", version, minute, orderId=ORDER, itemId="item-1", state=state)


def fallout(minute: float, repair: str = "HUMAN") -> Events:
    about = {"falloutId": "fallout-1", "itemId": "item-1"}
    broken = {"repair": repair, "failureCode": "BROKEN"}
    state = "Fallout" if repair == "HUMAN" else "InProgress"
    return [
        *accepted(),
        work("Started", 4, 5, "InProgress"),
        order("FalloutRaised", 5, minute, state, **about, **broken),
    ]


def mended(minute: float) -> Heard:
    about = {"falloutId": "fallout-1", "itemId": "item-1", "itemState": "IN_PROGRESS"}
    return order("FalloutResolved", 6, minute, "InProgress", **about)


def cancelled(cutoff: str = "COMPLETED", *before: Heard) -> Events:
    asked = order("CancellationRequested", 8, 30, "Cancelling", itemIds=[])
    return [
        *accepted(item(1, cutoff=cutoff)),
        *before,
        asked,
        work("Cancelled", 9, 35, "Cancelled"),
        order("Cancelled", 10, 35, "Cancelled"),
    ]


WORKING = work("Started", 4, 5, "InProgress")
ENDED = [*accepted(), order("FailedClosed", 4, 20, "FailedClosed")]

CASES: dict[str, tuple[tuple[str, str], Callable[[], Events], Callable[[], Events]]] = {
    "state.header-vs-items": (
        ("ProductOrder", "order-1"),
        lambda: [*completed()[:-1], order("Completed", 6, 20, "InProgress", toState="Completed")],
        lambda: [*completed(), order("DetailsUpdated", 7, 25, "Completed", toState=None)],
    ),
    "state.completed-with-open-task": (
        ("ProductOrder", "order-1"),
        lambda: [*completed(), plan(), STARTED],
        lambda: [*completed(), plan(), STARTED, DONE],
    ),
    "state.tasks-done-order-open": (
        ("ProductOrder", "order-1"),
        lambda: [*accepted(), WORKING, plan(), STARTED, DONE],
        lambda: [*completed(), plan(), STARTED, DONE],
    ),
    "state.fallout-on-completed": (
        ("FalloutCase", "case-1"),
        lambda: [*completed(), case("FalloutDetected", 1, 10, "DETECTED")],
        lambda: [*completed(), case("FalloutDetected", 1, 10, "DETECTED"), case("FalloutResolved", 2, 19, "RESOLVED")],
    ),
    "state.provisioned-vs-task": (
        ("ProvisioningRequest", "request-1"),
        lambda: [*accepted(), plan(), STARTED, DONE, request("Started", 1, 7, "IN_PROGRESS")],
        lambda: [*accepted(), plan(), STARTED, DONE, request("Started", 1, 7, "IN_PROGRESS", "DEACTIVATE")],
    ),
    "state.reservation-lost": (
        ("Reservation", "reservation-1"),
        lambda: [*accepted(), plan("RESERVE_RESOURCE"), STARTED, reservation("Expired", 10, "EXPIRED")],
        lambda: [*accepted(), plan("RESERVE_RESOURCE"), STARTED, reservation("Released", 10, "RELEASED", "CONSUMED")],
    ),
    "state.reservation-held": (
        ("Reservation", "reservation-1"),
        lambda: [*completed(), plan("RESERVE_RESOURCE"), STARTED, DONE, RESERVED],
        lambda: [
            *(*completed(), plan("RESERVE_RESOURCE"), STARTED, DONE, RESERVED),
            reservation("Released", 49, "RELEASED", "CONSUMED"),
        ],
    ),
    "state.payment-unknown": (
        ("ProductOrder", "order-1"),
        lambda: [*accepted(), plan("AUTHORIZE_PAYMENT"), STARTED, DONE],
        lambda: [*accepted(), plan("AUTHORIZE_PAYMENT"), STARTED, DONE, payment(44)],
    ),
    "referential.handoff-unknown": (
        ("Charge", "charge-1"),
        lambda: [*completed(), charge("Activated", 1, 30, "ACTIVE", handoffId=name("handoff-1"))],
        lambda: [
            *(*completed(), charge("Activated", 1, 30, "ACTIVE", handoffId=name("handoff-1"))),
            event("BillingActivationRequested", "handoff-1", 1, 39, orderId=ORDER, itemId="item-1"),
        ],
    ),
    "state.payment-without-order": (
        ("PaymentAuthorization", "payment-1"),
        lambda: [*ENDED, payment()],
        lambda: [*ENDED, payment(), event("PaymentVoided", "payment-1", 2, 25, orderId=ORDER, state="VOIDED")],
    ),
    "state.charge-on-cancelled": (
        ("Charge", "charge-1"),
        lambda: [*cancelled(), charge("Activated", 1, 36, "ACTIVE")],
        lambda: [*cancelled(), charge("Activated", 1, 36, "ACTIVE"), charge("Terminated", 2, 40, "TERMINATED")],
    ),
    "state.invoiced-in-fallout": (
        ("Charge", "charge-1"),
        lambda: [*fallout(10), mended(50), charge("Activated", 1, 3, "ACTIVE"), invoice(30)],
        lambda: [*fallout(10), mended(50), charge("Activated", 1, 3, "ACTIVE"), invoice(60)],
    ),
    "state.cancelled-after-cutoff": (
        ("ProductOrder", "order-1"),
        lambda: cancelled("STARTED", WORKING),
        lambda: cancelled("PENDING_EXTERNAL", WORKING),
    ),
    "state.changed-without-amendment": (
        ("ProductOrder", "order-1"),
        lambda: [*accepted()[:2], order("Accepted", 3, 2, "Accepted", items=[item(1, quantity=2)])],
        lambda: [
            accepted()[0],
            order("Amended", 2, 1, "Draft", items=[item(1, quantity=2)]),
            order("Accepted", 3, 2, "Accepted", items=[item(1, quantity=2, productInstanceId="p-1")]),
        ],
    ),
    "referential.order-item-unknown": (
        ("Charge", "charge-1"),
        lambda: [*accepted(), charge("Activated", 1, 3, "ACTIVE", "item-9")],
        lambda: [*accepted(), charge("Activated", 1, 3, "ACTIVE", "item-9"), charge("Amended", 2, 9, "ACTIVE")],
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_broken_rule_is_found_and_an_honoured_one_is_not(rule: str) -> None:
    entity, bad, good = CASES[rule]
    assert_rule("order", rule, entity, bad(), good())


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("state.header-vs-items", [*accepted(), WORKING, order("Cancelled", 5, 9, "Cancelled")]),
        ("state.header-vs-items", [accepted()[0], WORKING, order("Rejected", 5, 9, "Rejected")]),
        ("state.provisioned-vs-task", [*accepted(), plan(), STARTED, request("Succeeded", 2, 9, "SUCCEEDED")]),
        ("state.tasks-done-order-open", [*completed()[:-1], plan(), STARTED, DONE]),
        ("state.reservation-lost", [*accepted(), plan(), STARTED, reservation("Released", 9, "RELEASED", "WITHDRAWN")]),
        ("state.reservation-lost", [*accepted(), plan(), STARTED, reservation("Expired", 10, "EXPIRED"), DONE]),
        ("state.cancelled-after-cutoff", cancelled("COMPLETED", WORKING, plan("SHIP_EQUIPMENT", "ON_START"), STARTED)),
        ("state.cancelled-after-cutoff", cancelled("COMPLETED", work("Completed", 5, 9, "Completed"))),
        ("state.changed-without-amendment", [*accepted()[:2], order("Accepted", 3, 2, "Accepted", items=[])]),
        ("state.invoiced-in-fallout", [*fallout(10), invoice(30)]),
        ("referential.order-item-unknown", [charge("Activated", 1, 3, "ACTIVE")]),
        (
            "referential.order-item-unknown",
            [*accepted(), event("AssetActivated", "p-1", 1, 3, orderId=ORDER, itemId="item-9", state="ACTIVE")],
        ),
    ],
)
def test_further_ways_to_break_a_rule(rule: str, events: Events) -> None:
    assert [f.rule for f in found("order", events) if f.rule == rule] == [rule]


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("state.tasks-done-order-open", [*accepted(), WORKING, plan(), DONE, cancelled()[-3]]),
        ("state.provisioned-vs-task", [*accepted(), plan(), STARTED, DONE, request("Succeeded", 2, 9, "SUCCEEDED")]),
        ("state.reservation-lost", [*accepted(), plan(), reservation("Expired", 4, "EXPIRED"), STARTED]),
        ("state.invoiced-in-fallout", [*fallout(10, "AUTO"), invoice(30)]),
        ("state.invoiced-in-fallout", [*fallout(10), invoice(30, "SPECIAL_RULE")]),
        ("state.invoiced-in-fallout", [*fallout(10), invoice(30, amount="-10")]),
        ("state.cancelled-after-cutoff", cancelled("STARTED")),
        ("referential.order-item-unknown", [accepted()[1], charge("Activated", 1, 3, "ACTIVE")]),
        ("state.payment-without-order", [*accepted(), payment()]),
        ("state.tasks-done-order-open", [*completed(), plan(), STARTED, DONE]),
        ("state.reservation-held", [*accepted(), plan("RESERVE_RESOURCE"), STARTED, DONE, RESERVED]),
    ],
)
def test_what_looks_alike_and_is_right(rule: str, events: Events) -> None:
    assert not [f for f in found("order", events) if f.rule == rule]


def test_a_payment_that_lapses_by_itself_is_no_finding_any_more() -> None:
    events = [*ENDED, payment(expires=100)]
    assert [f.rule for f in found("order", events, 99)] == ["state.payment-without-order"]
    assert not found("order", events, 100)
    assert not found("order", [*ENDED, payment(expires=40)])


def test_as_long_as_delivery_is_taken_back_a_payment_may_be_held() -> None:
    undone = [task("Started", 2, 6, "RUNNING"), task("Compensated", 3, 45, "COMPENSATED")]
    (one,) = [
        f for f in found("order", [*ENDED, payment(), plan(), *undone]) if f.rule == "state.payment-without-order"
    ]
    assert one.data["since"] == at(45)


def test_a_finding_says_what_whose_and_since_when() -> None:
    events = [*accepted()[:2], order("Accepted", 3, 2, "Accepted", items=[item(1, quantity=2)])]
    (one,) = found("order", events)
    assert one.data["differences"] == [{"field": "items.item-1.quantity", "expected": "1", "actual": "2"}]
    assert (one.data["orderId"], one.data["accountId"]) == (ORDER, name("account-1"))
    assert (one.data["correctedBy"], one.data["cause"]) == ("oms", "hour/oms/2026-03-02T09Z")
    assert one.data["summary"] == f"Order {ORDER} was accepted with other content than was submitted."


def test_a_producer_that_says_little_leads_to_no_finding_and_no_error() -> None:
    bare = [event(e.kind, "order-1", n, n, orderId=ORDER) for n, e in enumerate(completed(), start=1)]
    assert not found("order", [*bare, event("FulfillmentPlanCreated", "plan-1", 1, 3, orderId=ORDER)])
