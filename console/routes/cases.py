"""`/cases`: the queue, a case, and decisions about it (R239-R242, R503, R510)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from console import deciding
from console.asking import Asking
from console.documented import decided, described, exported
from console.exporting import show_or_export
from console.parameters import Exported, Freshly, Id, Text
from console.showing import show
from console.views import CASES
from domain.access import Subject, require_reader
from domain.case.states import CaseStatus, Severity
from domain.drift.finding import Kind
from sinks.postgres.question import Narrowing

router = APIRouter(prefix="/cases", tags=["cases"])


class CaseFilters(Exported):
    """How cases are searched."""

    open: Annotated[bool, Field(description="Only those somebody has to do something about.")] = False
    status: Annotated[CaseStatus | None, Field(description="Where the case stands.")] = None
    severity: Annotated[Severity | None, Field(description="How urgent it is.")] = None
    kind: Annotated[Kind | None, Field(description="Kind of reconciliation.")] = None
    rule: Annotated[Text | None, Field(description="Rule that found it.")] = None
    owner: Annotated[Text | None, Field(description="System whose correction closes it.")] = None
    assignee: Annotated[Text | None, Field(description="Who took it on.")] = None
    entity: Annotated[Text | None, Field(description="Id of what it is about.")] = None
    order: Annotated[Text | None, Field(description="Id of an order.")] = None
    account: Annotated[Text | None, Field(description="Id of an account.")] = None

    def narrowing(self) -> Narrowing:
        """The same for the table."""
        return Narrowing(self.by_columns(_COLUMNS), ("open",) if self.open else ())


_COLUMNS = {
    "status": "status",
    "severity": "severity",
    "kind": "kind",
    "rule": "rule_id",
    "owner": "owner",
    "assignee": "assignee_id",
    "entity": "entity_id",
    "order": "order_id",
    "account": "account_id",
}


@router.get("", responses=exported(CASES))
async def search_cases(asked: Asking, filters: Annotated[CaseFilters, Query()]) -> Response:
    """Cases, those that have to be closed soonest first."""
    require_reader(asked.reader, Subject.CASES)
    return await show_or_export(asked, CASES, filters, filters.narrowing())


@router.get("/{id}", responses=described(CASES))
async def get_case(asked: Asking, id: Id, freshly: Annotated[Freshly, Query()]) -> Response:  # noqa: A002
    """A case with both sides, evidence and history."""
    require_reader(asked.reader, Subject.CASES)
    return await show(asked, CASES, id, freshly)


@router.post("/{id}/assign", responses=decided())
async def assign(asked: Asking, id: Id, body: deciding.Assignment) -> Response:  # noqa: A002
    """Give the case to somebody: the first decision about any case."""
    return await deciding.decide(asked, id, body)


@router.post("/{id}/propose", responses=decided())
async def propose(asked: Asking, id: Id, body: deciding.Proposal) -> Response:  # noqa: A002
    """Say how the mismatch was done away with, for somebody else to agree."""
    return await deciding.decide(asked, id, body)


@router.post("/{id}/resolve", responses=decided())
async def resolve(asked: Asking, id: Id, body: deciding.Resolution) -> Response:  # noqa: A002
    """Agree to what somebody else proposed."""
    return await deciding.decide(asked, id, body)


@router.post("/{id}/request-waiver", responses=decided())
async def request_waiver(asked: Asking, id: Id, body: deciding.WaiverRequest) -> Response:  # noqa: A002
    """Ask that the mismatch is put up with until a day."""
    return await deciding.decide(asked, id, body)


@router.post("/{id}/waive", responses=decided())
async def waive(asked: Asking, id: Id, body: deciding.Waiver) -> Response:  # noqa: A002
    """Allow what somebody else asked for."""
    return await deciding.decide(asked, id, body)


@router.post("/{id}/reopen", responses=decided())
async def reopen(asked: Asking, id: Id, body: deciding.Reopening) -> Response:  # noqa: A002
    """Take a closing back, or turn down what was proposed or asked for."""
    return await deciding.decide(asked, id, body)


@router.post("/{id}/escalate", responses=decided())
async def escalate(asked: Asking, id: Id, body: deciding.Escalation) -> Response:  # noqa: A002
    """Bring the case to somebody with more authority."""
    return await deciding.decide(asked, id, body)
