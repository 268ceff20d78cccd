"""What each event counts for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compose.verify.business.tallies import Tallies, day_of, us_of
from domain.fold.heard import Heard

Handler = Callable[[Tallies, Heard], None]


def _text(event: Heard, name: str) -> str:
    return str(event.data.get(name) or "")


def _publication(told: Tallies, event: Heard) -> None:
    """A publication may take the place of another one."""
    replaced, since = event.data.get("supersedesPublicationId"), event.data.get("effectiveFrom")
    if replaced and since is not None:
        key = event.tenant, str(replaced)
        told.replaced[key] = min(since, told.replaced.get(key, since))


def _taken_over(told: Tallies, event: Heard) -> None:
    told.time("catalog-publish-lag", event, event.data["consumer"], event.data["lagMs"])


def _checkpoint(told: Tallies, event: Heard) -> None:
    """How far a consumer had come: the newest word of the day counts."""
    key = event.tenant, day_of(event.time_us), event.subject
    if event.version > told.checkpoints.get(key, (0, "", 0))[0]:
        behind = max(0, int(event.data["endOffset"]) - int(event.data["committedOffset"]))
        told.checkpoints[key] = event.version, str(event.data["consumer"]), behind


def _created(told: Tallies, event: Heard) -> None:
    told.add("quote-creation-rate", event)
    told.over("quote-revision-rate", event)


def _validated(told: Tallies, event: Heard) -> None:
    told.over("quote-validation-failure-rate", event)
    told.over("approval-submission-rate", event)


def _calculated(told: Tallies, event: Heard) -> None:
    """A price, with its discount in millionths."""
    told.time("average-discount", event, event.data["request"]["segment"], int(event.data["discountPercent"] * 10**6))
    told.over("pricing-error-rate", event)


def _presented(told: Tallies, event: Heard) -> None:
    told.over("quote-acceptance-rate", event)
    told.over("quote-expiration-rate", event)
    if event.data["discountPercent"] > event.data["discountLimitPercent"]:
        told.add("floor-price-overrides", event)


def _accepted(told: Tallies, event: Heard) -> None:
    told.add("quote-acceptance-rate", event)
    told.mark("accepted", event, _text(event, "quoteId"))
    if not event.data.get("signatureEnvelopeId"):
        told.add("unsigned-proposals", event)


def _decided(told: Tallies, event: Heard) -> None:
    """An approval that was decided, or for which it became too late."""
    due = event.data.get("dueAt")
    late = due is not None and (event.time_us - us_of(due)) // 1000 > 0
    told.share("approval-sla-breach-rate", event, hit=late)
    reasons = (event.reason_code, _text(event, "justification"))
    if event.kind == "ApprovalDecided" and not any(reason.strip() for reason in reasons):
        told.add("approvals-without-reason", event)


def _attempted(told: Tallies, event: Heard) -> None:
    """A request to capture or change an order."""
    outcome, code, command = (_text(event, name) for name in ("outcome", "code", "command"))
    told.share("capture-rejection-rate", event, hit=outcome == "REFUSED")
    told.share("idempotency-replay-rate", event, hit=outcome == "REPLAYED")
    told.share("duplicate-conflict-rate", event, hit=code.startswith("CONFLICT_"))
    if outcome == "REFUSED":
        told.add("validation-errors", event, code)
    if command == "CreateProductOrder":
        told.add("order-request-rate", event)
    if command == "SubmitProductOrder":
        told.add("order-submit-rate-by-source", event, _text(event, "sourceSystem"))


def _order_created(told: Tallies, event: Heard) -> None:
    told.add("orders-by-channel", event, _text(event, "sourceChannel"))
    told.mark("order-created", event, _text(event, "quoteId"))


def _submitted(told: Tallies, event: Heard) -> None:
    told.add("order-submit-rate", event)
    told.mark("submitted", event, _text(event, "orderId"))


def _order_accepted(told: Tallies, event: Heard) -> None:
    told.over("order-validation-failure-rate", event)
    told.mark("order-accepted", event, _text(event, "orderId"))


def _fallout(told: Tallies, event: Heard) -> None:
    if event.data.get("repair") == "HUMAN":
        told.mark("fallout", event, _text(event, "orderId"))


def _task_started(told: Tallies, event: Heard) -> None:
    told.over("task-retry-rate", event)


def _corrected(told: Tallies, event: Heard) -> None:
    told.add("manual-corrections", event, event.kind)
    if event.kind != "OrderRepairApplied":
        told.add("data-corrections", event, _text(event, "correctedOwner") or "cpq")


def _denied(told: Tallies, event: Heard) -> None:
    told.add("unauthorised-mutation-attempts", event, event.data["resource"], event.data["attempts"])


def _policy(told: Tallies, event: Heard) -> None:
    """A change of a policy, which takes two."""
    approver = event.data.get("approvedBy")
    if not approver or approver == event.data["authorId"]:
        told.add("unapproved-policy-changes", event, event.data["kind"])


def _counts(name: str) -> Handler:
    return lambda told, event: told.add(name, event)


def _hits(name: str) -> Handler:
    return lambda told, event: told.share(name, event, hit=True)


def _misses(name: str) -> Handler:
    return lambda told, event: told.over(name, event)


def _marks(name: str, field: str) -> Handler:
    return lambda told, event: told.mark(name, event, _text(event, field))


def _marks_quote_version(name: str) -> Handler:
    return lambda told, event: told.mark(name, event, _text(event, "quoteId"), _text(event, "quoteVersion"))


HANDLERS: Mapping[str, Handler] = {
    "CatalogPublished": _publication,
    "CatalogPublicationConsumed": _taken_over,
    "ConsumerCheckpointReported": _checkpoint,
    "QuoteCreated": _created,
    "QuoteRevised": _counts("quote-revision-rate"),
    "QuoteConfigured": _marks_quote_version("configured"),
    "QuotePriced": _marks_quote_version("priced"),
    "QuoteValidated": _validated,
    "QuoteValidationFailed": _hits("quote-validation-failure-rate"),
    "QuoteSubmittedForApproval": _counts("approval-submission-rate"),
    "QuotePresented": _presented,
    "QuoteAccepted": _accepted,
    "QuoteExpired": _counts("quote-expiration-rate"),
    "QuoteConvertedToOrder": _misses("quote-conversion-failure-rate"),
    "QuoteConversionFailed": _hits("quote-conversion-failure-rate"),
    "PriceCalculated": _calculated,
    "PriceCalculationFailed": _hits("pricing-error-rate"),
    "ApprovalDecided": _decided,
    "ApprovalExpired": _decided,
    "OrderCaptureAttempted": _attempted,
    "ProductOrderCreated": _order_created,
    "ProductOrderSubmitted": _submitted,
    "ProductOrderAccepted": _order_accepted,
    "ProductOrderRejected": _hits("order-validation-failure-rate"),
    "ProductOrderDecomposed": _misses("decomposition-failure-rate"),
    "ProductOrderDecompositionFailed": _hits("decomposition-failure-rate"),
    "ProductOrderFalloutRaised": _fallout,
    "ProductOrderItemCancelled": _marks("item-cancelled", "orderId"),
    "ProductOrderCancelled": _marks("cancelled", "orderId"),
    "ProductOrderCompleted": _marks("completed", "orderId"),
    "FulfillmentTaskStarted": _task_started,
    "FulfillmentTaskRetried": _counts("task-retry-rate"),
    "FulfillmentTaskCompleted": _hits("task-success-rate"),
    "FulfillmentTaskFailed": _misses("task-success-rate"),
    "FalloutDetected": _marks("fallout-detected", "caseId"),
    "FalloutResolved": _marks("fallout-closed", "caseId"),
    "FalloutClosedAsFailed": _marks("fallout-closed", "caseId"),
    "ProvisioningSucceeded": _marks("provisioned", "productInstanceId"),
    "AssetActivated": _marks("activated", "productInstanceId"),
    "ChargeActivated": _misses("billing-handoff-failure-rate"),
    "ChargeRejected": _hits("billing-handoff-failure-rate"),
    "EvidencePackageFailed": _counts("failed-evidence-packages"),
    "ManualOverrideRecorded": _counts("manual-overrides"),
    "BreakGlassAccessed": _counts("break-glass-accesses"),
    "PolicyChanged": _policy,
    "CorrectionApplied": _corrected,
    "QuoteCorrectionApplied": _corrected,
    "OrderRepairApplied": _corrected,
    "UnauthorizedMutationAttempted": _denied,
}
"""What to do with each kind of event that counts for something of its own."""
