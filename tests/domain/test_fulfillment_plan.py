"""FulfillmentPlan: its machine, unknown outcomes, retry and compensation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.fulfillment_plan import commands as c
from domain.fulfillment_plan import events as e
from domain.fulfillment_plan.aggregate import FULFILLMENT_PLAN, MACHINE
from domain.fulfillment_plan.machine import ROWS
from domain.fulfillment_plan.plan import evolve
from domain.fulfillment_plan.rules import PERFORMANCES_V1
from domain.fulfillment_plan.states import Compensation, ObservedOutcome, PlanState, TaskKind, TaskState
from domain.fulfillment_plan.task import RetryPolicy
from domain.order_state.states import Action
from domain.product_order import machine as order_machine
from domain.product_order.structure import Cutoff
from tests.domain.machine_walk import (
    Subject,
    check_beginning,
    check_emissions,
    check_matrix,
    check_roles,
    check_table,
    walk,
)
from tests.domain.plans import PlanDesk, accepted, detached, onward, sample, task_id

SUBJECT = Subject(MACHINE, e.EVENTS, PlanState, sample, detached, onward, walks=600, steps=50)
TestWalk = walk(SUBJECT)
P = PlanState


def test_the_table_and_the_machine_agree() -> None:
    """R153-R162."""
    check_table(SUBJECT, c)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)
    assert set(FULFILLMENT_PLAN.events) == {event.__name__ for event in e.EVENTS}


def test_a_plan_runs_through() -> None:
    desk = PlanDesk(accepted("a"))
    assert desk.state is P.PLANNED
    desk.finish("a/reservation", "a/service")
    assert desk.state is P.IN_PROGRESS
    assert not desk.standing.item_delivered("a")
    desk.finish_all()
    assert desk.state is P.COMPLETED
    assert desk.standing.item_delivered("a")
    last = desk.events[-1]
    assert (last.from_state, last.to_state) == (P.IN_PROGRESS, P.COMPLETED)


def test_an_unknown_outcome_is_neither_success_nor_failure() -> None:
    """R163, R298, R404: nothing that rests on it starts, nothing retries it, nothing compensates it."""
    desk = PlanDesk(accepted("a"))
    desk.start("a/reservation")
    event = desk.send(c.MarkFulfillmentTaskUnknown, task="a/reservation", attempt=1, detail="no answer for 15 min")
    assert isinstance(event, e.FulfillmentTaskOutcomeUnknown)
    assert event.idempotency_key == f"{task_id('a/reservation')}/1"
    assert desk.state is P.OUTCOME_UNKNOWN
    assert desk.refused(c.StartFulfillmentTask, task="a/service").code == "STATE_DEPENDENCY_OPEN"
    about = {"task": "a/reservation", "attempt": 1}
    for kind, fields in (
        (c.CompleteFulfillmentTask, {**about, "result_ref": "late"}),
        (c.FailFulfillmentTask, {**about, "failure_code": "TIMEOUT"}),
        (c.RetryFulfillmentTask, {"task": "a/reservation"}),
        (c.CompensateFulfillmentTask, {"task": "a/reservation", "compensation_ref": "undo"}),
    ):
        assert desk.refused(kind, **dict(fields)).code == "STATE_TASK"


def test_an_unknown_outcome_ends_by_an_observation_alone() -> None:
    """R259."""
    for outcome, state in (
        (ObservedOutcome.SUCCEEDED, TaskState.COMPLETED),
        (ObservedOutcome.FAILED, TaskState.FAILED),
    ):
        desk = PlanDesk(accepted("a"))
        desk.start("a/reservation")
        desk.send(c.MarkFulfillmentTaskUnknown, task="a/reservation", attempt=1, detail="no answer")
        code = "NOT_THERE" if outcome is ObservedOutcome.FAILED else None
        fields = {"task": "a/reservation", "attempt": 1, "outcome": outcome, "observed_at": desk.now}
        with pytest.raises(ValueError, match="observation_ref"):
            desk.send(c.ResolveFulfillmentTaskOutcome, **fields, observation_ref="  ", failure_code=code)
        ahead = {**fields, "observed_at": desk.now + timedelta(seconds=1)}
        early = desk.refused(c.ResolveFulfillmentTaskOutcome, **ahead, observation_ref="look-1", failure_code=code)
        assert early.code == "STRUCTURAL_TIME_AHEAD"
        wrong = desk.refused(
            c.ResolveFulfillmentTaskOutcome, **fields, observation_ref="look-1", failure_code=None if code else "X"
        )
        assert wrong.code == "STRUCTURAL_FAILURE_CODE"
        event = desk.send(c.ResolveFulfillmentTaskOutcome, **fields, observation_ref="look-1", failure_code=code)
        assert isinstance(event, e.FulfillmentTaskCompleted | e.FulfillmentTaskFailed)
        assert (event.result_ref, event.observed_at) == ("look-1", fields["observed_at"])
        assert desk.task("a/reservation") is state
    assert (
        desk.refused(c.ResolveFulfillmentTaskOutcome, **fields, observation_ref="l").code == "STATE_ILLEGAL_TRANSITION"
    )


def test_every_attempt_has_a_key_of_its_own() -> None:
    """R297: the same attempt repeated acts once, a further attempt is another request."""
    desk = PlanDesk(accepted("a"))
    first = desk.start("a/reservation")
    desk.fail("a/reservation")
    desk.now += timedelta(days=1)
    second = desk.send(c.RetryFulfillmentTask, task="a/reservation")
    assert isinstance(first, e.FulfillmentTaskStarted)
    assert isinstance(second, e.FulfillmentTaskRetried)
    assert (first.idempotency_key, second.idempotency_key) == (
        f"{task_id('a/reservation')}/1",
        f"{task_id('a/reservation')}/2",
    )
    late = desk.refused(c.CompleteFulfillmentTask, task="a/reservation", attempt=1, result_ref="late")
    assert late.code == "CONFLICT_ATTEMPT"


def test_retries_wait_longer_and_come_to_an_end() -> None:
    """R159: back-off and limit are data; beyond them a person decides, with authority and a reason (R301)."""
    desk = PlanDesk(accepted("a"))
    desk.start("a/reservation")
    delays = []
    for attempt in (1, 2, 3, 4):
        event = desk.fail("a/reservation", attempt)
        assert isinstance(event, e.FulfillmentTaskFailed)
        assert event.attempts_left == 4 - attempt
        delays.append(event.retry_delay_seconds)
        if attempt == 4:
            break
        assert event.retry_delay_seconds is not None
        due = event.occurred_at + timedelta(seconds=event.retry_delay_seconds)
        desk.now = due - timedelta(seconds=1)
        early = desk.refused(c.RetryFulfillmentTask, task="a/reservation")
        assert early.code == "POLICY_RETRY_TOO_EARLY"
        assert desk.state is P.IN_PROGRESS
        desk.now = due - timedelta(minutes=1)
        desk.send(c.RetryFulfillmentTask, task="a/reservation")
    assert delays == [60, 120, 240, None]
    assert desk.state is P.BLOCKED
    desk.now += timedelta(days=9)
    assert desk.refused(c.RetryFulfillmentTask, task="a/reservation").code == "POLICY_RETRY_LIMIT"
    nobody = desk.refused(c.RetryFulfillmentTask, "order-manager", task="a/reservation")
    assert nobody.code == "STRUCTURAL_REASON_MISSING"
    event = desk.send(c.RetryFulfillmentTask, "order-manager", "LINE_MENDED", task="a/reservation")
    assert isinstance(event, e.FulfillmentTaskRetried)
    assert event.override
    assert (event.attempt, event.actor_role, event.reason_code) == (5, "order-manager", "LINE_MENDED")
    assert desk.state is P.IN_PROGRESS


def test_a_failure_beyond_help_is_not_retried() -> None:
    """R149."""
    desk = PlanDesk(accepted("a"))
    desk.start("a/reservation")
    event = desk.fail("a/reservation", retryable=False)
    assert isinstance(event, e.FulfillmentTaskFailed)
    assert (event.attempts_left, event.retry_delay_seconds) == (0, None)
    assert desk.state is P.BLOCKED


def test_back_off_is_bounded() -> None:
    policy = RetryPolicy(attempts_max=9, first_delay_seconds=60, factor=3, longest_delay_seconds=1000)
    assert [policy.delay(n).total_seconds() for n in (1, 2, 3, 4, 500)] == [60, 180, 540, 1000, 1000]
    assert set(PERFORMANCES_V1) == set(TaskKind)


def test_compensation_goes_backwards_and_leaves_evidence() -> None:
    """R157, R299, R405."""
    desk = PlanDesk(accepted("a"))
    desk.finish("a/reservation", "a/service")
    first = desk.refused(c.CompensateFulfillmentTask, task="a/service", compensation_ref="undo")
    assert first.code == "STATE_DEPENDENTS_STAND"
    desk.take_back("a/billing", "a/asset")
    assert desk.state is P.COMPENSATING
    assert desk.refused(c.CompensateFulfillmentTask, task="a/service").code == "STRUCTURAL_COMPENSATION_REF"
    desk.take_back("a/service", "a/reservation")
    assert desk.state is P.COMPENSATED
    kinds = [event.compensation for event in desk.events if isinstance(event, e.FulfillmentTaskCompensated)]
    assert kinds == [Compensation.WITHDRAWN] * 2 + [Compensation.UNDONE] * 2
    assert isinstance(desk.events[-1], e.FulfillmentTaskCompensated)
    assert desk.events[-1].compensated_by == "release the reservation"


def test_what_runs_is_not_taken_back() -> None:
    desk = PlanDesk(accepted("a", Action.SUSPEND))
    desk.start("a/service")
    assert desk.refused(c.CompensateFulfillmentTask, task="a/service", compensation_ref="u").code == "STATE_TASK"


def test_a_task_past_its_cutoff_is_not_taken_back() -> None:
    """R299, R541: the item's cut-off holds for its tasks."""
    desk = PlanDesk(accepted("a", cutoff=Cutoff.STARTED))
    desk.finish("a/reservation").take_back("a/billing", "a/asset", "a/service")
    late = desk.refused(c.CompensateFulfillmentTask, task="a/reservation", compensation_ref="undo")
    assert late.code == "POLICY_PAST_CUTOFF"
    shipped = PlanDesk(accepted("a", policy="shipped.v1", cutoff=Cutoff.PENDING_EXTERNAL))
    shipped.finish("payment", "a/shipment").take_back("a/billing", "a/asset", "a/service")
    late = shipped.refused(c.CompensateFulfillmentTask, task="a/shipment", compensation_ref="undo")
    assert late.code == "POLICY_PAST_CUTOFF"


