"""What each audience may see, field by field: by which rule, and from which fields of which events.

A source is `<aggregate or event>.<field>` by wire names; `ce_` names are headers. A field of a record that is not
here, or one here that no record has, is a failing test; so is a text that reaches a field from any other source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain.order_state.build import RULE_ID as STATE


class Allowed(NamedTuple):
    """A field an audience may see: its rule, and where its value may come from."""

    rule_id: str
    sources: tuple[str, ...] = ()


Fields = Mapping[str, Allowed]


def _from(rule_id: str, *sources: str) -> Allowed:
    return Allowed(rule_id, sources)


_LINE_EVENTS = ("ProductOrderCreated", "ProductOrderAccepted", "ProductOrderAmended")


def _line(field: str) -> tuple[str, ...]:
    return tuple(f"{event}.items.{field}" for event in _LINE_EVENTS)


_WORDING = ("en", "de")
_ORDER_ID = _from("identity", "ProductOrder.ce_subject")
_NUMBER = _from("identity", "ProductOrder.orderNumber")
_ACCOUNT = _from("identity", "ProductOrder.accountId")
_QUOTE = _from("identity", "ProductOrder.quoteId")
_ITEM_IDS = ("ProductOrder.itemId", *_line("itemId"), "ProductOrderCancellationRequested.itemIds")
_TASK_ITEMS = ("FulfillmentPlan.itemId", "FulfillmentPlan.tasks.itemId")
_CANCELLED_IDS = ("ProductOrderCancellationRequested.itemIds", "ProductOrderCancellationRefused.itemIds")
_DATE_EVENTS = ("ProductOrderCreated.dates", "ProductOrderDetailsUpdated.dates")
_REQUESTED = _from("dates", *(f"{source}.requestedCompletion" for source in _DATE_EVENTS))
_COMMITTED = _from("dates", *(f"{source}.committedCompletion" for source in _DATE_EVENTS))
_REASON = ("ProductOrder.reasonCode", "ProductOrder.ce_reasoncode")
_CODES = (
    "ProductOrderItemFailed.failureCode",
    "ProductOrderFalloutRaised.failureCode",
    "ProductOrderItemPendingExternal.waitingFor",
)


def _wording(name: str, rule_id: str) -> dict[str, Allowed]:
    return {f"{name}.{language}": _from(rule_id) for language in _WORDING}


def _delivery() -> dict[str, Allowed]:
    """What everybody who works on an order sees."""
    return {
        "orderId": _ORDER_ID,
        "orderNumber": _NUMBER,
        "state": _from(STATE),
        **_wording("message", STATE),
        "tmf622V4State": _from(STATE),
        "tmf622V5State": _from(STATE),
        "progressPercent": _from("task-progress"),
        "blocker.kind": _from("current-blocker"),
        "blocker.itemId": _from(
            "current-blocker", *_ITEM_IDS, "FulfillmentPlan.itemId", "FulfillmentPlan.tasks.itemId"
        ),
        "blocker.code": _from("current-blocker", *_CODES),
        "blocker.repair": _from("current-blocker"),
        "blocker.since": _from("current-blocker"),
        "nextAction.step": _from("next-action"),
        "nextAction.by": _from("next-action", "ProductOrderItemPendingExternal.waitingFor", "FalloutAssigned.team"),
        **_wording("nextAction.message", "next-action"),
        "stuck": _from("standstill"),
        "stuckSince": _from("standstill"),
        "lastMovedAt": _from("standstill"),
        "committedCompletion": _COMMITTED,
        "jeopardy": _from("jeopardy"),
        "milestones.milestone": _from("milestones"),
        "milestones.at": _from("milestones"),
        "items.itemId": _from("item-state", *_ITEM_IDS, *_CANCELLED_IDS),
        "items.state": _from("item-state"),
        "items.action": _from("item-state"),
        "items.since": _from("item-state"),
        "items.cancellable": _from("cut-off"),
        "fulfilled.completed": _from("fulfilment"),
        "fulfilled.cancelled": _from("fulfilment"),
        "fulfilled.failed": _from("fulfilment"),
        "fulfilled.open": _from("fulfilment"),
        "cancellations.version": _from("history"),
        "cancellations.step": _from("history"),
        "cancellations.itemIds": _from("history", *_CANCELLED_IDS),
        "cancellations.at": _from("history"),
        "cancellations.reasonCode": _from("history", *_REASON),
        "versionGaps": _from("version-gaps"),
    }


CUSTOMER: Fields = {
    "orderId": _ORDER_ID,
    "orderNumber": _NUMBER,
    "accountId": _ACCOUNT,
    "status": _from("customer-status"),
    **_wording("message", "customer-status"),
    **_wording("nextStep", "customer-status"),
    "progressPercent": _from("task-progress"),
    "committedCompletion": _COMMITTED,
}
SALES: Fields = {
    "orderId": _ORDER_ID,
    "orderNumber": _NUMBER,
    "accountId": _ACCOUNT,
    "movement": _from("movement"),
    "moving": _from("movement"),
    **_wording("message", "movement"),
    "chain.kind": _from("identity"),
    "chain.entityId": _from("identity", "ProductOrder.ce_subject", "ProductOrder.quoteId"),
    "chain.number": _NUMBER,
    "chain.revision": _from("identity"),
    "progressPercent": _from("task-progress"),
    "submittedAt": _from("milestones"),
    "acceptedAt": _from("milestones"),
    "completedAt": _from("milestones"),
    "requestedCompletion": _REQUESTED,
    "committedCompletion": _COMMITTED,
    "jeopardy": _from("jeopardy"),
    "atRisk": _from("jeopardy"),
}
SUPPORT: Fields = {
    **_delivery(),
    "accountId": _ACCOUNT,
    "customerStatus": _from("customer-status"),
    **_wording("customerMessage", "customer-status"),
    "requestedCompletion": _REQUESTED,
    "changes.version": _from("history"),
    "changes.kind": _from("history"),
    "changes.at": _from("history"),
    "changes.reasonCode": _from("history", *_REASON),
    "openCases.caseId": _from("fallout-cases", "FalloutCase.ce_subject"),
    "openCases.falloutId": _from("fallout-cases", "FalloutCase.falloutId"),
    "openCases.itemId": _from("fallout-cases", "FalloutCase.itemId"),
    "openCases.severity": _from("fallout-cases"),
    "openCases.state": _from("fallout-cases"),
    "openCases.team": _from("fallout-cases", "FalloutAssigned.team"),
    "openCases.escalationLevel": _from("fallout-cases"),
    "openCases.dueAt": _from("fallout-cases"),
    "timeline.at": _from("history"),
    "timeline.version": _from("history"),
    "timeline.event": _from("history"),
    "timeline.itemId": _from("history", "ProductOrder.itemId"),
    "conflictingVersions": _from("version-gaps"),
}
_TASK_IDS = ("FulfillmentPlan.taskId", "FulfillmentPlan.tasks.taskId")
FULFILLMENT: Fields = {
    **_delivery(),
    "planState": _from("plan-state"),
    "tasks.taskId": _from("tasks", *_TASK_IDS),
    "tasks.itemId": _from("tasks", *_TASK_ITEMS),
    "tasks.kind": _from("tasks"),
    "tasks.performedBy": _from("tasks", "FulfillmentPlan.tasks.performedBy"),
    "tasks.state": _from("tasks"),
    "tasks.attempt": _from("tasks"),
    "tasks.attemptsLeft": _from("tasks"),
    "tasks.failureCode": _from("tasks", "FulfillmentTaskFailed.failureCode"),
    "tasks.cutoff": _from("tasks"),
    "tasks.dependsOn": _from("tasks", "FulfillmentPlan.tasks.dependsOn"),
    "tasks.waitsFor": _from("tasks", "FulfillmentPlan.tasks.dependsOn"),
    "tasks.since": _from("tasks"),
    "retries": _from("tasks"),
    "unknownOutcomes.kind": _from("unknown-outcomes"),
    "unknownOutcomes.entityId": _from(
        "unknown-outcomes", *_TASK_IDS, "ProvisioningRequest.ce_subject", "PaymentAuthorization.ce_subject"
    ),
    "unknownOutcomes.itemId": _from("unknown-outcomes", *_TASK_ITEMS, "ProvisioningRequest.itemId"),
    "unknownOutcomes.since": _from("unknown-outcomes"),
    "reservations.reservationId": _from("reservations", "Reservation.ce_subject"),
    "reservations.taskId": _from("reservations", "Reservation.taskId"),
    "reservations.itemId": _from("reservations", "Reservation.itemId"),
    "reservations.resourceKind": _from("reservations"),
    "reservations.state": _from("reservations"),
    "reservations.expiresAt": _from("reservations"),
    "reservations.failureCode": _from("reservations", "ResourceReservationFailed.failureCode"),
    "reservations.attempt": _from("reservations"),
    "provisioning.provisioningRequestId": _from("provisioning", "ProvisioningRequest.ce_subject"),
    "provisioning.taskId": _from("provisioning", "ProvisioningRequest.taskId"),
    "provisioning.itemId": _from("provisioning", "ProvisioningRequest.itemId"),
    "provisioning.operation": _from("provisioning"),
    "provisioning.state": _from("provisioning"),
    "provisioning.serviceStatus": _from("provisioning"),
    "provisioning.failureCode": _from("provisioning", "ProvisioningFailed.failureCode"),
    "provisioning.attempt": _from("provisioning"),
    "fallouts.caseId": _from("fallout-cases", "FalloutCase.ce_subject"),
    "fallouts.falloutId": _from("fallout-cases", "FalloutCase.falloutId"),
    "fallouts.itemId": _from("fallout-cases", "FalloutCase.itemId"),
    "fallouts.taskId": _from("fallout-cases", "FalloutCase.taskId"),
    "fallouts.cause": _from("fallout-cases"),
    "fallouts.nature": _from("fallout-cases"),
    "fallouts.severity": _from("fallout-cases"),
    "fallouts.state": _from("fallout-cases"),
    "fallouts.failureCode": _from("fallout-cases", "FalloutDetected.failureCode"),
    "fallouts.runbookRef": _from("fallout-cases", "FalloutDetected.runbookRef"),
    "fallouts.team": _from("fallout-cases", "FalloutAssigned.team"),
    "fallouts.dueAt": _from("fallout-cases"),
    "bundles.itemId": _from("structures", *_line("itemId")),
    "bundles.parentItemId": _from("structures", *_line("parentItemId")),
    "bundles.rootItemId": _from("structures", *_line("itemId"), *_line("parentItemId")),
    "bundles.memberIds": _from("structures", *_line("itemId")),
    "dependencies.itemId": _from("structures", *_line("itemId")),
    "dependencies.dependsOn": _from("structures", *_line("dependsOn")),
    "dependencies.openDependencies": _from("structures", *_line("dependsOn")),
    "dependencies.ready": _from("structures"),
}
_BILLED = ("BillingHandoff", "Charge", "NonBillingReason", "BillingHandoffVerdict")
FINANCE: Fields = {
    "orderId": _ORDER_ID,
    "orderNumber": _NUMBER,
    "accountId": _ACCOUNT,
    "readiness": _from("billing-readiness"),
    **_wording("message", "billing-readiness"),
    "items.itemId": _from("billing-readiness", *_ITEM_IDS, *_CANCELLED_IDS),
    "items.productInstanceId": _from("billing-readiness", *_line("productInstanceId")),
    "items.action": _from("billing-readiness"),
    "items.state": _from("item-state"),
    "items.readiness": _from("billing-readiness"),
    "items.components.productInstanceId": _from(
        "billing-readiness", *_line("productInstanceId"), *(f"{aggregate}.productInstanceId" for aggregate in _BILLED)
    ),
    "items.components.componentId": _from(
        "billing-readiness",
        *_line("priceComponents.componentId"),
        *(f"{aggregate}.componentId" for aggregate in _BILLED),
    ),
    "items.components.readiness": _from("billing-readiness"),
    "items.components.billingTriggerDate": _from("billing-readiness", "BillingActivationRequested.billingTriggerDate"),
    "items.components.handoffState": _from("billing-readiness"),
    "items.components.chargeState": _from("billing-readiness"),
    "items.components.nonBillingCode": _from("billing-readiness"),
    "items.components.verdict": _from("billing-verdict"),
    "items.components.leakage.amount": _from("billing-verdict"),
    "items.components.leakage.currency": _from("billing-verdict", "BillingHandoffVerdict.leakage.currency"),
    "items.components.overbilling.amount": _from("billing-verdict"),
    "items.components.overbilling.currency": _from("billing-verdict", "BillingHandoffVerdict.overbilling.currency"),
    "revenueVerified": _from("billing-verdict"),
}
_ANY = "any"
_TOLD = "QuoteDecisions.decisions"
COMPLIANCE: Fields = {
    "orderId": _ORDER_ID,
    "orderNumber": _NUMBER,
    "accountId": _ACCOUNT,
    "quoteId": _QUOTE,
    "state": _from(STATE),
    "quality": _from("record-quality"),
    **_wording("message", "record-quality"),
    "decisions.what": _from("decisions", f"{_TOLD}.what"),
    "decisions.actorId": _from("decisions", f"{_ANY}.ce_actorid", f"{_TOLD}.actorId"),
    "decisions.actorRole": _from("decisions", f"{_ANY}.ce_actorrole", f"{_TOLD}.actorRole"),
    "decisions.at": _from("decisions"),
    "decisions.authorityLimit": _from(
        "decisions", "NonBillingReasonApproved.authorityLimit.currency", f"{_TOLD}.authorityLimit"
    ),
    "decisions.reasonCode": _from("decisions", f"{_ANY}.reasonCode", f"{_ANY}.ce_reasoncode", f"{_TOLD}.reasonCode"),
    "decisions.policyVersion": _from("decisions", f"{_ANY}.ce_policyversion"),
    "decisions.approvedBy": _from("decisions", f"{_ANY}.approvedBy"),
    "decisions.evidenceRef": _from(
        "decisions",
        f"{_ANY}.evidenceRef",
        f"{_ANY}.repairRef",
        f"{_ANY}.verificationRef",
        f"{_ANY}.rollbackRef",
        f"{_ANY}.compensationRef",
        f"{_ANY}.sourcePayloadHash",
        f"{_ANY}.approvalRef",
        f"{_TOLD}.evidenceRef",
    ),
    "evidence.kind": _from("evidence", "QuoteDecisions.evidence.kind"),
    "evidence.contentHash": _from("evidence", "QuoteDecisions.evidence.hash"),
    "evidence.at": _from("evidence"),
    "missing.eventId": _from("record-quality", f"{_ANY}.ce_id"),
    "missing.event": _from("record-quality"),
    "missing.attributes": _from("record-quality"),
    "missingEvidence": _from("evidence", "QuoteDecisions.missing"),
    "breaches.actorId": _from("record-quality", f"{_ANY}.ce_actorid", f"{_ANY}.approvedBy", f"{_TOLD}.actorId"),
    "breaches.firstDuty": _from("record-quality"),
    "breaches.firstEvent": _from("record-quality", f"{_TOLD}.what"),
    "breaches.secondDuty": _from("record-quality"),
    "breaches.secondEvent": _from("record-quality", f"{_TOLD}.what"),
    "quoteBreaches": _from("record-quality", "QuoteDecisions.breaches"),
}

WHITELIST: Mapping[str, Fields] = {
    "OrderStatusCustomer": CUSTOMER,
    "OrderStatusSales": SALES,
    "OrderStatusSupport": SUPPORT,
    "OrderStatusFulfillment": FULFILLMENT,
    "OrderStatusFinance": FINANCE,
    "OrderStatusCompliance": COMPLIANCE,
}
"""The fields of each record but `version` and `derivation`, which say nothing of the order."""

ORDER_STATE: Mapping[str, str] = {
    "orderId": "identity",
    "orderNumber": "identity",
    "accountId": "identity",
    "quoteId": "identity",
    "quoteVersion": "identity",
    "state": STATE,
    "declaredState": "declared-state",
    "publishedState": "identity",
    "policyId": STATE,
    "clause": STATE,
    "tmf622V4State": STATE,
    "tmf622V5State": STATE,
    "progressPercent": "item-progress",
    "cancelledItems": "fulfilment",
    "items.itemId": "item-state",
    "items.state": "item-state",
    "items.action": "item-state",
    "items.parentItemId": "structures",
    "items.offeringId": "item-state",
    "items.productInstanceId": "item-state",
    "items.since": "item-state",
    "items.causedBy": "item-state",
    "blockers.kind": "current-blocker",
    "blockers.itemId": "current-blocker",
    "blockers.code": "current-blocker",
    "blockers.repair": "current-blocker",
    "blockers.since": "current-blocker",
    "versionGaps": "version-gaps",
    "conflictingVersions": "version-gaps",
    "lastEventAt": "identity",
}
"""The rule of each field of `OrderState`; who may see that record is a matter of its topic."""
