"""`/quotes`: the pipeline, a quote, and what its offer rests on (R212-R214, R221)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from console.answer import answered, require_fresh
from console.asking import Asked, Asking
from console.documented import described, listed, picked
from console.parameters import Freshly, Id, Paged, Text
from console.reading import read_one
from console.showing import show, show_list
from console.views import PRICING_TRACE, QUOTES
from domain.access import Subject, require_reader

router = APIRouter(prefix="/quotes", tags=["quotes"])

_APPROVALS = ("quoteId", "quoteVersion", "state", "approvalStepCount", "approvals", "approvalFingerprint")
_VALIDATIONS = ("quoteId", "quoteVersion", "state", "validationCount", "validations")
_EVIDENCE = ("quoteId", "quoteVersion", "state", "evidence", "proposalDocumentHash")


class QuoteFilters(Paged):
    """How quotes are searched."""

    state: Annotated[Text | None, Field(description="State of the newest revision.")] = None
    account: Annotated[Text | None, Field(description="Id of the account.")] = None
    number: Annotated[Text | None, Field(description="Number people know it by.")] = None
    stale: Annotated[bool, Field(description="Only those approved or presented on what is no longer in force.")] = False


_COLUMNS = {"state": "state", "account": "account_id", "number": "quote_number"}


@router.get("", responses=listed(QUOTES))
async def search_quotes(asked: Asking, filters: Annotated[QuoteFilters, Query()]) -> Response:
    """Quotes in the pipeline, those that changed last first."""
    require_reader(asked.reader, Subject.QUOTES)
    given = filters.filters()
    equals = {column: given[name] for name, column in _COLUMNS.items() if name in given}
    return await show_list(asked, QUOTES, filters, equals=equals, marks=("stale",) if filters.stale else ())


@router.get("/{id}", responses=described(QUOTES))
async def get_quote(asked: Asking, id: Id, freshly: Annotated[Freshly, Query()]) -> Response:  # noqa: A002
    """A quote from draft to order."""
    require_reader(asked.reader, Subject.QUOTES)
    return await show(asked, QUOTES, id, freshly)


@router.get("/{id}/approval-history", responses=picked(QUOTES, _APPROVALS))
async def get_approvals(asked: Asking, id: Id, freshly: Annotated[Freshly, Query()]) -> Response:  # noqa: A002
    """Who was asked, who decided, and with what authority."""
    require_reader(asked.reader, Subject.QUOTES)
    return await _part(asked, id, freshly, _APPROVALS)


@router.get("/{id}/validation-results", responses=picked(QUOTES, _VALIDATIONS))
async def get_validations(asked: Asking, id: Id, freshly: Annotated[Freshly, Query()]) -> Response:  # noqa: A002
    """What validation found, stage by stage."""
    require_reader(asked.reader, Subject.QUOTES)
    return await _part(asked, id, freshly, _VALIDATIONS)


@router.get("/{id}/evidence-package", responses=picked(QUOTES, _EVIDENCE))
async def get_evidence(asked: Asking, id: Id, freshly: Annotated[Freshly, Query()]) -> Response:  # noqa: A002
    """What proves the offer, by hash; what the pieces say stays with their owner."""
    require_reader(asked.reader, Subject.EVIDENCE)
    return await _part(asked, id, freshly, _EVIDENCE)


@router.get("/{id}/pricing-trace", responses=listed(PRICING_TRACE))
async def get_pricing_trace(asked: Asking, id: Id, paged: Annotated[Paged, Query()]) -> Response:  # noqa: A002
    """How each price came about, step by step, the newest calculation first."""
    require_reader(asked.reader, Subject.QUOTES)
    await read_one(asked.service.model, QUOTES, asked.reader, id)
    return await show_list(asked, PRICING_TRACE, paged, equals={"quote_id": id})


async def _part(asked: Asked, quote_id: str, freshly: Freshly, names: tuple[str, ...]) -> Response:
    service = asked.service
    await require_fresh(QUOTES, freshly.max_staleness_ms, service.freshness, asked.now)
    found = await read_one(service.model, QUOTES, asked.reader, quote_id)
    data: dict[str, Any] = {name: found.cells[name] for name in names}
    return answered(data, QUOTES, service.freshness, asked.now, [found.rule_version])
