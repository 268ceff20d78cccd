"""What metrics need to know of an owner's event: one narrow fact, the same columns for every kind of event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from domain.fold.heard import Heard
from domain.model import Doc, Model

MICRO = 1_000_000
"""Decimals are kept in millionths, so that sums stay exact."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64_MAX = 2**63 - 1


class BusinessFact(Model):
    """One event of an owner as analytics keep it; texts are empty and numbers zero where a kind says nothing."""

    tenant: Annotated[str, Doc("Tenant it belongs to.")]
    kind: Annotated[str, Doc("Canonical name of the event.")]
    at: Annotated[datetime, Doc("When it happened.")]
    recorded_at: Annotated[datetime, Doc("When it was published.")]
    event_id: Annotated[str, Doc("`ce_id`.")]
    subject: Annotated[str, Doc("The aggregate.")]
    version: Annotated[int, Doc("Version of the aggregate after it.")]
    order_id: Annotated[str, Doc("Order concerned.")] = ""
    quote_id: Annotated[str, Doc("Quote concerned.")] = ""
    quote_version: Annotated[int, Doc("Version of the quote.")] = 0
    product_instance_id: Annotated[str, Doc("Installed product concerned.")] = ""
    reference: Annotated[str, Doc("Catalog publication it rests on, or, of a publication, the one it replaces.")] = ""
    due_at: Annotated[datetime | None, Doc("Moment it names: when a publication takes effect.")] = None
    state: Annotated[str, Doc("State the owner says the aggregate is in.")] = ""
    code: Annotated[str, Doc("Failure or refusal, in a stable code.")] = ""
    outcome: Annotated[str, Doc("What it came to; the words depend on the kind.")] = ""
    command: Annotated[str, Doc("Command an attempt was about.")] = ""
    source: Annotated[str, Doc("System a request came from.")] = ""
    channel: Annotated[str, Doc("Channel a request came through.")] = ""
    part: Annotated[str, Doc("What the kind is split by: consumer, segment, corrected owner.")] = ""
    amount: Annotated[int, Doc("A number the kind is about; percentages in millionths.")] = 0
    elapsed_ms: Annotated[int, Doc("A time the kind is about, in milliseconds; negative when something was early.")] = 0
    missing: Annotated[int, Doc("How many of its audit attributes it lacks.")] = 0


Digest = Callable[[Heard], Mapping[str, Any]]


def fact_of(event: Heard) -> dict[str, Any]:
    """The fact by wire names. Never fails for data that lacks fields; what is of another type counts as absent."""
    data = event.data
    digest = _DIGESTS.get(event.kind)
    return {
        "tenant": event.tenant,
        "kind": event.kind,
        "at": _EPOCH + timedelta(microseconds=event.time_us),
        "recordedAt": _EPOCH + timedelta(microseconds=event.recorded_us),
        "eventId": event.event_id,
        "subject": event.subject,
        "version": event.version,
        "orderId": _text(data, "orderId"),
        "quoteId": _text(data, "quoteId"),
        "quoteVersion": _number(data.get("quoteVersion")),
        "productInstanceId": _text(data, "productInstanceId"),
        "reference": _text(data, "catalogPublicationId"),
        "state": _text(data, "state"),
        "code": _text(data, "failureCode"),
        "missing": sum(1 for value in audit_attributes(event) if not value),
        **(digest(event) if digest else {}),
    }


def audit_attributes(event: Heard) -> tuple[str, ...]:
    """The lineage every event must carry (R102-R112, R372)."""
    return (
        event.correlation_id,
        event.causation_id,
        event.command_id,
        event.actor_id,
        event.actor_role,
        event.policy_version,
    )


def micros(value: Any) -> int:
    """An exact decimal in millionths; finer digits are cut off, and anything else is 0."""
    return _bounded(int(value * MICRO)) if isinstance(value, Decimal) and value.is_finite() else 0


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return str(value) if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return _bounded(value) if isinstance(value, int) else 0


def _bounded(value: int) -> int:
    return max(-_INT64_MAX, min(_INT64_MAX, int(value)))


