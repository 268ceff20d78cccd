"""What may be asked of an ApprovalCase."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.approval_case.events import ApprovalInput
from domain.approval_case.states import ApprovalOutcome, EscalationCause
from domain.command import Command
from domain.money import Percent


class RequestApproval(Command):
    """Ask for an exception; the level is the smallest that can allow it (R563)."""

    quote_id: str
    quote_version: Annotated[int, Field(ge=1)]
    account_id: str
    input: ApprovalInput
    due_at: AwareDatetime


class DecideApproval(Command):
    """Allow the exception or not; `authority_percent` is the decider's own, never more than their role's."""

    outcome: ApprovalOutcome
    authority_percent: Annotated[Percent, Field(ge=0, le=100)]
    justification: str | None = None
    valid_until: AwareDatetime


class EscalateApproval(Command):
    """Ask a level with more authority (R353)."""

    to_level: str
    cause: EscalationCause
    due_at: AwareDatetime


class ExpireApproval(Command):
    """Close a case nobody decided in time (R395)."""
