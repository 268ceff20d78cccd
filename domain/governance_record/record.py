"""The state of a GovernanceRecord and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.governance_record import events as e
from domain.governance_record.events import GovernanceState
from domain.model import Model
from domain.ownership.corrections import CorrectionKind


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be corrected, by whom, and who asked for it and allowed it."""

    kind: CorrectionKind
    corrected_owner: str
    original_state_hash: str
    requested_by: str
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class GovernanceRecord:
    """A record as its owner knows it; `correction` is null for what is recorded at once."""

    record_id: str
    version: int
    state: GovernanceState
    subject_aggregate: str | None
    subject_id: str | None
    correction: Correction | None = None


def evolve(record: GovernanceRecord | None, event: Model) -> GovernanceRecord:
    """The record after an event; pure, so the record before it stays as it was."""
    if not isinstance(event, e.GovernanceEvent):
        message = f"{type(event).__name__} is no event of a GovernanceRecord"
        raise TypeError(message)
    if record is None:
        return _begun(event)
    record = replace(record, version=event.version)
    match event:
        case e.CorrectionApproved() if record.correction:
            approved = replace(record.correction, approved_by=event.actor_id)
            return replace(record, state=GovernanceState.APPROVED, correction=approved)
        case e.CorrectionApplied():
            return replace(record, state=GovernanceState.APPLIED)
        case _:
            return record


def _begun(event: e.GovernanceEvent) -> GovernanceRecord:
    correction = None
    if isinstance(event, (e.CorrectionApproved, e.CorrectionApplied)):
        message = f"the first event of {event.record_id} is {type(event).__name__}"
        raise ValueError(message)
    if isinstance(event, e.CorrectionRequested):
        correction = Correction(event.kind, event.corrected_owner, event.original_state_hash, event.requested_by)
    return GovernanceRecord(
        record_id=event.record_id,
        version=event.version,
        state=GovernanceState.REQUESTED if correction else GovernanceState.RECORDED,
        subject_aggregate=event.subject_aggregate,
        subject_id=event.subject_id,
        correction=correction,
    )
