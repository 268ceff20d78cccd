"""Orders delivered by all owners together: what each says fits what the others say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from domain.asset.aggregate import ASSET
from domain.asset.states import AssetState
from domain.billing_handoff.aggregate import BILLING_HANDOFF
from domain.billing_handoff.states import BillingEffect, HandoffState
from domain.commercial import ChargeKind, Discount
from domain.errors import Refusal
from domain.fallout_case import commands as f
from domain.fallout_case.aggregate import FALLOUT_CASE
from domain.fallout_case.case import case_id_of
from domain.fallout_case.states import FalloutCause, FalloutNature, FalloutState, RepairKind, Resolution
from domain.fulfillment_plan import commands as p
from domain.fulfillment_plan.states import ObservedOutcome, PlanState, TaskState
from domain.order_state.states import Action, HeaderState, ItemState, Repair
from domain.product_order import commands as o
from domain.product_order.structure import OrderItem
from tests.domain.delivery import Delivery, Enterprise
from tests.domain.orders import item, price

FIRST, SECOND = "acme:order-1", "acme:order-2"
YEAR_ONE = Discount(percent=Decimal(20), periods=12, evidence_ref="deal-1")


def line(item_id: str, action: Action = Action.ADD, policy: str | None = None, **fields: Any) -> OrderItem:
    fields.setdefault("price_components", (price("10.00", discounts=(YEAR_ONE,)),))
    fields.setdefault("configuration_fingerprint", f"fp-{item_id}-{action}")
    return item(item_id, action, fulfillment_policy_ref=policy, **fields)


def branch_office() -> tuple[OrderItem, ...]:
    """R560: access with router, static IP, support and installation, at a discount in the first year."""
    fee = price("450.00", "install-fee", kind=ChargeKind.ONE_TIME, period=None)
    return (
        line("access"),
        line("router", policy="shipped.v1", parent_item_id="access", depends_on=("access",)),
        line("static-ip", parent_item_id="access", depends_on=("access",)),
        line("support", policy="digital.v1", parent_item_id="access", depends_on=("access",)),
        line("install", policy="on-site.v1", parent_item_id="access", price_components=(fee,)),
    )


def positions(enterprise: Enterprise, name: str) -> dict[str, int]:
    """Where in the course of events each item or task of an event lies."""
    return {
        event.task_id if hasattr(event, "task_id") else event.item_id: number
        for number, event in enumerate(enterprise.events)
        if type(event).__name__ == name
    }


def test_a_bundle_is_delivered_installed_and_handed_to_billing() -> None:
    """R173, R560, R561."""
    enterprise = Enterprise()
    delivery = Delivery(enterprise, FIRST, *branch_office()).run()
    assert delivery.order.state is HeaderState.COMPLETED
    assert delivery.plan.state is PlanState.COMPLETED
    assets, handoffs = enterprise.all(ASSET), enterprise.all(BILLING_HANDOFF)
    assert set(assets) == {f"{FIRST}/{i}" for i in delivery.order.items}
    for item_id, accepted in delivery.order.items.items():
        asset = assets[f"{FIRST}/{item_id}"]
        assert asset.state is AssetState.ACTIVE
        assert asset.configuration_fingerprint == accepted.configuration_fingerprint
        for component in accepted.price_components:
            handoff = handoffs[f"{FIRST}/{item_id}/{component.component_id}"]
            assert handoff.state is HandoffState.BILLING
            assert handoff.newest.terms.component == component
    completed, begun = (
        positions(enterprise, "ProductOrderItemCompleted"),
        positions(enterprise, "ProductOrderItemStarted"),
    )
    assert all(begun[i] > completed["access"] for i in ("router", "static-ip", "support"))
    started = positions(enterprise, "FulfillmentTaskStarted")
    ended = positions(enterprise, "FulfillmentTaskCompleted")
    assert started[f"{FIRST}/router/shipment"] > ended[f"{FIRST}/payment"]
    assert started[f"{FIRST}/install/visit"] > ended[f"{FIRST}/install/serviceability"]
    activated = {
        event.item_id: n for n, event in enumerate(enterprise.events) if type(event).__name__ == "AssetActivated"
    }
    asked = positions(enterprise, "BillingActivationRequested")
    assert all(asked[i] > activated[i] for i in asked)


@pytest.mark.parametrize(
    ("action", "asset", "handoff"),
    [
        (Action.MODIFY, AssetState.ACTIVE, HandoffState.BILLING),
        (Action.RENEW, AssetState.ACTIVE, HandoffState.BILLING),
        (Action.SUSPEND, AssetState.SUSPENDED, HandoffState.SUSPENDED),
        (Action.DELETE, AssetState.TERMINATED, HandoffState.ENDED),
        (Action.REPLACE, AssetState.TERMINATED, HandoffState.ENDED),
    ],
)
def test_a_change_reaches_asset_and_billing(action: Action, asset: AssetState, handoff: HandoffState) -> None:
    """R305, R459-R465, R562."""
    enterprise = Enterprise()
    Delivery(enterprise, FIRST, line("a")).run()
    installed = f"{FIRST}/a"
    named = "replaces_product_instance_id" if action is Action.REPLACE else "product_instance_id"
    change = Delivery(enterprise, SECOND, line("x", action, **{named: installed}), idempotency_key="key-2").run()
    assert change.order.state is HeaderState.COMPLETED
    assert enterprise.all(ASSET)[installed].state is asset
    assert enterprise.all(BILLING_HANDOFF)[f"{installed}/monthly"].state is handoff
    newest = enterprise.all(BILLING_HANDOFF)[f"{installed}/monthly"].newest
    assert (newest.order_id, newest.item_id) == (SECOND, "x")
    if action is Action.REPLACE:
        assert enterprise.all(ASSET)[f"{SECOND}/x"].state is AssetState.ACTIVE
        assert enterprise.all(BILLING_HANDOFF)[f"{SECOND}/x/monthly"].newest.effect is BillingEffect.BEGIN
    if action is Action.SUSPEND:
        back = line("y", Action.RESUME, product_instance_id=installed)
        Delivery(enterprise, "acme:order-3", back, idempotency_key="key-3").run()
        assert enterprise.all(ASSET)[installed].state is AssetState.ACTIVE
        assert enterprise.all(BILLING_HANDOFF)[f"{installed}/monthly"].state is HandoffState.BILLING


def detection(delivery: Delivery, item_id: str, task_id: str, cause: FalloutCause) -> tuple[str, dict[str, Any]]:
    """Case id and fields for the open fallout of an item."""
    (fallout_id,) = delivery.order.open_fallouts()
    fields = {
        "order_id": delivery.order_id,
        "account_id": delivery.order.account_id,
        "fallout_id": fallout_id,
        "item_id": item_id,
        "product_instance_id": delivery.order.items[item_id].product_instance_id,
        "task_id": task_id,
        "cause": cause,
        "failure_code": "NO_PORT",
        "evidence_ref": "answer-1",
    }
    return case_id_of(delivery.order_id, fallout_id), fields


def stuck(enterprise: Enterprise, *, retryable: bool = False) -> tuple[Delivery, str]:
    """An order whose item a cannot get its resource; b is delivered."""
    delivery = Delivery(enterprise, FIRST, line("a"), line("b"))
    task = next(t for t in delivery.ready() if t.item_id == "a")
    delivery.begin(task)
    failure = {"task_id": task.task_id, "attempt": 1, "failure_code": "NO_PORT", "retryable": retryable}
    delivery.plan_says(p.FailFulfillmentTask, **failure)
    delivery.order_says(o.FailProductOrderItem, item_id="a", repair=Repair.HUMAN, failure_code="NO_PORT")
    return delivery, task.task_id


def test_a_missing_resource_is_a_fallout_and_no_invoice() -> None:
    """R164, R170, R278, R400, R554, R564: what can be delivered is, the rest is given up on record."""
    enterprise = Enterprise()
    delivery, task_id = stuck(enterprise)
    assert delivery.order.state is HeaderState.FALLOUT
    case_id, fields = detection(delivery, "a", task_id, FalloutCause.RESOURCE_UNAVAILABLE)
    delivery.case_says(f.DetectFallout, "oms", case_id, **fields)
    delivery.run()
    assert delivery.plan.state is PlanState.BLOCKED
    delivery.case_says(
        f.CloseFalloutAsFailed,
        "order-manager",
        case_id,
        closed_as=FalloutNature.TERMINAL_TECHNICAL,
        rollback_ref="plan",
        customer_notice_ref="letter-1",
        reason_code="NO_FIBRE",
    )
    for name in ("billing", "asset", "service", "reservation"):
        begun = name == "reservation"
        task = f"{FIRST}/a/{name}"
        delivery.plan_says(p.CompensateFulfillmentTask, task_id=task, compensation_ref="undo-1" if begun else None)
    (fallout_id,) = delivery.order.open_fallouts()
    ended = {"fallout_id": fallout_id, "item_state": ItemState.FAILED_CLOSED, "repair_ref": case_id}
    delivery.order_says(o.ResolveProductOrderFallout, **ended)
    assert delivery.plan.state is PlanState.PARTIALLY_FULFILLED
    assert delivery.order.state is HeaderState.PARTIALLY_COMPLETED
    assert {event.item_id for event in enterprise.happened("BillingActivationRequested")} == {"b"}
    assert set(enterprise.all(ASSET)) == {f"{FIRST}/b"}


def test_a_repaired_fallout_goes_on_where_it_stopped() -> None:
    """R123, R146, R583."""
    enterprise = Enterprise()
    delivery, task_id = stuck(enterprise, retryable=True)
    case_id, fields = detection(delivery, "a", task_id, FalloutCause.RESOURCE_UNAVAILABLE)
    delivery.case_says(f.DetectFallout, "oms", case_id, **fields)
    delivery.case_says(f.AssignFallout, "order-manager", case_id, assignee_id="kim")
    repair = {
        "repair_id": "r-1",
        "kind": RepairKind.RETRY,
        "justification": "A port was freed.",
        "prior_state_hash": "before",
        "new_state_hash": "after",
        "evidence_ref": "ticket-1",
    }
    delivery.case_says(f.ApplyOrderRepair, "fulfillment-operator", case_id, actor_id="kim", **repair)
    delivery.plan_says(p.RetryFulfillmentTask, task_id=task_id)
    delivery.plan_says(p.CompleteFulfillmentTask, task_id=task_id, attempt=2, result_ref="answer-2")
    fallout_id = fields["fallout_id"]
    goes_on = {"fallout_id": fallout_id, "item_state": ItemState.IN_PROGRESS, "repair_ref": f"{case_id}/r-1"}
    delivery.order_says(o.ResolveProductOrderFallout, **goes_on)
    resolved = {"resolution": Resolution.REPAIRED, "verification_ref": "answer-2"}
    delivery.case_says(f.ResolveFallout, "order-manager", case_id, **resolved)
    delivery.run()
    assert delivery.order.state is HeaderState.COMPLETED
    assert enterprise.all(FALLOUT_CASE)[case_id].state is FalloutState.RESOLVED


def test_a_timeout_is_looked_up_and_never_repeated_blindly() -> None:
    """R251, R259, R396, R404: the service is provisioned once."""
    enterprise = Enterprise()
    delivery = Delivery(enterprise, FIRST, line("a", policy="digital.v1"))
    (task,) = delivery.ready()
    delivery.begin(task)
    delivery.plan_says(p.MarkFulfillmentTaskUnknown, task_id=task.task_id, attempt=1, detail="no answer")
    assert delivery.ready() == []
    with pytest.raises(Refusal):
        delivery.plan_says(p.RetryFulfillmentTask, task_id=task.task_id)
    seen = {"outcome": ObservedOutcome.SUCCEEDED, "observation_ref": "look-1", "observed_at": enterprise.now}
    delivery.plan_says(p.ResolveFulfillmentTaskOutcome, task_id=task.task_id, attempt=1, **seen)
    assert delivery.run().order.state is HeaderState.COMPLETED
    assert [event.task_id for event in enterprise.happened("FulfillmentTaskStarted")].count(task.task_id) == 1
    assert not enterprise.happened("FulfillmentTaskRetried")


def test_a_cancelled_item_is_compensated_before_it_is_cancelled() -> None:
    """R157, R299, R405."""
    enterprise = Enterprise()
    delivery = Delivery(enterprise, FIRST, line("a"), line("b"))
    first, *_ = delivery.ready()
    delivery.begin(first)
    delivery.finish(first)
    delivery.order_says(o.CancelProductOrder, item_ids=("a",))
    assert delivery.order.item_state("a") is ItemState.CANCELLING
    for name in ("billing", "asset", "service", "reservation"):
        evidence = "undo-1" if name == "reservation" else None
        delivery.plan_says(p.CompensateFulfillmentTask, task_id=f"{FIRST}/a/{name}", compensation_ref=evidence)
    delivery.order_says(o.CancelProductOrderItem, item_id="a")
    delivery.run()
    assert delivery.order.state is HeaderState.COMPLETED
    assert delivery.plan.state is PlanState.PARTIALLY_FULFILLED
    states = {s.state for s in delivery.plan.tasks.values() if s.task.item_id == "a"}
    assert states == {TaskState.COMPENSATED}
    assert set(enterprise.all(ASSET)) == {f"{FIRST}/b"}
