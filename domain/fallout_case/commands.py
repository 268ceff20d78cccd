"""What may be asked of a FalloutCase."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.command import Command
from domain.fallout_case.states import FalloutCause, FalloutNature, FalloutSeverity, RepairKind, Resolution

_Said = Annotated[str, Field(pattern=r"\S")]


class DetectFallout(Command):
    """Open a case for a fallout of an order; `aggregate_id` is `case_id_of` order and fallout.

    Without a severity it has that of its cause.
    """

    order_id: str
    account_id: str
    fallout_id: str
    item_id: str | None = None
    product_instance_id: str | None = None
    task_id: str | None = None
    cause: FalloutCause
    severity: FalloutSeverity | None = None
    failure_code: _Said
    evidence_ref: _Said


class AssignFallout(Command):
    """Give the case to somebody."""

    assignee_id: _Said


class EscalateFallout(Command):
    """Give the case to the next level, because its time is over."""


class ApplyOrderRepair(Command):
    """Record a repair with what it changed and what it rests on; only whoever has the case repairs (R123, R399)."""

    repair_id: _Said
    kind: RepairKind
    justification: _Said
    prior_state_hash: _Said
    new_state_hash: _Said
    evidence_ref: _Said
    dry_run_ref: str | None = None
    approval_ref: str | None = None
    approved_by: str | None = None


class ResolveFallout(Command):
    """Confirm that delivery is back on its path."""

    resolution: Resolution
    verification_ref: _Said


class CloseFalloutAsFailed(Command):
    """Decide that it will not be mended; needs an order manager and a reason (R140, R148, R149)."""

    closed_as: FalloutNature
    rollback_ref: _Said
    customer_notice_ref: _Said
