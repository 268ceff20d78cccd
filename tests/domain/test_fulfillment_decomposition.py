"""Decomposition: repeatable, traceable, and in the right sequence (R296, R314, R472-R477)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Refusal
from domain.fulfillment_plan import commands as c
from domain.fulfillment_plan import events as e
from domain.fulfillment_plan.decomposition import (
    DecompositionContext,
    decompose,
    input_fingerprint,
    snapshot_of,
)
from domain.fulfillment_plan.rules import DECOMPOSITION_V1, RULES
from domain.fulfillment_plan.states import TaskCutoff, TaskKind
from domain.fulfillment_plan.task import FulfillmentTask
from domain.order_state.states import Action
from domain.product_order.structure import Cutoff, OrderIntent, OrderItem
from tests.domain.orders import ORDER_ID, Desk, item, price
from tests.domain.plans import PLAN_ID, PlanDesk, accepted, snapshot, task_id

K = TaskKind


def planned(*items: OrderItem, paid: bool = False, **fields: Any) -> dict[str, FulfillmentTask]:
    """Tasks of an order by their name within it."""
    context = DecompositionContext(payment_required=paid)
    tasks = decompose(snapshot(*items, **fields), DECOMPOSITION_V1, context)
    return {task.task_id.removeprefix(f"{ORDER_ID}/"): task for task in tasks}


def before(tasks: dict[str, FulfillmentTask], name: str) -> set[str]:
    """Every task that must be complete before this one, over any number of others."""
    found: set[str] = set()
    open_names = [name]
    while open_names:
        for needed in tasks[open_names.pop()].depends_on:
            short = needed.removeprefix(f"{ORDER_ID}/")
            if short not in found:
                found.add(short)
                open_names.append(short)
    return found


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        (Action.ADD, [K.RESERVE_RESOURCE, K.PROVISION_SERVICE, K.UPDATE_ASSET, K.REQUEST_BILLING]),
        (Action.MODIFY, [K.RESERVE_RESOURCE, K.CHANGE_SERVICE, K.UPDATE_ASSET, K.REQUEST_BILLING]),
        (Action.DELETE, [K.TERMINATE_SERVICE, K.RELEASE_RESOURCE, K.UPDATE_ASSET, K.REQUEST_BILLING]),
        (Action.SUSPEND, [K.SUSPEND_SERVICE, K.UPDATE_ASSET, K.REQUEST_BILLING]),
        (Action.RESUME, [K.RESUME_SERVICE, K.UPDATE_ASSET, K.REQUEST_BILLING]),
        (Action.RENEW, [K.EXTEND_TERM, K.UPDATE_ASSET, K.REQUEST_BILLING]),
        (
            Action.REPLACE,
            [
                K.RESERVE_RESOURCE,
                K.PROVISION_SERVICE,
                K.TERMINATE_SERVICE,
                K.RELEASE_RESOURCE,
                K.UPDATE_ASSET,
                K.REQUEST_BILLING,
            ],
        ),
        (Action.NO_CHANGE, []),
    ],
)
def test_each_action_decomposes(action: Action, kinds: list[TaskKind]) -> None:
    """R459-R466."""
    tasks = planned(
        accepted("a", action, product_instance_id="acme:x") if action is Action.NO_CHANGE else accepted("a", action)
    )
    assert sorted(task.kind for task in tasks.values()) == sorted(kinds)
    assert set(DECOMPOSITION_V1.steps) == set(Action)


def test_tasks_are_traceable_from_the_item_to_the_resource() -> None:
    """R296."""
    tasks = planned(accepted("a", Action.REPLACE))
    new, old = f"{ORDER_ID}/a", "acme:installed/a"
    assert {task.item_id for task in tasks.values()} == {"a"}
    assert tasks["a/service"].product_instance_id == new
    assert tasks["a/service"].service_id == f"{new}/service"
    assert tasks["a/reservation"].resource_id == f"{new}/resource"
    assert tasks["a/old-service"].product_instance_id == old
    assert tasks["a/old-resource"].resource_id == f"{old}/resource"


def test_a_static_ip_comes_after_the_access_it_depends_on() -> None:
    """R472: explicit dependencies of items are dependencies of their tasks."""
    tasks = planned(accepted("access"), accepted("static-ip", depends_on=("access",)))
    assert {"access/service", "access/asset", "access/billing"} <= before(tasks, "static-ip/reservation")


def test_nothing_ships_before_it_is_paid() -> None:
    """R473."""
    tasks = planned(accepted("device", policy="shipped.v1"), accepted("b"))
    assert tasks["payment"].kind is K.AUTHORIZE_PAYMENT
    assert tasks["payment"].item_id is None
    assert "payment" in before(tasks, "device/shipment")
    assert "payment" not in before(tasks, "b/service")
    assert "payment" not in planned(accepted("b"))
    assert "payment" in planned(accepted("b"), paid=True)
    assert planned(item("a", Action.NO_CHANGE), paid=True) == {}


def test_a_visit_is_scheduled_after_the_serviceability_check() -> None:
    """R474."""
    tasks = planned(accepted("install", policy="on-site.v1"))
    assert "install/serviceability" in before(tasks, "install/visit")
    both = planned(accepted("router", policy="shipped-on-site.v1"))
    assert {"router/serviceability", "router/shipment", "payment"} <= before(both, "router/visit")


def test_members_of_a_bundle_come_after_their_parent_and_go_before_it() -> None:
    """R475: an add-on needs its subscription, and a subscription is not ended under its add-ons."""
    added = planned(accepted("a"), accepted("b", parent_item_id="a"))
    assert "a/service" in before(added, "b/service")
    assert "a/service" not in before(added, "b/reservation")
    ended = planned(accepted("a", Action.DELETE), accepted("b", Action.DELETE, parent_item_id="a"))
    assert "b/service" in before(ended, "a/service")
    mixed = planned(accepted("a"), accepted("b", Action.DELETE, parent_item_id="a"))
    assert "a/service" not in before(mixed, "b/service")


def test_a_stated_dependency_outranks_the_rule_of_bundles() -> None:
    """R308: hierarchy and dependency are two structures, and they may point in opposite directions."""
    tasks = planned(accepted("a", depends_on=("b",)), accepted("b", parent_item_id="a"))
    assert "b/service" in before(tasks, "a/service")
    assert "a/service" not in before(tasks, "b/service")


def test_the_old_product_ends_after_its_replacement_is_live() -> None:
    """R476."""
    tasks = planned(accepted("a", Action.REPLACE))
    assert "a/service" in before(tasks, "a/old-service")
    assert "a/old-service" in before(tasks, "a/asset")


@pytest.mark.parametrize("action", sorted(set(Action) - {Action.NO_CHANGE}))
def test_billing_comes_after_the_service_and_the_asset(action: Action) -> None:
    """R477."""
    assert {"a/service", "a/asset"} <= before(planned(accepted("a", action)), "a/billing")


def test_what_does_not_bill_has_no_billing_task() -> None:
    """R469, R470."""
    migrated = planned(accepted("a"), intent=OrderIntent.INTERNAL_MIGRATION)
    assert "a/billing" not in migrated
    assert "a/asset" in migrated
    ended = planned(accepted("a", Action.DELETE), intent=OrderIntent.INTERNAL_MIGRATION)
    assert "a/billing" in ended
    included = accepted("b", price_components=(price("5.00", billed_through_item_id="a"),))
    tasks = planned(accepted("a"), included)
    assert "a/billing" in tasks
    assert "b/billing" not in tasks


def test_cutoffs_of_items_hold_for_their_tasks() -> None:
    """R299."""
    started = planned(accepted("a", cutoff=Cutoff.STARTED))
    assert {task.cutoff for task in started.values()} == {TaskCutoff.ON_START}
    external = planned(accepted("a", policy="shipped.v1", cutoff=Cutoff.PENDING_EXTERNAL))
    assert [n for n, t in external.items() if t.cutoff is TaskCutoff.ON_START] == ["a/shipment"]
    assert {task.cutoff for task in planned(accepted("a")).values()} == {TaskCutoff.NEVER}


_ACTIONS = st.sampled_from(sorted(Action))
_POLICIES = st.sampled_from(sorted(DECOMPOSITION_V1.needs))


@st.composite
def orders(draw: st.DrawFn) -> tuple[OrderItem, ...]:
    names = "abcde"[: draw(st.integers(1, 5))]
    made: list[OrderItem] = []
    for number, name in enumerate(names):
        parent = draw(st.sampled_from((None, *names[:number])))
        after = draw(st.lists(st.sampled_from(names[:number]), unique=True)) if number else []
        line = accepted(name, draw(_ACTIONS), draw(_POLICIES), parent_item_id=parent, depends_on=tuple(after))
        made.append(line.model_copy(update={"product_instance_id": line.product_instance_id or f"acme:x/{name}"}))
    # Numbers and directions are mixed, so that parents may depend on their members, too.
    if draw(st.booleans()):
        made = [line.model_copy(update={"depends_on": ()}) for line in made]
        made = [
            line.model_copy(update={"depends_on": tuple(m.item_id for m in made if m.parent_item_id == line.item_id)})
            for line in made
        ]
    return tuple(made)


@settings(max_examples=60, deadline=None)
@given(orders(), st.booleans())
def test_decomposition_is_repeatable_and_can_be_carried_out(items: tuple[OrderItem, ...], paid: bool) -> None:
    """R314: the same tasks in the same order every time, each after all it depends on."""
    context = DecompositionContext(payment_required=paid)
    tasks = decompose(snapshot(*items), DECOMPOSITION_V1, context)
    assert decompose(snapshot(*items), DECOMPOSITION_V1, context) == tasks
    done: set[str] = set()
    for task in tasks:
        assert set(task.depends_on) <= done
        assert task.task_id not in done
        done.add(task.task_id)
    by_item = {task.item_id for task in tasks} - {None}
    assert by_item == {line.item_id for line in items if line.executable}
    for line in items:
        for needed in line.depends_on:
            later = [t for t in tasks if t.item_id == line.item_id]
            earlier = [t.task_id for t in tasks if t.item_id == needed]
            names = {t.task_id.removeprefix(f"{ORDER_ID}/"): t for t in tasks}
            for task in later:
                short = task.task_id.removeprefix(f"{ORDER_ID}/")
                assert {i.removeprefix(f"{ORDER_ID}/") for i in earlier} <= before(names, short)


def test_the_order_of_the_lines_in_the_request_does_not_matter() -> None:
    lines = (accepted("a"), accepted("b", depends_on=("a",)), accepted("c", parent_item_id="a"))
    expected = list(planned(*lines))
    assert all(list(planned(*shuffled)) == expected for shuffled in permutations(lines))


def test_an_unknown_fulfillment_policy_has_no_mapping() -> None:
    """R444."""
    with pytest.raises(Refusal) as caught:
        planned(accepted("a", policy="by-pigeon.v1"))
    assert caught.value.code == "FEASIBILITY_NO_MAPPING"
    assert "by-pigeon.v1" in caught.value.message


def test_an_order_that_is_not_accepted_has_no_plan() -> None:
    with pytest.raises(Refusal) as caught:
        planned(item("a"))
    assert caught.value.code == "STATE_NOT_ACCEPTED"


def test_the_input_fingerprint_names_what_the_tasks_depend_on() -> None:
    """R314."""
    order, context = snapshot(accepted("a")), DecompositionContext()
    same = input_fingerprint(order, "decomposition.v1", context)
    assert input_fingerprint(order.model_copy(update={"order_version": 99}), "decomposition.v1", context) == same
    assert input_fingerprint(order, "decomposition.v2", context) != same
    assert input_fingerprint(order, "decomposition.v1", DecompositionContext(payment_required=True)) != same
    assert input_fingerprint(snapshot(accepted("b")), "decomposition.v1", context) != same


def test_a_plan_is_made_of_an_accepted_order() -> None:
    """R295, R315."""
    order = Desk(item("a", price_components=(price("9.00"),))).accepted().standing
    desk = PlanDesk(*order.items.values())
    created = desk.events[0]
    assert isinstance(created, e.FulfillmentPlanCreated)
    assert created.tasks == decompose(snapshot_of(order), RULES[created.rules_version], DecompositionContext())
    assert created.tasks[0].task_id == task_id("a/reservation")
    wrong = {"order": snapshot(accepted("a")), "rules_version": "decomposition.v1"}
    assert desk.refused(c.CreateFulfillmentPlan, **wrong).code == "CONFLICT_PLAN_EXISTS"
    desk.plan = None
    assert desk.refused(c.CreateFulfillmentPlan, **{**wrong, "rules_version": "v0"}).code == "REFERENCE_RULES_UNKNOWN"
    idle = {"order": snapshot(item("a", Action.NO_CHANGE)), "rules_version": "decomposition.v1"}
    assert desk.refused(c.CreateFulfillmentPlan, **idle).code == "STATE_NOTHING_TO_PLAN"
    other = snapshot(accepted("a")).model_copy(update={"order_id": "acme:order-2"})
    misplaced = desk.refused(c.CreateFulfillmentPlan, order=other, rules_version="decomposition.v1")
    assert misplaced.code == "STRUCTURAL_PLAN_ID"
    foreign = snapshot(accepted("a")).model_copy(update={"account_id": "other:acc-1"})
    tenant = desk.refused(c.CreateFulfillmentPlan, order=foreign, rules_version="decomposition.v1")
    assert tenant.code == "AUTHORIZATION_TENANT"
    assert PLAN_ID not in misplaced.remediation