def _nested(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def _published(event: Heard) -> Mapping[str, Any]:
    due = event.data.get("effectiveFrom")
    return {
        "reference": _text(event.data, "supersedesPublicationId"),
        "dueAt": due if isinstance(due, datetime) and due.tzinfo is not None else None,
    }


def _consumed(event: Heard) -> Mapping[str, Any]:
    return {"part": _text(event.data, "consumer"), "elapsedMs": _number(event.data.get("lagMs"))}


def _calculated(event: Heard) -> Mapping[str, Any]:
    request = _nested(event.data, "request")
    return {"part": _text(request, "segment"), "amount": micros(event.data.get("discountPercent"))}


def _presented(event: Heard) -> Mapping[str, Any]:
    given, limit = event.data.get("discountPercent"), event.data.get("discountLimitPercent")
    below = isinstance(given, Decimal) and isinstance(limit, Decimal) and given > limit
    return {"amount": micros(given), "outcome": "BELOW_FLOOR" if below else "WITHIN_LIMIT"}


def _accepted(event: Heard) -> Mapping[str, Any]:
    return {"outcome": "SIGNED" if _text(event.data, "signatureEnvelopeId") else "UNSIGNED"}


def _decided(event: Heard) -> Mapping[str, Any]:
    reason = event.reason_code.strip() or _text(event.data, "justification").strip()
    return {"outcome": "WITH_REASON" if reason else "WITHOUT_REASON", "elapsedMs": _overdue_ms(event)}


def _overdue(event: Heard) -> Mapping[str, Any]:
    return {"elapsedMs": _overdue_ms(event)}


def _overdue_ms(event: Heard) -> int:
    due = event.data.get("dueAt")
    if not isinstance(due, datetime) or due.tzinfo is None:
        return 0
    return (event.time_us - (due - _EPOCH) // timedelta(microseconds=1)) // 1000


def _attempted(event: Heard) -> Mapping[str, Any]:
    data = event.data
    names = {"code": "code", "outcome": "outcome", "command": "command", "channel": "sourceChannel"}
    return {column: _text(data, name) for column, name in names.items()} | {"source": _text(data, "sourceSystem")}


def _created(event: Heard) -> Mapping[str, Any]:
    return {"source": _text(event.data, "sourceSystem"), "channel": _text(event.data, "sourceChannel")}


def _repair(event: Heard) -> Mapping[str, Any]:
    return {"outcome": _text(event.data, "repair")}


def _corrected(event: Heard) -> Mapping[str, Any]:
    return {"part": _text(event.data, "correctedOwner")}


def _checkpoint(event: Heard) -> Mapping[str, Any]:
    behind = _number(event.data.get("endOffset")) - _number(event.data.get("committedOffset"))
    return {"part": _text(event.data, "consumer"), "amount": max(0, behind)}


def _denied(event: Heard) -> Mapping[str, Any]:
    return {"part": _text(event.data, "resource"), "amount": _number(event.data.get("attempts"))}


def _policy(event: Heard) -> Mapping[str, Any]:
    approver = _text(event.data, "approvedBy").strip()
    alone = not approver or approver == _text(event.data, "authorId").strip()
    return {"part": _text(event.data, "kind"), "outcome": "UNAPPROVED" if alone else "APPROVED"}


_DIGESTS: Mapping[str, Digest] = {
    "CatalogPublished": _published,
    "CatalogPublicationConsumed": _consumed,
    "PriceCalculated": _calculated,
    "QuotePresented": _presented,
    "QuoteAccepted": _accepted,
    "ApprovalDecided": _decided,
    "ApprovalExpired": _overdue,
    "OrderCaptureAttempted": _attempted,
    "ProductOrderCreated": _created,
    "ProductOrderItemFailed": _repair,
    "ProductOrderFalloutRaised": _repair,
    "CorrectionApplied": _corrected,
    "QuoteCorrectionApplied": lambda _: {"part": "cpq"},
    "OrderRepairApplied": lambda _: {"part": "oms"},
    "ConsumerCheckpointReported": _checkpoint,
    "UnauthorizedMutationAttempted": _denied,
    "PolicyChanged": _policy,
}
