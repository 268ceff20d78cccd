"""`/accounts`: an account, what it has, and its commercial life (R211, R230)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from console.asking import Asking
from console.documented import described, listed
from console.parameters import Freshly, Id, Paged
from console.reading import read_one
from console.showing import show, show_list
from console.timelines import show_account_story
from console.views import ACCOUNT_HOLDINGS, ACCOUNT_TIMELINE, ACCOUNTS
from domain.access import Subject, require_reader

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("/{id}", responses=described(ACCOUNTS))
async def get_account(asked: Asking, id: Id, freshly: Annotated[Freshly, Query()]) -> Response:  # noqa: A002
    """An account as others need it; names and addresses stay with CRM."""
    require_reader(asked.reader, Subject.ACCOUNTS)
    return await show(asked, ACCOUNTS, id, freshly)


@router.get("/{id}/holdings", responses=listed(ACCOUNT_HOLDINGS))
async def get_holdings(asked: Asking, id: Id, paged: Annotated[Paged, Query()]) -> Response:  # noqa: A002
    """What an account has, counted by kind and state, in shares; the sum over the shares is its summary."""
    require_reader(asked.reader, Subject.ACCOUNTS)
    await read_one(asked.service.model, ACCOUNTS, asked.reader, id)
    return await show_list(asked, ACCOUNT_HOLDINGS, paged, equals={"account_id": id})


@router.get("/{id}/commercial-timeline", responses=listed(ACCOUNT_TIMELINE))
async def get_commercial_timeline(asked: Asking, id: Id, paged: Annotated[Paged, Query()]) -> Response:  # noqa: A002
    """The material steps of an account's commercial life, oldest first."""
    require_reader(asked.reader, Subject.ACCOUNTS)
    await read_one(asked.service.model, ACCOUNTS, asked.reader, id)
    return await show_account_story(asked, id, paged)
