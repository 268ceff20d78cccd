"""What in a delivery needs somebody, by rules as data (R220)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from domain.delivery_view.record import ExceptionKind
from domain.delivery_view.tasks import Delivery, Task
from domain.fold.facts import Entry
from domain.fold.fold import Row
from domain.fold.reading import moment
from domain.fulfillment_plan.states import TaskState
from domain.provisioning_request.states import ProvisioningState, ServiceStatus
from domain.reservation.states import ReleaseCause, ReservationState


class Advice(NamedTuple):
    """What is said of one kind of exception, who has to act, and whether nothing happens without them."""

    sentence: str
    next_action: str
    owner: str
    needs_person: bool


ADVICE: Mapping[ExceptionKind, Advice] = {
    ExceptionKind.TASK_FAILED: Advice(
        "A task failed and is tried again.", "Wait for the next attempt.", "fulfillment", needs_person=False
    ),
    ExceptionKind.TASK_GIVEN_UP: Advice(
        "A task failed and is not tried again.",
        "Decide whether to try again, repair or compensate.",
        "fulfillment",
        needs_person=True,
    ),
    ExceptionKind.OUTCOME_UNKNOWN: Advice(
        "Nobody knows whether a task succeeded.",
        "Look at the executing system and record what it shows; do not repeat the task before.",
        "fulfillment",
        needs_person=True,
    ),
    ExceptionKind.RESERVATION_LOST: Advice(
        "A resource is not set aside for a task that needs it.", "Reserve again.", "inventory", needs_person=False
    ),
    ExceptionKind.PROVISIONING_FAILED: Advice(
        "The network did not make the change of a task that goes on.",
        "Compare task and network, then try again or take back what took effect.",
        "provisioning",
        needs_person=True,
    ),
    ExceptionKind.SERVICE_DOWN: Advice(
        "A service that was delivered was seen down.", "Find out why the service is down.", "provisioning", True
    ),
    ExceptionKind.FALLOUT_OPEN: Advice(
        "Delivery left its path.", "Follow the runbook of the case; open one if there is none.", "oms", True
    ),
}

_OVER = frozenset((TaskState.COMPLETED.value, TaskState.COMPENSATED.value))
_NOT_SET_ASIDE = frozenset((ReservationState.FAILED.value, ReservationState.EXPIRED.value))
_NETWORK_FAILED = frozenset((ProvisioningState.FAILED.value, ProvisioningState.FAILED_RETRYABLE.value))


def exception_rows(delivery: Delivery, fallout: list[Row]) -> list[Row]:
    """A record for each exception that stands, by key."""
    rows = {row.key: row for task in delivery.tasks for row in _of_task(delivery, task)}
    for row in fallout:
        if row.data["open"]:
            since = row.data["detectedAt"] or row.data["raisedAt"]
            found = _row(
                delivery,
                ExceptionKind.FALLOUT_OPEN,
                row.data["falloutId"],
                row.data["accountId"],
                row.data["itemId"],
                row.data["failureCode"],
                since,
            )
            if since is not None:
                rows[found.key] = found
    return [rows[key] for key in sorted(rows)]


def _of_task(delivery: Delivery, task: Task) -> Iterator[Row]:
    account = delivery.plans[0][1].value[1]
    for kind, entry, code in _found(delivery, task):
        yield _row(delivery, kind, task.task_id, account, task.item_id, code, moment(entry.time_us))


def _found(delivery: Delivery, task: Task) -> Iterator[tuple[ExceptionKind, Entry, str | None]]:
    state, entry = task.state, task.entry
    if entry is not None and state == TaskState.FAILED.value:
        yield ExceptionKind.TASK_GIVEN_UP if task.given_up else ExceptionKind.TASK_FAILED, entry, task.told[2]
    if entry is not None and state == TaskState.UNKNOWN.value:
        yield ExceptionKind.OUTCOME_UNKNOWN, entry, None
    if task.reservation is not None and state not in _OVER:
        reserved = task.reservation[1]
        _, standing, _, _, _, cause, code = reserved.value
        lost = standing == ReservationState.RELEASED.value and cause != ReleaseCause.CONSUMED.value
        if lost or standing in _NOT_SET_ASIDE:
            yield ExceptionKind.RESERVATION_LOST, reserved, code or cause
    if task.provisioning is not None:
        request, told = task.provisioning
        if told.value[1] in _NETWORK_FAILED and state not in (*_OVER, TaskState.FAILED.value):
            yield ExceptionKind.PROVISIONING_FAILED, told, delivery.facts.value(request, "answer", [None] * 3)[1]
        seen = delivery.facts.entry(request, "service")
        if seen is not None and seen.value[0] == ServiceStatus.DOWN.value and state == TaskState.COMPLETED.value:
            yield ExceptionKind.SERVICE_DOWN, seen, None


def _row(
    delivery: Delivery,
    kind: ExceptionKind,
    about: str,
    account: str | None,
    item: str | None,
    code: str | None,
    since: Any,
) -> Row:
    key = f"{delivery.order_id}/{kind.value}/{about}"
    advice = ADVICE[kind]
    data = {
        "exceptionId": key,
        "kind": kind.value,
        "orderId": delivery.order_id,
        "accountId": account,
        "itemId": item,
        "aboutId": about,
        "code": code,
        "since": since,
        "needsPerson": advice.needs_person,
        "owner": advice.owner,
        "sentence": advice.sentence,
        "nextAction": advice.next_action,
    }
    return Row("FulfillmentException", key, data)
