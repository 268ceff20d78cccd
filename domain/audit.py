"""The audit record of a material decision, derived from an event and its envelope alone (R108-R110, R120, R121, R300).

It says who did what, when, from where, under which policy and version, asked by what, with which result. Of what is
of high risk it says besides which state came before and after, why in words, who allowed it, and what proves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from domain.envelope import Envelope
from domain.fingerprints import sha256_of
from domain.model import Model

GENESIS = "0" * 64
"""State hash of an aggregate before its first event."""

_HIGH_RISK = """
AccountsMerged AccountClosed OfferingRetired
QuoteApproved QuoteAccepted QuoteConvertedToOrder QuoteCorrectionRequested QuoteCorrectionApproved
QuoteCorrectionApplied ApprovalDecided
ProductOrderAmended ProductOrderCancelled ProductOrderFailedClosed OrderRepairApplied FalloutClosedAsFailed
BillingActivationWithdrawn FulfillmentTaskCompensated AssetTerminated PaymentVoided
ChargeAmended ChargeTerminated InvoiceIssued NonBillingReasonApproved NonBillingReasonRevoked
CorrectionRequested CorrectionApproved CorrectionApplied ManualOverrideRecorded BreakGlassAccessed PolicyChanged
UnauthorizedMutationAttempted CaseResolved CaseWaived
"""
HIGH_RISK = frozenset(_HIGH_RISK.split())
"""Events that change a commitment, money, identity or authority, or set a rule aside (R121)."""

_APPROVALS = ("approval_ref", "approval_case_id", "approved_by", "authorised_by")
_ARTIFACTS = ("evidence_ref", "evidence_refs", "repair_ref", "adjustment_ref", "proposal_document_hash")


class AuditRecord(Model):
    """One material decision.

    `payload_hash` stands for what was said, input and result; the event itself keeps them. The fields after it are
    null or empty unless the decision is of high risk.
    """

    event_id: str
    tenant_id: str
    actor_id: str
    actor_role: str
    action: str
    source: str
    aggregate_type: str
    aggregate_id: str
    aggregate_version: int
    from_state: str | None
    to_state: str | None
    reason_code: str | None
    policy_version: str
    correlation_id: str
    causation_id: str
    command_id: str
    corrects_event_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    payload_hash: str
    prior_state_hash: str | None = None
    new_state_hash: str | None = None
    justification: str | None = None
    approval_ref: str | None = None
    artifacts: tuple[str, ...] = ()


def state_hash(prior: str, event: Model) -> str:
    """Hash of the state an event leads to: of the one before and of the event, since a state is what its events say.

    Whoever has the events can calculate it, in any language and without the aggregate's own code; it is the same
    however numbers and times were written down.
    """
    return sha256_of({"prior": prior, "event": type(event).__name__, "says": event})


def audit_record(envelope: Envelope, event: Model, prior_state_hash: str = GENESIS) -> AuditRecord:
    """The audit record of one event; `prior_state_hash` is what `state_hash` gave for the one before."""
    name = type(event).__name__
    left, entered = getattr(event, "from_state", None), getattr(event, "to_state", None)
    if left is None and entered is None:
        # An event that moves nothing names one state; it was left as it was entered.
        left = entered = getattr(event, "state", None)
    high_risk = name in HIGH_RISK
    return AuditRecord(
        event_id=envelope.event_id,
        tenant_id=envelope.tenant_id,
        actor_id=envelope.actor_id,
        actor_role=envelope.actor_role,
        action=name,
        source=envelope.source,
        aggregate_type=envelope.aggregate_type,
        aggregate_id=envelope.subject,
        aggregate_version=envelope.aggregate_version,
        from_state=left,
        to_state=entered,
        reason_code=envelope.reason_code or getattr(event, "reason_code", None),
        policy_version=envelope.policy_version,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        command_id=envelope.command_id,
        corrects_event_id=envelope.corrects or getattr(event, "corrects_event_id", None),
        occurred_at=envelope.time,
        recorded_at=envelope.recorded_time,
        payload_hash=sha256_of(event),
        prior_state_hash=prior_state_hash if high_risk else None,
        new_state_hash=state_hash(prior_state_hash, event) if high_risk else None,
        justification=getattr(event, "justification", None) if high_risk else None,
        approval_ref=_first(event, _APPROVALS) if high_risk else None,
        artifacts=tuple(_artifacts(event)) if high_risk else (),
    )


def audit_trail(history: Iterable[tuple[Envelope, Model]]) -> Iterator[AuditRecord]:
    """The audit records of one aggregate, from its first event on in order of version.

    Raises `ValueError` at a version that is missing, repeated or of another aggregate: a trail with a hole proves
    nothing.
    """
    prior, subject, version = GENESIS, None, 0
    for envelope, event in history:
        if envelope.aggregate_version != version + 1 or subject not in (None, envelope.subject):
            message = (
                f"{envelope.subject} version {envelope.aggregate_version} does not follow "
                f"{subject or envelope.subject} version {version}"
            )
            raise ValueError(message)
        yield audit_record(envelope, event, prior)
        prior, subject, version = state_hash(prior, event), envelope.subject, envelope.aggregate_version


MANDATORY = (
    "event_id",
    "tenant_id",
    "actor_id",
    "actor_role",
    "action",
    "source",
    "aggregate_type",
    "aggregate_id",
    "policy_version",
    "correlation_id",
    "causation_id",
    "command_id",
)
_AUDITED = (*MANDATORY, "reason_code")
_EXCEPTIONS = """
QuoteCorrectionRequested ApprovalDecided ProductOrderFailedClosed BillingActivationWithdrawn NonBillingReasonRevoked
CorrectionRequested ManualOverrideRecorded BreakGlassAccessed PolicyChanged CaseWaived
"""
EXCEPTIONS = frozenset(_EXCEPTIONS.split())
"""Events in which somebody departs from the path; nobody may without a reason (R301, R375, R503)."""


def missing_attributes(record: AuditRecord) -> tuple[str, ...]:
    """Which attributes a record should have and has not; of an exception also its reason (R120, R372, R375)."""
    return lacking(record.action, {name: getattr(record, name) for name in _AUDITED})


def lacking(action: str, attributes: Mapping[str, object]) -> tuple[str, ...]:
    """The same of an event that was only heard: `action` is its name, `attributes` are by the names of a record."""
    wanted = _AUDITED if action in EXCEPTIONS else MANDATORY
    return tuple(name for name in wanted if not attributes.get(name))


def _first(event: Model, names: Iterable[str]) -> str | None:
    return next((str(value) for name in names if (value := getattr(event, name, None))), None)


def _artifacts(event: Model) -> Iterator[str]:
    for name in _ARTIFACTS:
        value = getattr(event, name, None)
        if isinstance(value, str):
            yield value
        elif value:
            yield from value
