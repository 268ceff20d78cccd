"""Whether the events of an aggregate tell one story: each says one thing, and they follow from each other (R93, R236).

What an event says twice, in its body and in its headers, has to agree; what an aggregate is about never changes; it
begins with a beginning; and each event leaves the state the one before entered. None of it needs another system, so it
shows events that were altered or made up although only one system ever speaks of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from domain.drift.aggregate.seen import Held
from domain.fold.facts import Joined
from domain.fold.heard import Heard
from domain.fold.reading import parts, text, time_us
from domain.ownership.questions import ownership_of_event

SAME_MOMENT_US = 1_000_000
"""Body and header may tell the time of an event so far apart; formats differ in how exact they are."""

FIRST, ANYWHERE, LATER = 1, 2, 0
"""Whether an event can only be the first of its aggregate, may be, or cannot."""

_ONLY_FIRST = frozenset(
    {
        *("AccountCreated", "CatalogPublished", "QuoteCreated"),
        *("OrderCaptureAttempted", "ProductOrderCreated", "FulfillmentPlanCreated", "ApprovalRequested"),
        *("FalloutDetected", "NonBillingReasonRequested", "CorrectionRequested", "ManualOverrideRecorded"),
        *("BreakGlassAccessed", "PolicyChanged", "UnauthorizedMutationAttempted"),
    }
)
_ALSO_FIRST = frozenset(
    {
        *("EvidenceAttached", "PaymentAuthorized", "PaymentAuthorizationFailed", "ResourceReserved", "CaseAssigned"),
        *("ResourceReservationFailed", "ProvisioningStarted", "AssetActivated", "AssetActivationFailed"),
        *("BillingActivationRequested", "ChargeActivated", "ChargeRejected", "ConsumerCheckpointReported"),
        *("PriceCalculated", "PriceCalculationFailed"),
    }
)

_IDENTITY: Mapping[str, str] = {
    "Account": "accountId",
    "ApprovalCase": "approvalCaseId",
    "Asset": "productInstanceId",
    "BillingHandoff": "handoffId",
    "CaseDecision": "caseId",
    "CatalogPublication": "catalogPublicationId",
    "Charge": "chargeId",
    "ConsumerCheckpoint": "checkpointId",
    "EvidencePackage": "packageId",
    "FalloutCase": "caseId",
    "FulfillmentPlan": "planId",
    "GovernanceRecord": "recordId",
    "NonBillingReason": "reasonId",
    "OrderCaptureAttempt": "attemptId",
    "PaymentAuthorization": "paymentAuthorizationId",
    "PriceCalculation": "calculationId",
    "ProductOrder": "orderId",
    "ProvisioningRequest": "provisioningRequestId",
    "Quote": "quoteId",
    "Reservation": "reservationId",
}
"""The field of its events that names an aggregate itself."""

_FIXED: Mapping[str, tuple[str, ...]] = {
    "ApprovalCase": ("quoteId", "quoteVersion", "accountId", "requestedBy"),
    "BillingHandoff": ("productInstanceId", "componentId", "accountId"),
    "CaseDecision": ("ruleId", "entityType", "entityId"),
    "Charge": ("productInstanceId", "componentId", "accountId"),
    "EvidencePackage": ("quoteId", "quoteVersion"),
    "FalloutCase": ("orderId", "itemId", "taskId", "falloutId", "accountId"),
    "FulfillmentPlan": ("orderId", "accountId", "rulesVersion"),
    "GovernanceRecord": ("kind", "subjectAggregate", "subjectId", "requestedBy"),
    "NonBillingReason": ("orderId", "itemId", "productInstanceId", "componentId", "code", "requestedBy"),
    "PaymentAuthorization": ("orderId", "accountId"),
    "ProductOrder": ("accountId", "quoteId", "quoteVersion", "orderNumber"),
    "ProvisioningRequest": ("orderId", "itemId", "productInstanceId", "planId", "taskId", "operation"),
    "Quote": ("accountId", "quoteFamilyId", "quoteNumber"),
    "Reservation": ("orderId", "itemId", "productInstanceId", "planId", "taskId", "resourceKind"),
}
"""What an aggregate is about from its first event to its last."""

_OF_A_STATE = ("fromState", "state")
_OF_A_STEP = (*_OF_A_STATE, "taskId", "fromTaskState", "taskState")
_OF_A_TASK = ("kind", "itemId", "productInstanceId")


class _Reading(NamedTuple):
    """What of the events of a kind is looked at: found once, for events come often."""

    identity: str
    begins: int
    fixed: tuple[str, ...]
    of_tasks: bool
    of_items: bool


@cache
def _reading(kind: str) -> _Reading:
    aggregate = ownership_of_event(kind).aggregate
    begins = FIRST if kind in _ONLY_FIRST else ANYWHERE if kind in _ALSO_FIRST else LATER
    plan, order = aggregate == "FulfillmentPlan", aggregate == "ProductOrder"
    return _Reading(_IDENTITY.get(aggregate, ""), begins, _FIXED.get(aggregate, ()), plan, order)


def said_twice(event: Heard) -> list[str]:
    """What the event says once in its body and otherwise elsewhere; what is said once only is no matter."""
    said, identity = event.data.get, _reading(event.kind).identity
    pairs = (
        (identity, said(identity), event.subject),
        ("version", said("version"), event.version),
        ("actorId", said("actorId"), event.actor_id),
        ("actorRole", said("actorRole"), event.actor_role),
        ("reasonCode", said("reasonCode"), event.reason_code),
        ("sourceCommandId", said("sourceCommandId"), event.command_id),
        ("toState", said("toState"), said("state")),
    )
    found = [name for name, inside, outside in pairs if inside and outside and inside != outside]
    happened_us = time_us(event.data, "occurredAt")
    if happened_us is not None and abs(happened_us - event.time_us) > SAME_MOMENT_US:
        found.append("occurredAt")
    return found


def stated(event: Heard) -> list[Any]:
    """What an event says of the course of things: where it may stand, the state left and entered, and a task's."""
    data, reading = event.data, _reading(event.kind)
    names = _OF_A_STEP if reading.of_tasks else _OF_A_STATE
    return [reading.begins, *(text(data, name) or "" for name in names)]