def test_what_cannot_be_delivered_is_taken_back_past_its_cutoff() -> None:
    """R157, R299: the cut-off is for whoever changes his mind, not for what failed."""
    desk = PlanDesk(accepted("a", cutoff=Cutoff.STARTED), accepted("b", cutoff=Cutoff.STARTED))
    desk.finish("a/reservation", "b/reservation").start("a/service")
    desk.fail("a/service", retryable=False)
    desk.take_back("a/billing", "a/asset", "a/service", "a/reservation")
    desk.take_back("b/billing", "b/asset", "b/service")
    late = desk.refused(c.CompensateFulfillmentTask, task="b/reservation", compensation_ref="undo")
    assert late.code == "POLICY_PAST_CUTOFF"


def test_partial_fulfillment_is_a_state_of_its_own() -> None:
    """R164, R400, R540: one item delivered, the other given up."""
    desk = PlanDesk(accepted("a"), accepted("b"))
    desk.finish("a/reservation", "a/service", "a/asset", "a/billing")
    desk.start("b/reservation")
    desk.fail("b/reservation", retryable=False)
    assert desk.state is P.BLOCKED
    desk.take_back("b/billing", "b/asset", "b/service", "b/reservation")
    assert desk.state is P.PARTIALLY_FULFILLED
    assert (desk.standing.item_delivered("a"), desk.standing.item_delivered("b")) == (True, False)


def test_a_payment_for_nothing_is_still_to_be_voided() -> None:
    desk = PlanDesk(accepted("a", policy="shipped.v1"))
    desk.finish("payment").take_back("a/billing", "a/asset", "a/service", "a/shipment")
    assert desk.state is P.COMPENSATING
    assert desk.take_back("payment").state is P.COMPENSATED


def test_the_plan_does_not_decide_about_the_order() -> None:
    """R167, R169, R184: provisioning drives neither plan nor order, and no plan event is an order event."""
    for row in (*ROWS.values(), *order_machine.ROWS.values()):
        assert "provisioning" not in row.roles
        assert "fulfillment" not in row.roles or row in ROWS.values()
    assert not {event.__name__ for event in e.EVENTS} & {
        event.__name__ for row in order_machine.ROWS.values() for event in row.emits
    }


def test_a_plan_begins_with_its_creation() -> None:
    desk = PlanDesk(accepted("a"))
    event = desk.start("a/reservation")
    with pytest.raises(ValueError, match="not FulfillmentPlanCreated"):
        evolve(None, event)
    with pytest.raises(TypeError, match="no further event"):
        evolve(desk.standing, desk.events[0])
