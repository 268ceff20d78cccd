"""The facts a GovernanceRecord publishes on `governance.records.v1` (R124, R261, R301, R497-R510)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.governance_record.policies import PolicyKind
from domain.model import Classification, Doc, Model
from domain.ownership.corrections import CorrectionKind

OWNER = "governance"
AGGREGATE = "GovernanceRecord"


class GovernanceState(StrEnum):
    """Where a record stands: a correction goes three steps, everything else is recorded at once."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    APPLIED = "APPLIED"
    RECORDED = "RECORDED"


class GovernanceEvent(Model):
    """What every GovernanceRecord event carries."""

    record_id: Annotated[str, Doc("Identity of the record.")]
    subject_aggregate: Annotated[str | None, Doc("Kind of aggregate it is about; null when about none.")] = None
    subject_id: Annotated[str | None, Doc("The aggregate it is about; null when about none.")] = None
    version: Annotated[int, Doc("Version of the record after this event, contiguous from 1.")]
    state: Annotated[GovernanceState, Doc("State after this event.")]
    from_state: Annotated[GovernanceState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[GovernanceState | None, Doc("State it entered; null when the state stayed.")] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    source_command_id: Annotated[str, Doc("Command that caused it (R64).")]
    actor_id: Annotated[str, Doc("Who or which system decided.", Classification.CONFIDENTIAL)]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it happened.")]


class CorrectionEvent(GovernanceEvent):
    """What every step of a correction carries."""

    kind: Annotated[CorrectionKind, Doc("What sort of thing is wrong (R497-R502).")]
    corrected_owner: Annotated[str, Doc("System that owns what is wrong, and alone corrects it.")]
    original_state_hash: Annotated[str, Doc("Hash of the state that is wrong; it is kept (R124, R261).")]
    requested_by: Annotated[str, Doc("Who asked for it.", Classification.CONFIDENTIAL)]


class CorrectionRequested(CorrectionEvent):
    """Somebody asked the owner to correct something."""

    corrects_event_id: Annotated[str | None, Doc("Event that is wrong; null when it is not one alone.")] = None
    justification: Annotated[str, Doc("What is wrong, in words.", Classification.CONFIDENTIAL)]
    evidence_refs: Annotated[tuple[str, ...], Doc("What proves it.")] = ()


class CorrectionApproved(CorrectionEvent):
    """Somebody else allowed the correction."""


class CorrectionApplied(CorrectionEvent):
    """The owner corrected it, by an event of its own that leaves the wrong one where it is."""

    corrected_state_hash: Annotated[str, Doc("Hash of the state that is right (R124, R261).")]
    correcting_event_id: Annotated[str, Doc("Event of the owner that corrects it.")]
    adjustment_ref: Annotated[str | None, Doc("Invoice or credit note of a financial correction (R500).")] = None
    approved_by: Annotated[str, Doc("Who allowed it.", Classification.CONFIDENTIAL)]


class ManualOverrideRecorded(GovernanceEvent):
    """A decision of the rules was overridden by hand: openly, authorised and with a reason (R301)."""

    decision: Annotated[str, Doc("What was overridden.")]
    justification: Annotated[str, Doc("Why, in words.", Classification.CONFIDENTIAL)]
    authorised_by: Annotated[str, Doc("Who allowed it.", Classification.CONFIDENTIAL)]
    policy_id: Annotated[str | None, Doc("Policy that would have decided otherwise.")] = None
    policy_version: Annotated[str | None, Doc("Its version.")] = None
    valid_until: Annotated[datetime | None, Doc("Until when it holds; null for this once.")] = None


class BreakGlassAccessed(GovernanceEvent):
    """Somebody was let in for an emergency, for a while (R509)."""

    resource: Annotated[str, Doc("What was opened.")]
    justification: Annotated[str, Doc("Why, in words.", Classification.CONFIDENTIAL)]
    granted_from: Annotated[datetime, Doc("From when on.")]
    granted_until: Annotated[datetime, Doc("When it is closed again.")]
    reviewer_id: Annotated[str, Doc("Who looks at what was done.", Classification.CONFIDENTIAL)]


class PolicyChanged(GovernanceEvent):
    """A policy has another version from its effective date on."""

    policy_id: Annotated[str, Doc("The policy.")]
    kind: Annotated[PolicyKind, Doc("What is changed.")]
    from_version: Annotated[str | None, Doc("Version before; null for a new policy.")] = None
    to_version: Annotated[str, Doc("Version from now on.")]
    effective_from: Annotated[datetime, Doc("From when on it holds.")]
    author_id: Annotated[str, Doc("Who wrote it.", Classification.CONFIDENTIAL)]
    approved_by: Annotated[str | None, Doc("Who allowed it.", Classification.CONFIDENTIAL)] = None
    checks: Annotated[tuple[str, ...], Doc("What was checked before (R506, R507).")] = ()


class UnauthorizedMutationAttempted(GovernanceEvent):
    """Somebody tried to write what they do not own, and was refused (R324, R345)."""

    principal: Annotated[str, Doc("Who tried.", Classification.CONFIDENTIAL)]
    resource_type: Annotated[str, Doc("Kind of thing that was tried, such as TOPIC.")]
    resource: Annotated[str, Doc("The thing.")]
    operation: Annotated[str, Doc("What was tried, such as WRITE.")]
    denied_by: Annotated[str, Doc("What refused it.")]
    host: Annotated[str | None, Doc("Where it came from.", Classification.CONFIDENTIAL)] = None
    observed_at: Annotated[datetime, Doc("When it was refused; the first time, when it was more than once.")]
    attempts: Annotated[int, Doc("How many refusals within one minute it tells of.")] = 1


EVENTS: tuple[type[GovernanceEvent], ...] = (
    CorrectionRequested,
    CorrectionApproved,
    CorrectionApplied,
    ManualOverrideRecorded,
    BreakGlassAccessed,
    PolicyChanged,
    UnauthorizedMutationAttempted,
)
