"""What is remembered of who decided what, with what authority, and of what an event should say and does not."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from domain.audit import HIGH_RISK, lacking
from domain.fold.heard import Heard
from domain.order_status.moments import microseconds
from domain.order_status.order_registers import Said
from domain.order_status.words import listed, money_text
from domain.segregation import DECISIVE_EVENTS, duties_shown

_INVOICING = frozenset({"InvoiceIssued"})
"""Issued by the agreement, without anybody's decision; an adjustment shows as a duty of its own."""

_DECISIONS = """
ProductOrderCreated ProductOrderSubmitted ProductOrderAccepted ProductOrderRejected ProductOrderFalloutResolved
ProductOrderCancellationRequested ProductOrderCancellationRefused NonBillingReasonRequested
"""
DECISIONS = frozenset(_DECISIONS.split()) | (HIGH_RISK - _INVOICING)
"""Events by which somebody decides about an order (R110, R121)."""

_EVIDENCE = ("evidenceRef", "repairRef", "verificationRef", "rollbackRef", "compensationRef", "sourcePayloadHash")
_APPROVAL = ("approvalRef",)


class Decision(NamedTuple):
    """Somebody decided something about the order; `duties` as [actor, duty]."""

    what: str
    actor_id: str
    actor_role: str
    at_us: int
    authority_limit: str | None
    reason_code: str | None
    policy_version: str | None
    approved_by: str | None
    evidence_ref: str | None
    duties: list[list[str]]


def decision_says(event: Heard) -> Said:
    """The registers an event writes for those who audit: a decision, and attributes it lacks."""
    missing = _lacking(event)
    if missing:
        yield f"lacks/{event.version}", list(missing)
    duties = duties_shown(event.kind, event, _attributes(event.data)) if event.kind in DECISIVE_EVENTS else ()
    override = event.data.get("override") is True
    if event.kind in DECISIONS or duties or override:
        yield f"decision/{event.version}", list(_decision(event, duties))


def quote_decisions_say(event: Heard) -> Said:
    """The registers the decisions about the order's quote write; they were derived from its own events."""
    data = event.data
    decisions = [d for d in listed(data.get("decisions")) if isinstance(d, Mapping)]
    evidence = [e for e in listed(data.get("evidence")) if isinstance(e, Mapping)]
    yield "quote-decisions", [list(_told(d)) for d in decisions]
    yield "quote-evidence", [[_text(e.get("kind")), e.get("hash"), microseconds(e.get("at"))] for e in evidence]
    yield "quote-missing", [_text(m) for m in listed(data.get("missing")) if m]
    yield "quote-breaches", [_text(b) for b in listed(data.get("breaches")) if b]


def _decision(event: Heard, duties: tuple[tuple[str, Any], ...]) -> Decision:
    data = event.data
    return Decision(
        event.kind,
        event.actor_id,
        event.actor_role,
        event.time_us,
        money_text(data.get("authorityLimit")),
        event.reason_code or data.get("reasonCode"),
        event.policy_version or None,
        data.get("approvedBy"),
        next((str(data[name]) for name in (*_EVIDENCE, *_APPROVAL) if data.get(name)), None),
        [[actor, duty.value] for actor, duty in duties],
    )


def _told(decision: Mapping[str, Any]) -> Decision:
    what, actor, role = (_text(decision.get(name)) for name in ("what", "actorId", "actorRole"))
    duties = duties_shown(what, SimpleNamespace(actor_id=actor, actor_role=role), None)
    return Decision(
        what,
        actor,
        role,
        microseconds(decision.get("at")) or 0,
        money_text(decision.get("authorityLimit")),
        decision.get("reasonCode"),
        None,
        None,
        decision.get("evidenceRef"),
        [[person, duty.value] for person, duty in duties],
    )


def _attributes(data: Mapping[str, Any]) -> SimpleNamespace:
    """The fields of an event that duties show in, by the names its model has for them."""
    lines = [line for line in listed(data.get("lines")) if isinstance(line, Mapping)]
    return SimpleNamespace(
        approved_by=data.get("approvedBy"),
        corrects_former_terms=data.get("correctsFormerTerms") is True,
        lines=[SimpleNamespace(reason_code=line.get("reasonCode")) for line in lines],
    )


def _lacking(event: Heard) -> tuple[str, ...]:
    return lacking(
        event.kind,
        {
            "event_id": event.event_id,
            "tenant_id": event.tenant,
            "actor_id": event.actor_id,
            "actor_role": event.actor_role,
            "action": event.kind,
            "source": event.source,
            "aggregate_type": event.aggregate,
            "aggregate_id": event.subject,
            "policy_version": event.policy_version,
            "correlation_id": event.correlation_id,
            "causation_id": event.causation_id,
            "command_id": event.command_id,
            "reason_code": event.reason_code or event.data.get("reasonCode"),
        },
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
