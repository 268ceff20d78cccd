"""Deliveries: tasks stand where their owner has them, fallout and exceptions are those there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from domain.delivery_view.fold import DeliveryViewFold
from domain.delivery_view.plan import TASKS_PER_PAGE
from domain.fallout_case import events as fallout_events
from domain.fallout_case.states import TERMINAL_FALLOUT_STATES
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from domain.fulfillment_plan import events as plan_events
from domain.fulfillment_plan.plan import FulfillmentPlan, evolve
from domain.fulfillment_plan.states import TaskState
from tests.folds.enterprise import told

FOLD = DeliveryViewFold()
PLAN_MODELS = {model.__name__: model for model in plan_events.EVENTS}
CASE_KINDS = {model.__name__ for model in fallout_events.EVENTS}
Rows = dict[str, dict[str, dict[str, Any]]]


def over(events: list[Heard]) -> Rows:
    """Every row by record and key."""
    found: Rows = defaultdict(dict)
    for (record, key), row in rows_of(FOLD, events, 0).items():
        found[record][key] = dict(row.data)
    return found


@cache
def moments() -> tuple[int, ...]:
    """Moments in the run at which much is under way: just after each thing that went wrong."""
    wrong = ("FulfillmentTaskOutcomeUnknown", "FulfillmentTaskFailed", "FalloutDetected", "ResourceReservationExpired")
    return tuple(sorted({e.time_us for e in told(200, 3).events if e.kind in wrong}))


def until(moment_us: int) -> list[Heard]:
    return [event for event in told(200, 3).events if event.time_us <= moment_us]


def plans_of_owner(events: list[Heard]) -> dict[str, FulfillmentPlan]:
    """The plans as the aggregate itself has them, by order."""
    plans: dict[str, FulfillmentPlan] = {}
    for event in sorted((e for e in events if e.kind in PLAN_MODELS), key=lambda e: e.version):
        order = event.data["orderId"]
        plans[order] = evolve(plans.get(order), PLAN_MODELS[event.kind].model_validate(dict(event.data)))
    return plans


@pytest.mark.parametrize("number", [0, 7, 15, -1])
def test_tasks_stand_where_their_owner_has_them(number: int) -> None:
    events = until(moments()[number]) if number >= 0 else list(told(200, 3).events)
    plans, found = plans_of_owner(events), over(events)["FulfillmentPlanView"]
    assert {view["orderId"] for view in found.values()} == set(plans)
    for view in found.values():
        plan = plans[view["orderId"]]
        assert (view["planId"], view["state"], view["taskCount"]) == (plan.plan_id, plan.state.value, len(plan.tasks))
        assert [task["taskId"] for task in view["tasks"]] == list(plan.tasks)
        for task in view["tasks"]:
            standing = plan.tasks[task["taskId"]]
            assert (task["state"], task["attempt"]) == (standing.state.value, standing.attempt)
            assert task["pastCutoff"] == standing.past_cutoff
            assert task["nextAttemptAt"] == standing.next_attempt_at
            assert task["dependsOn"] == list(standing.task.depends_on)
            if standing.state is TaskState.PENDING:
                assert task["waitsFor"] == plan.open_dependencies(task["taskId"])
            assert task["outcomeUnknown"] == (standing.state is TaskState.UNKNOWN)
            numbers = [attempt["attempt"] for attempt in task["attempts"]]
            assert numbers == list(range(1, standing.attempt + 1))


def test_unknown_outcomes_stay_in_the_attempts() -> None:
    unknown = {
        (e.data["taskId"], e.data["attempt"]) for e in told(200, 3).events if e.kind == "FulfillmentTaskOutcomeUnknown"
    }
    found = {
        (task["taskId"], attempt["attempt"])
        for view in over(list(told(200, 3).events))["FulfillmentPlanView"].values()
        for task in view["tasks"]
        for attempt in task["attempts"]
        if attempt["wasUnknown"]
    }
    assert found == unknown
    assert len(unknown) > 10


def test_reservations_and_the_network_are_told_beside_their_tasks() -> None:
    newest: dict[tuple[str, str], Heard] = {}
    for event in told(200, 3).events:
        if event.aggregate in ("Reservation", "ProvisioningRequest"):
            key = (event.aggregate, event.data["taskId"])
            if key not in newest or (event.time_us, event.version) > (newest[key].time_us, newest[key].version):
                newest[key] = event
    found: dict[tuple[str, str], Any] = {}
    for view in over(list(told(200, 3).events))["FulfillmentPlanView"].values():
        for task in view["tasks"]:
            if task["reservation"]:
                found["Reservation", task["taskId"]] = task["reservation"]["state"]
            if task["provisioning"]:
                found["ProvisioningRequest", task["taskId"]] = task["provisioning"]["state"]
    assert found == {key: event.data["state"] for key, event in newest.items()}
    assert len(found) > 200


@pytest.mark.parametrize("number", [0, 5, 11, -1])
def test_fallout_has_its_case_and_is_open_until_it_ends(number: int) -> None:
    events = until(moments()[number]) if number >= 0 else list(told(200, 3).events)
    cases: dict[str, list[Heard]] = defaultdict(list)
    for event in sorted((e for e in events if e.kind in CASE_KINDS), key=lambda e: e.version):
        cases[event.subject].append(event)
    found = {view["caseId"]: view for view in over(events)["FalloutView"].values() if view["caseId"]}
    assert set(found) == set(cases)
    for case, told_of in cases.items():
        view, newest, first = found[case], told_of[-1], told_of[0]
        assert view["state"] == newest.data["state"]
        assert view["open"] == (newest.data["state"] not in {s.value for s in TERMINAL_FALLOUT_STATES})
        assert view["runbookRef"] == first.data["runbookRef"]
        assert view["cause"] == newest.data["cause"]
        repairs = [e.data["repairId"] for e in told_of if e.kind == "OrderRepairApplied"]
        assert [repair["repairId"] for repair in view["repairs"]] == repairs
        teams = [e.data["team"] for e in told_of if e.kind == "FalloutAssigned"]
        assert view["team"] == (teams[-1] if teams else None)
        assert (view["dueAt"] is None) == (not view["open"])


def test_fallout_nobody_opened_a_case_for_is_told_all_the_same() -> None:
    raised = next(e for e in told(200, 3).events if e.kind == "ProductOrderFalloutRaised")
    found = over([raised])
    (view,) = found["FalloutView"].values()
    assert (view["caseId"], view["state"], view["open"]) == (None, "RAISED", True)
    assert view["failureCode"] == raised.data["failureCode"]
    (exception,) = found["FulfillmentException"].values()
    assert (exception["kind"], exception["orderId"]) == ("FALLOUT_OPEN", raised.data["orderId"])


def test_exceptions_are_what_stands_and_nothing_else() -> None:
    """R220, from the owners' own states; at each moment something went wrong, and at the end."""
    kinds: set[str] = set()
    for moment_us in (*moments()[::6], 2**60):
        events = until(moment_us)
        wanted: set[tuple[str, str, str]] = set()
        for order, plan in plans_of_owner(events).items():
            for task_id, standing in plan.tasks.items():
                if standing.given_up:
                    wanted.add((order, "TASK_GIVEN_UP", task_id))
                elif standing.state is TaskState.FAILED:
                    wanted.add((order, "TASK_FAILED", task_id))
                elif standing.state is TaskState.UNKNOWN:
                    wanted.add((order, "OUTCOME_UNKNOWN", task_id))
        rows = over(events)
        for view in rows["FalloutView"].values():
            if view["open"]:
                wanted.add((view["orderId"], "FALLOUT_OPEN", view["falloutId"]))
        found = {(e["orderId"], e["kind"], e["aboutId"]) for e in rows["FulfillmentException"].values()}
        kinds |= {kind for _, kind, _ in found}
        others = {"RESERVATION_LOST", "PROVISIONING_FAILED", "SERVICE_DOWN"}
        assert {each for each in found if each[1] not in others} == wanted
    assert kinds >= {"TASK_FAILED", "OUTCOME_UNKNOWN", "FALLOUT_OPEN", "RESERVATION_LOST"}