def fixed(event: Heard) -> Iterator[tuple[str, str]]:
    """What an event says of things that never change, by name."""
    data, reading = event.data, _reading(event.kind)
    for name in reading.fixed:
        value = data.get(name)
        if value is not None:
            yield name, str(value)
    if reading.of_tasks:
        for task in (data, *parts(data, "tasks")):
            if (task_id := text(task, "taskId")) is not None and "kind" in task:
                yield f"task {task_id}", " ".join(text(task, name) or "-" for name in _OF_A_TASK)
    elif reading.of_items and (item_id := text(data, "itemId")) and (product := text(data, "productInstanceId")):
        yield f"product of item {item_id}", product


class Bound(Joined):
    """What events say of things that never change: by name the two values said first, as [version, value, time]."""

    __slots__ = ("_said",)

    def __init__(self, event: Heard) -> None:
        self._said = {name: [event.version, value, event.time_us] for name, value in fixed(event)}

    def joined(self, held: dict[str, list[list[Any]]] | None) -> dict[str, list[list[Any]]]:
        """See `Joined`."""
        news = {name: one for name, one in self._said.items() if held is None or not _known(held.get(name), one)}
        if held is not None and not news:
            return held
        found = dict(held or {})
        for name, one in news.items():
            first: dict[str, list[Any]] = {}
            for each in sorted([*found.get(name, []), one]):
                first.setdefault(each[1], each)
            found[name] = sorted(first.values())[:2]
        return found


def _known(values: list[list[Any]] | None, one: list[Any]) -> bool:
    """Whether what was said is what was said before, and by nothing earlier: most events say nothing new."""
    return values is not None and values[0][1] == one[1] and values[0] <= one


def altered(held: Mapping[str, list[list[Any]]]) -> Iterator[tuple[str, int]]:
    """What never changes and did, with the time at which it was first said otherwise."""
    for name, values in sorted(held.items()):
        if len(values) > 1:
            yield (
                f"{name} is {values[0][1]} in version {values[0][0]} and {values[1][1]} in {values[1][0]}",
                values[1][2],
            )


def breaks(held: Held) -> Iterator[tuple[str, int]]:
    """Events that do not follow from those before, with their times; of versions that are not known nothing is said."""
    states: dict[str, str] = {}
    prints = held[1]
    rivals = {one[0] for one, other in pairwise(prints) if one[0] == other[0]}
    before = 0
    for version, _, _, time, begins, left, state, *step in prints:
        if version != before + 1 or version in rivals:
            states.clear()
        before = version
        if version in rivals:
            continue  # of several contents is not known which holds
        if begins != ANYWHERE and (version == 1) != (begins == FIRST):
            yield f"version {version} {'begins anew' if version > 1 else 'is no beginning'}", time
        for name, was, becomes in (("", left, state), step) if step and step[0] else (("", left, state),):
            if was and states.get(name, was) != was:
                yield f"version {version} leaves {was}, and {states[name]} had been entered", time
            if becomes:
                states[name] = becomes
