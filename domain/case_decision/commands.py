"""What may be asked about a case; the aggregate's id is the case's."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.case_decision.states import ResolutionKind
from domain.command import Command

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Identifier = Annotated[str, Field(min_length=1, max_length=400)]


class _OnWhatWasSeen(Command):
    """A decision is about the case as it was shown: its version, and the mismatch it then had."""

    case_version: Annotated[int, Field(ge=1)]
    mismatch_since: AwareDatetime


class AssignCase(_OnWhatWasSeen):
    """Give a case to somebody: the first decision about it, from which all later ones know what it is about."""

    rule_id: Identifier
    entity_type: Identifier
    entity_id: Identifier
    order_id: Identifier | None = None
    account_id: Identifier | None = None
    quote_id: Identifier | None = None
    product_instance_id: Identifier | None = None
    assignee_id: Identifier
    note: Text | None = None


class ReassignCase(_OnWhatWasSeen):
    """Give it to somebody else, or to somebody anew after it was opened again."""

    assignee_id: Identifier
    note: Text | None = None


class ProposeResolution(_OnWhatWasSeen):
    """Say how the mismatch was done away with, for somebody else to agree."""

    kind: ResolutionKind
    justification: Text
    correction_event_id: Identifier | None = None
    evidence_ref: Identifier | None = None


class ResolveCase(_OnWhatWasSeen):
    """Agree that it is done away with."""

    note: Text | None = None


class RequestCaseWaiver(_OnWhatWasSeen):
    """Ask that the mismatch is put up with until a day."""

    valid_until: AwareDatetime
    justification: Text
    evidence_ref: Identifier | None = None


class WaiveCase(_OnWhatWasSeen):
    """Allow that it is put up with."""

    note: Text | None = None


class ReopenCase(_OnWhatWasSeen):
    """Take a closing back, or turn down what was proposed or asked for."""

    note: Text | None = None


class EscalateCase(_OnWhatWasSeen):
    """Bring it to somebody with more authority."""

    to_role: Identifier
    note: Text | None = None
