"""The rows of a FulfillmentPlan's state machine (R153-R162)."""

from __future__ import annotations

from datetime import timedelta

from domain.fulfillment_plan import commands as c
from domain.fulfillment_plan import events as e
from domain.fulfillment_plan.guards import OVERRIDE_ROLE
from domain.fulfillment_plan.states import TERMINAL_PLAN_STATES, PlanState
from domain.machine import Transition, rows

PLANNER_ROLES = frozenset({"oms", "fulfillment"})
EXECUTOR_ROLES = frozenset({"fulfillment", "fulfillment-operator"})

_OPEN = frozenset(PlanState) - TERMINAL_PLAN_STATES
_BEGUN = _OPEN - {PlanState.PLANNED}
_WITH_UNKNOWN = frozenset({PlanState.OUTCOME_UNKNOWN})

ROWS = rows(
    Transition(
        c.CreateFulfillmentPlan,
        frozenset(),
        PLANNER_ROLES,
        (e.FulfillmentPlanCreated,),
        guards=("one-plan-for-an-order", "of-one-tenant", "rules-known", "something-to-do"),
        side_effects="the OMS records CompleteProductOrderDecomposition",
        compensation="CompensateFulfillmentTask for every task",
        timeout=timedelta(hours=4),
        on_timeout="fulfillment-operator",
    ),
    Transition(
        c.StartFulfillmentTask,
        _OPEN,
        EXECUTOR_ROLES,
        (e.FulfillmentTaskStarted,),
        guards=("task-known", "task-pending", "dependencies-done"),
        side_effects="the performing system is asked under the attempt's idempotency key",
        compensation="CompensateFulfillmentTask",
        timeout=timedelta(minutes=15),
        on_timeout="fulfillment: MarkFulfillmentTaskUnknown after the task's own response time",
    ),
    Transition(
        c.CompleteFulfillmentTask,
        _BEGUN,
        EXECUTOR_ROLES,
        (e.FulfillmentTaskCompleted,),
        guards=("task-known", "task-running", "current-attempt"),
        side_effects="the OMS completes the item when all its tasks are complete",
        compensation="CompensateFulfillmentTask",
    ),
    Transition(
        c.FailFulfillmentTask,
        _BEGUN,
        EXECUTOR_ROLES,
        (e.FulfillmentTaskFailed,),
        guards=("task-known", "task-running", "current-attempt"),
        side_effects="the OMS raises a fallout when no attempt is left",
        compensation="RetryFulfillmentTask or CompensateFulfillmentTask",
        timeout=timedelta(hours=24),
        on_timeout="order-manager",
    ),
    Transition(
        c.RetryFulfillmentTask,
        _BEGUN,
        EXECUTOR_ROLES | {OVERRIDE_ROLE},
        (e.FulfillmentTaskRetried,),
        guards=("task-known", "task-failed", "dependencies-done", "retry-allowed"),
        side_effects="the performing system is asked under the new attempt's idempotency key",
        compensation="CompensateFulfillmentTask",
        timeout=timedelta(minutes=15),
        on_timeout="fulfillment: MarkFulfillmentTaskUnknown after the task's own response time",
    ),
    Transition(
        c.MarkFulfillmentTaskUnknown,
        _BEGUN,
        EXECUTOR_ROLES,
        (e.FulfillmentTaskOutcomeUnknown,),
        guards=("task-known", "task-running", "current-attempt"),
        side_effects="the performing system is asked what became of the attempt",
        compensation="ResolveFulfillmentTaskOutcome",
        timeout=timedelta(hours=24),
        on_timeout="fulfillment-operator",
    ),
    Transition(
        c.ResolveFulfillmentTaskOutcome,
        _WITH_UNKNOWN,
        EXECUTOR_ROLES,
        (e.FulfillmentTaskCompleted, e.FulfillmentTaskFailed),
        guards=("task-known", "task-unknown", "current-attempt", "failure-is-named", "observed-by-now"),
        compensation="CompensateFulfillmentTask",
    ),
    Transition(
        c.CompensateFulfillmentTask,
        _OPEN,
        EXECUTOR_ROLES,
        (e.FulfillmentTaskCompensated,),
        guards=(
            "task-known",
            "task-compensable",
            "before-cutoff",
            "dependents-compensated",
            "compensation-has-evidence",
        ),
        side_effects="the OMS records the item as cancelled when all its tasks are compensated",
    ),
)
