"""What is remembered of a delivery: of the plan and its tasks, of reservations and the network, of fallout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.fold.heard import Heard
from domain.fold.reading import Data, part, parts, text, texts, time_us, whole
from domain.timeline.entry import kinds_of

PLAN_CREATED = "FulfillmentPlanCreated"
PLAN_EVENTS = kinds_of("FulfillmentPlan")
RESERVATION_EVENTS = kinds_of("Reservation")
OBSERVED = "ServiceStatusObserved"
PROVISIONING_EVENTS = kinds_of("ProvisioningRequest")
CASE_EVENTS = kinds_of("FalloutCase")
RAISED, MENDED = "ProductOrderFalloutRaised", "ProductOrderFalloutResolved"

KINDS = frozenset({*PLAN_EVENTS, *RESERVATION_EVENTS, *PROVISIONING_EVENTS, *CASE_EVENTS, RAISED, MENDED})

_BEGINS = frozenset(("FulfillmentTaskStarted", "FulfillmentTaskRetried"))
_UNKNOWN = "FulfillmentTaskOutcomeUnknown"
_HOUR_US = 3_600_000_000

Said = Iterator[tuple[str, Any]]


def remembered(event: Heard) -> Said:
    """The registers an event writes."""
    data = event.data
    if event.kind in PLAN_EVENTS:
        yield "plan", [text(data, "state"), text(data, "accountId"), text(data, "rulesVersion")]
        yield from _made(data) if event.kind == PLAN_CREATED else _task(event)
    elif event.kind in RESERVATION_EVENTS:
        yield "reservation", _reservation(data)
    elif event.kind in PROVISIONING_EVENTS:
        yield from _provisioning(event)
    elif event.kind in CASE_EVENTS:
        yield from _case(event)
    elif fallout := text(data, "falloutId"):
        account, item, instance = (text(data, name) for name in ("accountId", "itemId", "productInstanceId"))
        if event.kind == RAISED:
            said = [account, item, instance, text(data, "repair"), text(data, "failureCode")]
            yield f"raised/{fallout}", said
        else:
            yield f"mended/{fallout}", None


def _made(data: Data) -> Said:
    yield "made", [whole(data, "orderVersion"), text(data, "inputFingerprint"), data.get("paymentRequired")]
    names = ("itemId", "productInstanceId", "kind", "performedBy", "serviceId", "resourceId", "cutoff", "compensatedBy")
    yield (
        "tasks",
        [
            [
                task_id,
                *(text(task, name) for name in names),
                texts(task, "dependsOn"),
                whole(part(task, "retry"), "attemptsMax"),
            ]
            for task in parts(data, "tasks")
            if (task_id := text(task, "taskId"))
        ],
    )


def _task(event: Heard) -> Said:
    data, task_id = event.data, text(event.data, "taskId")
    if task_id is None:
        return
    attempt = whole(data, "attempt") or 0
    delay = whole(data, "retryDelaySeconds")
    yield (
        f"task/{task_id}",
        [
            text(data, "taskState"),
            attempt,
            text(data, "failureCode"),
            whole(data, "attemptsLeft"),
            None if delay is None else event.time_us + delay * 1_000_000,
            text(data, "resultRef") or text(data, "compensationRef"),
            text(data, "compensation"),
            *(text(data, name) for name in ("itemId", "productInstanceId", "kind", "cutoff")),
        ],
    )
    if event.kind in _BEGINS:
        yield f"begun/{task_id}/{attempt}", None
    elif event.kind != "FulfillmentTaskCompensated":
        yield f"ended/{task_id}/{attempt}", [text(data, "taskState"), text(data, "failureCode")]
    if event.kind == _UNKNOWN:
        yield f"unknown/{task_id}/{attempt}", None


def _reservation(data: Data) -> list[Any]:
    return [
        text(data, "taskId"),
        text(data, "state"),
        text(data, "resourceKind"),
        whole(data, "quantity"),
        time_us(data, "expiresAt"),
        text(data, "cause"),
        text(data, "failureCode"),
    ]


def _provisioning(event: Heard) -> Said:
    data = event.data
    yield "request", [text(data, "taskId"), text(data, "state"), text(data, "operation")]
    if event.kind == OBSERVED:
        yield "service", [text(data, "serviceStatus"), time_us(data, "observedAt")]
        return
    partly = data.get("partiallyApplied")
    yield (
        "answer",
        [time_us(data, "answerDueAt"), text(data, "failureCode"), partly if isinstance(partly, bool) else None],
    )


def _case(event: Heard) -> Said:
    data = event.data
    about = ("falloutId", "accountId", "itemId", "productInstanceId", "taskId")
    yield "case", [text(data, name) for name in (*about, "cause", "nature", "severity", "state")]
    if (hours := whole(data, "slaHours")) is not None:
        yield "due", event.time_us + hours * _HOUR_US
    match event.kind:
        case "FalloutDetected":
            told = ("failureCode", "detectedBy", "runbookRef", "rollback", "customerCommunication")
            yield "detected", [text(data, name) for name in told]
        case "FalloutAssigned":
            yield "assigned", [text(data, "team"), text(data, "assigneeId"), whole(data, "escalationLevel") or 0]
        case "OrderRepairApplied":
            refs = ("evidenceRef", "dryRunRef", "approvalRef", "approvedBy", "priorStateHash", "newStateHash")
            who = [event.actor_id or None, event.actor_role or None, event.reason_code or None]
            said = [text(data, "kind"), *who, *(text(data, name) for name in refs)]
            yield f"repair/{text(data, 'repairId') or event.version}", said
        case _:
            told = ("resolution", "closedAs", "verificationRef", "rollbackRef", "customerNoticeRef")
            yield "ended", [text(data, name) for name in told]
