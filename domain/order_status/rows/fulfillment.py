"""Fulfillment's row: exactly how delivery stands (R191, R308)."""

from __future__ import annotations

from typing import Any

from domain.fulfillment_plan.states import TaskState
from domain.order_status.delivery_registers import CaseSaid, ProvisioningSaid, ReservationSaid
from domain.order_status.known import Known
from domain.order_status.moments import moment, moment_or_none
from domain.order_status.situation import Situation
from domain.order_status.structures import bundles, dependencies
from domain.order_status.vocabulary import UnknownKind
from domain.payment_authorization.states import PaymentState
from domain.provisioning_request.states import ProvisioningState

_COMPLETED = TaskState.COMPLETED.value
_UNKNOWN_TASK = TaskState.UNKNOWN.value
_UNKNOWN_CHANGE = ProvisioningState.OUTCOME_UNKNOWN.value
_UNKNOWN_PAYMENT = PaymentState.OUTCOME_UNKNOWN.value


def fulfillment_row(situation: Situation, shared: dict[str, Any]) -> dict[str, Any]:
    """Tasks, resources, failures and both structures; no price and no account."""
    known = situation.known
    plan_state, _ = known.value("plan", (None, None))
    return {
        "orderId": known.order_id,
        "orderNumber": known.newest.order_number or None,
        **shared,
        "planState": plan_state,
        "tasks": _tasks(known),
        "retries": sum(max(0, task.attempt - 1) for task in known.tasks),
        "unknownOutcomes": _unknown_outcomes(known),
        "reservations": _reservations(known),
        "provisioning": _provisioning(known),
        "fallouts": _fallouts(known),
        "bundles": [
            {"itemId": b.item_id, "parentItemId": b.parent_item_id, "rootItemId": b.root_item_id, "memberIds": b[3]}
            for b in bundles(known)
        ],
        "dependencies": [
            {"itemId": d.item_id, "dependsOn": d.depends_on, "openDependencies": d[2], "ready": not d.open_dependencies}
            for d in dependencies(known)
        ],
    }


def _tasks(known: Known) -> list[dict[str, Any]]:
    complete = {task.task_id for task in known.tasks if task.state == _COMPLETED}
    return [
        {
            "taskId": task.task_id,
            "itemId": task.item_id,
            "kind": task.kind,
            "performedBy": task.performed_by,
            "state": task.state,
            "attempt": task.attempt,
            "attemptsLeft": task.attempts_left,
            "failureCode": task.failure_code,
            "cutoff": task.cutoff,
            "dependsOn": task.depends_on,
            "waitsFor": [one for one in task.depends_on if one not in complete],
            "since": moment_or_none(task.since_us),
        }
        for task in known.tasks
    ]


def _unknown_outcomes(known: Known) -> list[dict[str, Any]]:
    found: list[tuple[UnknownKind, str, str | None, int]] = [
        (UnknownKind.TASK, task.task_id, task.item_id, task.since_us or 0)
        for task in known.tasks
        if task.state == _UNKNOWN_TASK
    ]
    for request_id, _, entry in known.registers.get("provisioning", ()):
        change = ProvisioningSaid(*entry.value)
        if change.state == _UNKNOWN_CHANGE:
            found.append((UnknownKind.PROVISIONING, request_id, change.item_id, entry.time_us))
    for payment_id, _, entry in known.registers.get("payment", ()):
        if entry.value == _UNKNOWN_PAYMENT:
            found.append((UnknownKind.PAYMENT, payment_id, None, entry.time_us))
    return [
        {"kind": kind.value, "entityId": entity_id, "itemId": item_id, "since": moment(since_us)}
        for kind, entity_id, item_id, since_us in found
    ]


def _reservations(known: Known) -> list[dict[str, Any]]:
    found = [(aggregate, ReservationSaid(*e.value)) for aggregate, _, e in known.registers.get("reservation", ())]
    return [
        {
            "reservationId": reservation_id,
            "taskId": said.task_id,
            "itemId": said.item_id,
            "resourceKind": said.resource_kind,
            "state": said.state,
            "expiresAt": moment_or_none(said.expires_us),
            "failureCode": said.failure_code,
            "attempt": said.attempt,
        }
        for reservation_id, said in found
    ]


def _provisioning(known: Known) -> list[dict[str, Any]]:
    observed = {aggregate: entry.value for aggregate, _, entry in known.registers.get("observed", ())}
    found = [(aggregate, ProvisioningSaid(*e.value)) for aggregate, _, e in known.registers.get("provisioning", ())]
    return [
        {
            "provisioningRequestId": request_id,
            "taskId": said.task_id,
            "itemId": said.item_id,
            "operation": said.operation,
            "state": said.state,
            "serviceStatus": observed.get(request_id),
            "failureCode": said.failure_code,
            "attempt": said.attempt,
        }
        for request_id, said in found
    ]


def _fallouts(known: Known) -> list[dict[str, Any]]:
    detected = {aggregate: entry.value for aggregate, _, entry in known.registers.get("detected", ())}
    assigned = {aggregate: entry.value for aggregate, _, entry in known.registers.get("assigned", ())}
    due = {aggregate: entry.value for aggregate, _, entry in known.registers.get("due", ())}
    found = [(aggregate, CaseSaid(*entry.value)) for aggregate, _, entry in known.registers.get("case", ())]
    return [
        {
            "caseId": case_id,
            "falloutId": case.fallout_id,
            "itemId": case.item_id,
            "taskId": case.task_id,
            "cause": case.cause,
            "nature": case.nature,
            "severity": case.severity,
            "state": case.state,
            "failureCode": detected.get(case_id, (None, None))[0],
            "runbookRef": detected.get(case_id, (None, None))[1],
            "team": assigned.get(case_id, (None, 0))[0],
            "dueAt": moment_or_none(due.get(case_id)),
        }
        for case_id, case in found
    ]
