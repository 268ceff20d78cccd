"""What may be asked of a GovernanceRecord."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.command import Command
from domain.governance_record.policies import PolicyKind
from domain.ownership.corrections import CorrectionKind

Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RequestCorrection(Command):
    """Ask the owner of something wrong to correct it."""

    kind: CorrectionKind
    subject_aggregate: Text
    subject_id: Text
    corrects_event_id: Text | None = None
    original_state_hash: Sha256
    justification: Text
    evidence_refs: tuple[Text, ...] = ()


class ApproveCorrection(Command):
    """Allow a correction that somebody else asked for."""


class ApplyCorrection(Command):
    """Record, as the owner, the event that corrects it."""

    corrected_state_hash: Sha256
    correcting_event_id: Text
    adjustment_ref: Text | None = None


class RecordManualOverride(Command):
    """Record that a decision of the rules was overridden by hand (R301)."""

    subject_aggregate: Text
    subject_id: Text
    decision: Text
    justification: Text
    authorised_by: Text
    policy_id: Text | None = None
    policy_version: Text | None = None
    valid_until: AwareDatetime | None = None


class RecordBreakGlassAccess(Command):
    """Record that somebody was let in for an emergency (R509)."""

    resource: Text
    justification: Text
    granted_from: AwareDatetime
    granted_until: AwareDatetime
    reviewer_id: Text


class ChangePolicy(Command):
    """Put a version of a policy, written by somebody else, into force."""

    policy_id: Text
    kind: PolicyKind
    from_version: Text | None = None
    to_version: Text
    effective_from: AwareDatetime
    author_id: Text
    checks: tuple[Text, ...] = ()


class RecordUnauthorizedMutation(Command):
    """Record refused attempts of one kind, as they are read from whoever refused them (R345)."""

    principal: Text
    resource_type: Text
    resource: Text
    operation: Text
    denied_by: Text
    host: Text | None = None
    observed_at: AwareDatetime
    attempts: Annotated[int, Field(ge=1)] = 1
