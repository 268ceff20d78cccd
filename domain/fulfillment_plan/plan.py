"""The state of a FulfillmentPlan and how each event changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.fulfillment_plan import events as e
from domain.fulfillment_plan.states import PlanState, TaskCutoff, TaskState
from domain.fulfillment_plan.task import FulfillmentTask
from domain.model import Model

_ENDED = frozenset({TaskState.COMPLETED, TaskState.COMPENSATED})


@dataclass(frozen=True, slots=True)
class TaskStanding:
    """A task and how far it has come.

    `next_attempt_at` is None where the policy allows no further attempt; `failed_for_good` stays true when a failed
    task is compensated, so that it is known why its item was given up.
    """

    task: FulfillmentTask
    state: TaskState = TaskState.PENDING
    attempt: int = 0
    next_attempt_at: datetime | None = None
    failed_for_good: bool = False

    @property
    def given_up(self) -> bool:
        """Whether it failed and nothing happens any more unless a person decides."""
        return self.state is TaskState.FAILED and self.next_attempt_at is None

    @property
    def past_cutoff(self) -> bool:
        """Whether it keeps its item from being cancelled (R299).

        A task of unknown outcome may have gone through, so it counts as begun.
        """
        begun = self.state in (TaskState.RUNNING, TaskState.UNKNOWN, TaskState.COMPLETED)
        return begun and self.task.cutoff is TaskCutoff.ON_START


@dataclass(frozen=True, slots=True)
class FulfillmentPlan:
    """A plan as its owner knows it; its state is always found from its tasks."""

    plan_id: str
    order_id: str
    account_id: str
    rules_version: str
    input_fingerprint: str
    version: int
    tasks: Mapping[str, TaskStanding]

    @property
    def state(self) -> PlanState:
        """State of the whole plan."""
        return plan_state(self.tasks.values())

    def open_dependencies(self, task_id: str) -> list[str]:
        """Tasks that must be complete before this one may start, and are not."""
        wanted = self.tasks[task_id].task.depends_on
        return [d for d in wanted if self.tasks[d].state is not TaskState.COMPLETED]

    def dependents(self, task_id: str) -> list[TaskStanding]:
        """Tasks that wait for this one."""
        return [standing for standing in self.tasks.values() if task_id in standing.task.depends_on]

    def item_undeliverable(self, item_id: str | None) -> bool:
        """Whether an item cannot be delivered, because one of its tasks, or one of the whole order's, failed."""
        shared = (item_id, None)
        return any((s.given_up or s.failed_for_good) and s.task.item_id in shared for s in self.tasks.values())

    def item_delivered(self, item_id: str) -> bool:
        """Whether every task of an item is complete; whether the item is, is for the OMS to say (R169)."""
        own = [s.state for s in self.tasks.values() if s.task.item_id == item_id]
        return bool(own) and set(own) == {TaskState.COMPLETED}


def plan_id_of(order_id: str) -> str:
    """The one plan an order has; a second one would be a silent re-plan (R315)."""
    return f"{order_id}/plan"


def plan_state(tasks: Iterable[TaskStanding]) -> PlanState:
    """State of a plan from the states of its tasks, the first that holds (R164).

    1. Nothing begun: PLANNED. All taken back: COMPENSATED. All complete: COMPLETED.
    2. Any outcome unknown: OUTCOME_UNKNOWN. Any failure nobody retries: BLOCKED.
    3. An item half taken back: COMPENSATING.
    4. Everything ended: PARTIALLY_FULFILLED if an item is complete, else COMPENSATING. Otherwise IN_PROGRESS.
    """
    standings = list(tasks)
    states = {s.state for s in standings}
    if len(states) == 1 and (whole := _WHOLE.get(next(iter(states)))):
        return whole
    if TaskState.UNKNOWN in states:
        return PlanState.OUTCOME_UNKNOWN
    if any(s.given_up for s in standings):
        return PlanState.BLOCKED
    items = _states_by_item(standings)
    if any(TaskState.COMPENSATED in own and len(own) > 1 for own in items):
        return PlanState.COMPENSATING
    if states <= _ENDED:
        # Where no item is delivered, a completed payment is still to be voided.
        return PlanState.PARTIALLY_FULFILLED if {TaskState.COMPLETED} in items else PlanState.COMPENSATING
    return PlanState.IN_PROGRESS


_WHOLE: Mapping[TaskState, PlanState] = {
    TaskState.PENDING: PlanState.PLANNED,
    TaskState.COMPENSATED: PlanState.COMPENSATED,
    TaskState.COMPLETED: PlanState.COMPLETED,
}


def _states_by_item(standings: Iterable[TaskStanding]) -> list[set[TaskState]]:
    by_item: dict[str, set[TaskState]] = {}
    for standing in standings:
        if standing.task.item_id is not None:
            by_item.setdefault(standing.task.item_id, set()).add(standing.state)
    return list(by_item.values())


def evolve(plan: FulfillmentPlan | None, event: Model) -> FulfillmentPlan:
    """The plan after an event."""
    if plan is None:
        if not isinstance(event, e.FulfillmentPlanCreated):
            message = f"the first event of a plan is {type(event).__name__}, not FulfillmentPlanCreated"
            raise ValueError(message)
        return FulfillmentPlan(
            plan_id=event.plan_id,
            order_id=event.order_id,
            account_id=event.account_id,
            rules_version=event.rules_version,
            input_fingerprint=event.input_fingerprint,
            version=event.version,
            tasks={task.task_id: TaskStanding(task) for task in event.tasks},
        )
    if not isinstance(event, e.TaskEvent):
        message = f"{type(event).__name__} is no further event of a FulfillmentPlan"
        raise TypeError(message)
    before = plan.tasks[event.task_id]
    taken_back = isinstance(event, e.FulfillmentTaskCompensated)
    standing = replace(
        before,
        state=event.task_state,
        attempt=event.attempt,
        next_attempt_at=_next_attempt_at(event),
        failed_for_good=taken_back and before.state is TaskState.FAILED,
    )
    return replace(plan, version=event.version, tasks={**plan.tasks, event.task_id: standing})


def _next_attempt_at(event: e.TaskEvent) -> datetime | None:
    if not isinstance(event, e.FulfillmentTaskFailed) or event.retry_delay_seconds is None:
        return None
    return event.occurred_at + timedelta(seconds=event.retry_delay_seconds)
