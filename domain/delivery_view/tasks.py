"""The tasks of a plan as they stand, with what inventory and the network told for them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from domain.fold.facts import Entry, Facts
from domain.fold.reading import moment, moment_or_none
from domain.fulfillment_plan.states import TaskCutoff, TaskState

ATTEMPTS_SHOWN_MAX = 20
"""Of each task the newest attempts are shown; the number of the newest says how many there were."""

_BEGUN = frozenset((TaskState.RUNNING.value, TaskState.UNKNOWN.value, TaskState.COMPLETED.value))
_UNTOLD: list[Any] = [None] * 11
Place = tuple[str, Entry]


@dataclass(slots=True)
class Task:
    """A task as its plan defines it, its newest event, and the newest request of others for it."""

    task_id: str
    definition: list[Any]
    entry: Entry | None
    reservation: Place | None = None
    provisioning: Place | None = None
    marks: dict[int, dict[str, Entry]] = field(default_factory=dict)

    @property
    def told(self) -> list[Any]:
        """What the newest event said."""
        said: list[Any] = _UNTOLD if self.entry is None else self.entry.value
        return said

    @property
    def state(self) -> str:
        """State of the task."""
        return self.told[0] or TaskState.PENDING.value

    @property
    def item_id(self) -> str | None:
        """Item the task delivers."""
        found: str | None = self.definition[0] or self.told[7]
        return found

    @property
    def kind(self) -> str | None:
        """What it does."""
        found: str | None = self.definition[2] or self.told[9]
        return found

    @property
    def past_cutoff(self) -> bool:
        """Whether it keeps its item from being cancelled; an unknown outcome may have gone through (R299)."""
        cutoff = self.definition[6] or self.told[10]
        return self.state in _BEGUN and cutoff == TaskCutoff.ON_START.value

    @property
    def given_up(self) -> bool:
        """Whether it failed and nothing happens any more unless a person decides."""
        return self.state == TaskState.FAILED.value and self.told[4] is None


class Delivery:
    """The registers of an order's group, asked by plan and task."""

    def __init__(self, order_id: str, facts: Facts) -> None:
        self.order_id = order_id
        self.facts = facts

    @cached_property
    def plans(self) -> list[Place]:
        """The plans that name the order, the newest first."""
        found = list(self.facts.each("plan"))
        return sorted(found, key=lambda each: (-each[1].time_us, -each[1].version, each[0]))

    @cached_property
    def tasks(self) -> list[Task]:
        """The tasks of the newest plan: those it defines in its order, then those only told of."""
        if not self.plans:
            return []
        plan = self.plans[0][0]
        newest = {rest: entry for a, rest, entry in self.facts.starting_with("task/") if a == plan}
        found = {line[0]: Task(line[0], line[1:], newest.get(line[0])) for line in self.facts.value(plan, "tasks", [])}
        for task_id, entry in newest.items():
            if task_id not in found:
                found[task_id] = Task(task_id, [*[None] * 8, [], None], entry)
        for mark in ("begun", "ended", "unknown"):
            for aggregate, rest, entry in self.facts.starting_with(f"{mark}/"):
                task_id, _, attempt = rest.rpartition("/")
                if aggregate == plan and task_id in found:
                    found[task_id].marks.setdefault(int(attempt), {})[mark] = entry
        self._attach(found)
        return list(found.values())

    def _attach(self, tasks: dict[str, Task]) -> None:
        """Give each task the newest reservation and provisioning request made for it."""
        for name in ("reservation", "request"):
            made: dict[str, list[Place]] = defaultdict(list)
            for aggregate, entry in self.facts.each(name):
                made[entry.value[0]].append((aggregate, entry))
            for task_id, each in made.items():
                if task_id in tasks:
                    newest = max(each, key=lambda place: (place[1].time_us, place[1].version, place[0]))
                    if name == "reservation":
                        tasks[task_id].reservation = newest
                    else:
                        tasks[task_id].provisioning = newest


def task_of(task: Task, states: dict[str, str], facts: Facts) -> dict[str, Any]:
    """A task by wire names; `states` are those of all tasks of the plan."""
    _, instance, _, by, service, resource, cutoff, undone_by, depends_on, attempts_max = task.definition
    _, attempt, failure, left, next_us, result, compensation, _, own_instance, _, own_cutoff = task.told
    pending = task.state == TaskState.PENDING.value
    return {
        "taskId": task.task_id,
        "itemId": task.item_id,
        "productInstanceId": instance or own_instance,
        "kind": task.kind,
        "performedBy": by,
        "serviceId": service,
        "resourceId": resource,
        "state": task.state,
        "since": None if task.entry is None else moment(task.entry.time_us),
        "dependsOn": depends_on,
        "waitsFor": [d for d in depends_on if states.get(d) != TaskState.COMPLETED.value] if pending else [],
        "cutoff": cutoff or own_cutoff,
        "pastCutoff": task.past_cutoff,
        "attempt": attempt or 0,
        "attemptsMax": attempts_max,
        "attemptsLeft": left,
        "nextAttemptAt": moment_or_none(next_us),
        "outcomeUnknown": task.state == TaskState.UNKNOWN.value,
        "failureCode": failure,
        "resultRef": result,
        "compensation": compensation,
        "compensatedBy": undone_by,
        "attempts": [_attempt(n, task.marks[n]) for n in sorted(task.marks)[-ATTEMPTS_SHOWN_MAX:]],
        "reservation": None if task.reservation is None else _reservation(*task.reservation),
        "provisioning": None if task.provisioning is None else _provisioning(*task.provisioning, facts),
    }


def _attempt(number: int, marks: dict[str, Entry]) -> dict[str, Any]:
    begun, ended = marks.get("begun"), marks.get("ended")
    outcome, failure = (None, None) if ended is None else ended.value
    return {
        "attempt": number,
        "begunAt": None if begun is None else moment(begun.time_us),
        "endedAt": None if ended is None else moment(ended.time_us),
        "outcome": outcome,
        "failureCode": failure,
        "wasUnknown": "unknown" in marks,
    }


def _reservation(reservation: str, entry: Entry) -> dict[str, Any]:
    _, state, kind, quantity, expires, cause, failure = entry.value
    return {
        "reservationId": reservation,
        "state": state,
        "resourceKind": kind,
        "quantity": quantity,
        "expiresAt": moment_or_none(expires),
        "cause": cause,
        "failureCode": failure,
        "at": moment(entry.time_us),
    }


def _provisioning(request: str, entry: Entry, facts: Facts) -> dict[str, Any]:
    _, state, operation = entry.value
    due, failure, partly = facts.value(request, "answer", [None] * 3)
    status, seen = facts.value(request, "service", [None] * 2)
    return {
        "provisioningRequestId": request,
        "state": state,
        "operation": operation,
        "answerDueAt": moment_or_none(due),
        "failureCode": failure,
        "partiallyApplied": partly,
        "serviceStatus": status,
        "serviceSeenAt": moment_or_none(seen),
        "at": moment(entry.time_us),
    }
