"""Decisions about cases: checked against the case as it is shown, then sent as commands (R222, R240, R503)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from console.answer import require_fresh
from console.asking import Asked
from console.reading import read_one
from console.views import CASES
from domain.access import Subject, require_reader
from domain.case.lifecycle import ALLOWED
from domain.case.states import CaseStatus
from domain.case_decision import commands as c
from domain.case_decision import events as e
from domain.case_decision.states import ResolutionKind
from domain.command import Actor, Command
from domain.errors import Refusal

SYSTEM = "console"
STALENESS_MS_MAX = 30_000
"""Older than this nothing is decided on: the case may be over."""

_Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]+$")]
_Name = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]

Case = Mapping[str, Any]
"""A case by wire names, nested values as text."""


class Decision(BaseModel, ABC):
    """What somebody decides about a case as they saw it.

    `caseVersion` is the version of the case that was shown. The same `commandId` sent again is the same decision, and
    is answered from memory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    case_version: Annotated[int, Field(ge=1, le=2**62, description="Version of the case that was shown.")]
    reason_code: Annotated[_Name | None, Field(description="Why, in a stable code; most decisions need one.")] = None
    command_id: Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")] = None

    @property
    @abstractmethod
    def event(self) -> type[e.CaseDecisionEvent]:
        """What is published when it is taken."""

    @abstractmethod
    def command(self, case: Case, envelope: dict[str, Any]) -> Command:
        """The command it is."""


class Assignment(Decision):
    """Who is to see to the case."""

    assignee: _Name
    note: _Text | None = None

    @property
    def event(self) -> type[e.CaseDecisionEvent]:
        """See `Decision.event`."""
        return e.CaseAssigned

    def command(self, case: Case, envelope: dict[str, Any]) -> Command:
        """Given for the first time, a case is told what it is about."""
        if case["decisionVersion"]:
            return c.ReassignCase(**envelope, assignee_id=self.assignee, note=self.note)
        return c.AssignCase(
            **envelope,
            assignee_id=self.assignee,
            note=self.note,
            rule_id=case["ruleId"],
            entity_type=case["entityType"],
            entity_id=case["entityId"],
            order_id=case["orderId"],
            account_id=case["accountId"],
            quote_id=case["quoteId"],
            product_instance_id=case["productInstanceId"],
        )


class Proposal(Decision):
    """How the mismatch was done away with."""

    kind: ResolutionKind
    justification: _Text
    correction_event_id: _Name | None = None
    evidence_ref: _Name | None = None

    @property
    def event(self) -> type[e.CaseDecisionEvent]:
        """See `Decision.event`."""
        return e.CaseResolutionProposed

    def command(self, case: Case, envelope: dict[str, Any]) -> Command:
        """See `Decision.command`."""
        told = {"kind": self.kind, "justification": self.justification, "evidence_ref": self.evidence_ref}
        return c.ProposeResolution(**envelope, **told, correction_event_id=self.correction_event_id)


class Resolution(Decision):
    """That it is done away with."""

    note: _Text | None = None

    @property
    def event(self) -> type[e.CaseDecisionEvent]:
        """See `Decision.event`."""
        return e.CaseResolved

    def command(self, case: Case, envelope: dict[str, Any]) -> Command:
        """See `Decision.command`."""
        return c.ResolveCase(**envelope, note=self.note)


class WaiverRequest(Decision):
    """What is to be put up with, why, and until when."""

    valid_until: AwareDatetime
    justification: _Text
    evidence_ref: _Name | None = None

    @property
    def event(self) -> type[e.CaseDecisionEvent]:
        """See `Decision.event`."""
        return e.CaseWaiverRequested

    def command(self, case: Case, envelope: dict[str, Any]) -> Command:
        """See `Decision.command`."""
        told = {"justification": self.justification, "evidence_ref": self.evidence_ref}
        return c.RequestCaseWaiver(**envelope, **told, valid_until=self.valid_until)


class Waiver(Decision):
    """That it is put up with."""

    note: _Text | None = None

    @property
    def event(self) -> type[e.CaseDecisionEvent]:
        """See `Decision.event`."""
        return e.CaseWaived

    def command(self, case: Case, envelope: dict[str, Any]) -> Command:
        """See `Decision.command`."""
        return c.WaiveCase(**envelope, note=self.note)


class Reopening(Decision):
    """That it is not over."""

    note: _Text | None = None

    @property
    def event(self) -> type[e.CaseDecisionEvent]:
        """See `Decision.event`."""
        return e.CaseReopened

    def command(self, case: Case, envelope: dict[str, Any]) -> Command:
        """See `Decision.command`."""
        return c.ReopenCase(**envelope, note=self.note)


class Escalation(Decision):
    """Who is to decide instead."""

    to_role: _Name
    note: _Text | None = None

    @property
    def event(self) -> type[e.CaseDecisionEvent]:
        """See `Decision.event`."""
        return e.CaseEscalated

    def command(self, case: Case, envelope: dict[str, Any]) -> Command:
        """See `Decision.command`."""
        return c.EscalateCase(**envelope, to_role=self.to_role, note=self.note)


async def decide(asked: Asked, case_id: str, decision: Decision) -> Response:
    """Take a decision, in this order: who asks, is the case fresh, is it the one that was seen, does it allow this.

    The command's aggregate then checks what is its own to check: authority, two pairs of eyes, reasons, ends. Raises
    `Refusal`, and `UnavailableError` when it may be sent again.
    """
    service, reader = asked.service, asked.reader
    require_reader(reader, Subject.CASES)
    if reader.role is None or service.decisions is None:
        message = "This token may read cases and decide nothing about them."
        raise Refusal("AUTHORIZATION_ROLE", message, remediation="Use a token with a role (`tokens create --role`).")
    await require_fresh(CASES, STALENESS_MS_MAX, service.freshness, service.now())
    case = (await read_one(service.model, CASES, reader, case_id)).cells
    _require_seen(case, decision)
    envelope = {
        "aggregate_id": case_id,
        "command_id": decision.command_id or str(uuid4()),
        "actor": Actor(actor_id=reader.actor_id, role=reader.role, system=SYSTEM, channel=asked.channel),
        "reason_code": decision.reason_code,
        "correlation_id": asked.correlation_id,
        "case_version": decision.case_version,
        "mismatch_since": case["since"],
    }
    result = await service.decisions.send(decision.command(case, envelope))
    if result.refusal is not None:
        raise result.refusal
    told = {
        "outcome": result.outcome,
        "caseId": result.aggregate_id,
        "decisionVersion": result.version,
        "eventIds": result.event_ids,
        "commandId": envelope["command_id"],
    }
    # the case itself follows when the decision has come through the log
    return Response(orjson.dumps({"data": told}), 202, {"Cache-Control": "no-store"}, "application/json")


def _require_seen(case: Case, decision: Decision) -> None:
    if case["version"] != decision.case_version:
        message = f"Case {case['caseId']} is at version {case['version']}; version {decision.case_version} was shown."
        raise Refusal("STALENESS_CASE", message, remediation="Look at it again, and decide on what it is now.")
    status = CaseStatus(case["status"])
    if status not in ALLOWED[decision.event]:
        allowed = ", ".join(sorted(ALLOWED[decision.event]))
        message = f"Case {case['caseId']} is {status}; this is decided of one that is {allowed}."
        raise Refusal("STATE_CASE", message, remediation="Look at the case, and decide what its state allows.")
