"""`/orders`: search, and the state of one (R196-R202, R218)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from console.asking import Asking
from console.documented import described, listed
from console.parameters import Freshly, Id, Paged, Text
from console.showing import show, show_list
from console.views import ORDERS
from domain.access import Subject, require_reader
from domain.order_state.states import HeaderState, ItemState

router = APIRouter(prefix="/orders", tags=["orders"])


class OrderFilters(Paged):
    """How orders are searched; those named together all have to hold."""

    number: Annotated[Text | None, Field(description="Number people know it by.")] = None
    quote: Annotated[Text | None, Field(description="Id of the accepted quote.")] = None
    account: Annotated[Text | None, Field(description="Id of the account.")] = None
    state: Annotated[HeaderState | None, Field(description="Derived header state.")] = None
    item_state: Annotated[ItemState | None, Field(description="State at least one item has.")] = None


_COLUMNS = {"number": "order_number", "quote": "quote_id", "account": "account_id", "state": "state"}


@router.get("", responses=listed(ORDERS))
async def search_orders(asked: Asking, filters: Annotated[OrderFilters, Query()]) -> Response:
    """Orders, those something happened to last first; what moves meanwhile is at the front of a new list."""
    require_reader(asked.reader, Subject.ORDER_STATE)
    given = filters.filters()
    equals = {column: given[name] for name, column in _COLUMNS.items() if name in given}
    marks = () if filters.item_state is None else (f"item {filters.item_state}",)
    return await show_list(asked, ORDERS, filters, equals=equals, marks=marks)


@router.get("/{id}", responses=described(ORDERS))
async def get_order(asked: Asking, id: Id, freshly: Annotated[Freshly, Query()]) -> Response:  # noqa: A002
    """The derived state of an order, with its items and lineage."""
    require_reader(asked.reader, Subject.ORDER_STATE)
    return await show(asked, ORDERS, id, freshly)
