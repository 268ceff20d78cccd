"""What the network and the stores of resources say, against the tasks that rest on it (R168, R169, R251, R396)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.drift.mismatch import Apart, Mismatch
from domain.drift.order.matter import Matter
from domain.drift.rules import Rule
from domain.fulfillment_plan.states import TaskKind, TaskState
from domain.order_state.states import TERMINAL_HEADER_STATES
from domain.provisioning_request.states import Operation, ProvisioningState
from domain.reservation.states import ReleaseCause, ReservationState

WANTED: Mapping[str, str] = {
    TaskKind.PROVISION_SERVICE.value: Operation.ACTIVATE.value,
    TaskKind.CHANGE_SERVICE.value: Operation.MODIFY.value,
    TaskKind.EXTEND_TERM.value: Operation.MODIFY.value,
    TaskKind.SUSPEND_SERVICE.value: Operation.SUSPEND.value,
    TaskKind.RESUME_SERVICE.value: Operation.RESUME.value,
    TaskKind.TERMINATE_SERVICE.value: Operation.DEACTIVATE.value,
}
"""What a task wants of the network; a request for something else takes back what it did."""
_LAGGING = frozenset({TaskState.PENDING, TaskState.RUNNING, TaskState.UNKNOWN, TaskState.FAILED})
_RUNNING = frozenset({TaskState.RUNNING, TaskState.UNKNOWN})


def provisioned_vs_task(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """A request succeeded and its task did not, or the task is complete without its request having succeeded."""
    for request_id, request in matter.facts.each("request"):
        result, task_id, operation, item_id = request.value
        task = matter.task(task_id)
        if task is None or WANTED.get(task.kind or "") != operation:
            continue
        succeeded = result == ProvisioningState.SUCCEEDED
        if (succeeded and task.state in _LAGGING) or (not succeeded and task.state == TaskState.COMPLETED):
            expected = ProvisioningState.SUCCEEDED.value if not succeeded else TaskState.COMPLETED.value
            field, actual = ("state", result) if not succeeded else ("task.state", task.state)
            yield Mismatch(
                entity_type="ProvisioningRequest",
                entity_id=request_id,
                since_us=max(request.time_us, task.since_us),
                apart=(Apart(field, expected, actual),),
                evidence=(request, *(entry for _, entry in matter.facts.each("steps"))),
                names={**matter.names, "item": item_id, "task": task_id, "state": task.state, "result": result},
            )


def reservation_lost(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """A reservation lapsed or was given up under the task that needs it, which may have been completed without it."""
    for reservation_id, reservation in matter.facts.each("reservation"):
        state, task_id, cause, item_id = reservation.value
        gone = state == ReservationState.EXPIRED or (
            state == ReservationState.RELEASED and cause != ReleaseCause.CONSUMED
        )
        task = matter.task(task_id) if gone else None
        if task is None or reservation.time_us < (task.begun_us or 0):
            continue
        # what was completed without it was completed on something else, or on nothing
        without = task.state == TaskState.COMPLETED and reservation.time_us < task.since_us
        if task.state in _RUNNING or without:
            yield Mismatch(
                entity_type="Reservation",
                entity_id=reservation_id,
                since_us=reservation.time_us if without else max(reservation.time_us, task.since_us),
                apart=(Apart("state", ReservationState.RESERVED.value, state),),
                evidence=(reservation, *(entry for _, entry in matter.facts.each("steps"))),
                names={**matter.names, "item": item_id, "task": task_id},
            )


def reservation_held(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """A reservation is held although the order that wanted it has come to its end."""
    view = matter.view
    if view is None or view.state not in TERMINAL_HEADER_STATES:
        return
    for reservation_id, reservation in matter.facts.each("reservation"):
        state, task_id, _, item_id = reservation.value
        task = matter.task(task_id)
        if state == ReservationState.RESERVED and task is not None and task.done:
            yield Mismatch(
                entity_type="Reservation",
                entity_id=reservation_id,
                since_us=max(reservation.time_us, task.since_us, matter.ended_us),
                apart=(Apart("state", ReservationState.RELEASED.value, state),),
                evidence=(reservation, matter.declared),
                names={**matter.names, "item": item_id, "task": task_id},
            )


def payment_unknown(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """The task that secures the money is complete, and of no payment for the order anything is known."""
    if any(True for _ in matter.facts.each("payment")):
        return
    for task in matter.tasks:
        if task.kind == TaskKind.AUTHORIZE_PAYMENT and task.state == TaskState.COMPLETED:
            steps = (entry for _, entry in matter.facts.each("steps"))
            yield Mismatch(
                entity_type="ProductOrder",
                entity_id=matter.order_id,
                since_us=task.since_us,
                apart=(Apart("payment", "AUTHORIZED", None),),
                evidence=(matter.declared, *steps),
                names={**matter.names, "task": task.task_id},
            )