def test_a_reservation_that_lapses_under_a_task_is_an_exception_until_the_task_is_over() -> None:
    lapsed = next(e for e in told(200, 3).events if e.kind == "ResourceReservationExpired")
    order, task = lapsed.data["orderId"], lapsed.data["taskId"]
    known = [e for e in told(200, 3).events if e.data.get("orderId") == order and e.kind in FOLD.kinds]
    before = [e for e in known if e.time_us <= lapsed.time_us]
    lost = {key for key in over(before)["FulfillmentException"] if "/RESERVATION_LOST/" in key}
    assert lost == {f"{order}/RESERVATION_LOST/{task}"}
    assert not {key for key in over(known)["FulfillmentException"] if "/RESERVATION_LOST/" in key}


def test_a_plan_of_any_size_comes_in_pages() -> None:
    created = next(e for e in told(200, 3).events if e.kind == "FulfillmentPlanCreated")
    task = created.data["tasks"][0]
    tasks = [{**task, "taskId": f"sim-3:task-{n:04}"} for n in range(2 * TASKS_PER_PAGE + 1)]
    large = replace(created, data={**created.data, "tasks": tasks})
    pages = list(over([large])["FulfillmentPlanView"].values())
    assert [len(page["tasks"]) for page in pages] == [TASKS_PER_PAGE, TASKS_PER_PAGE, 1]
    assert {(page["pages"], page["taskCount"], page["pendingCount"]) for page in pages} == {(3, 201, 201)}
    assert [t["taskId"] for page in pages for t in page["tasks"]] == [t["taskId"] for t in tasks]
