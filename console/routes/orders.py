"""`/orders`: search, state, status by audience, and what belongs to an order (R188-R210, R218)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from console.asking import Asking
from console.documented import answering, described, listed
from console.explaining import OrderExplained, WhatToExplain, show_explanation
from console.parameters import Freshly, Id, Paged, Text
from console.reading import read_one
from console.showing import show, show_list
from console.timelines import OrderStory, show_story
from console.views import (
    BILLING_HANDOFFS,
    FALLOUT,
    FULFILLMENT_PLAN,
    ORDER_REFERENCES,
    ORDER_STATUS,
    ORDER_TIMELINE,
    ORDERS,
    View,
)
from domain.access import AUDIENCES, Scope, Subject, require_reader, require_scope
from domain.errors import Refusal
from domain.order_state.states import HeaderState, ItemState
from domain.order_status.vocabulary import Audience
from sinks.postgres.question import Narrowing, Through

router = APIRouter(prefix="/orders", tags=["orders"])


class OrderFilters(Paged):
    """How orders are searched; those named together all have to hold."""

    number: Annotated[Text | None, Field(description="Number people know it by.")] = None
    quote: Annotated[Text | None, Field(description="Id of the accepted quote.")] = None
    account: Annotated[Text | None, Field(description="Id of the account.")] = None
    external: Annotated[Text | None, Field(description="What any other system calls it.")] = None
    state: Annotated[HeaderState | None, Field(description="Derived header state.")] = None
    item_state: Annotated[ItemState | None, Field(description="State at least one item has.")] = None
    stuck: Annotated[
        bool, Field(description="Only those nothing moved for longer than their state allows; what moved last first.")
    ] = False


_STUCK = Through(ORDER_STATUS["support"].table, "order_id", Narrowing(marks=("stuck",)))
_COLUMNS = {"number": "order_number", "quote": "quote_id", "account": "account_id", "state": "state"}


@router.get("", responses=listed(ORDERS))
async def search_orders(asked: Asking, filters: Annotated[OrderFilters, Query()]) -> Response:
    """Orders, those something happened to last first; what moves meanwhile is at the front of a new list."""
    require_reader(asked.reader, Subject.ORDER_STATE)
    given = filters.filters()
    equals = {column: given[name] for name, column in _COLUMNS.items() if name in given}
    marks = () if filters.item_state is None else (f"item {filters.item_state}",)
    through = _STUCK if filters.stuck else None
    if filters.external is not None:
        if through is not None:
            message = "A search is either by what another system calls an order, or for those that are stuck."
            raise Refusal("STRUCTURAL_PARAMETER", message, remediation="Leave `stuck` out: it is shown of each order.")
        through = Through(ORDER_REFERENCES.table, "order_id", Narrowing({"name": filters.external}))
    return await show_list(asked, ORDERS, filters, equals=equals, marks=marks, through=through)


@router.get("/{id}", responses=described(ORDERS))
async def get_order(asked: Asking, id: Id, freshly: Annotated[Freshly, Query()]) -> Response:  # noqa: A002
    """The derived state of an order, with its items and lineage."""
    require_reader(asked.reader, Subject.ORDER_STATE)
    return await show(asked, ORDERS, id, freshly)


@router.get("/{id}/status/{audience}", responses=described(*ORDER_STATUS.values()))
async def get_order_status(
    asked: Asking,
    id: Id,  # noqa: A002
    audience: Audience,
    freshly: Annotated[Freshly, Query()],
) -> Response:
    """What an audience may see of an order; only a token of this audience may ask, or one of operations."""
    require_scope(asked.reader, frozenset({Scope(audience)}), f"the status for {audience}")
    return await show(asked, ORDER_STATUS[audience], id, freshly, role=audience)


@router.get("/{id}/timeline", responses=listed(ORDER_TIMELINE))
async def get_order_timeline(asked: Asking, id: Id, story: Annotated[OrderStory, Query()]) -> Response:  # noqa: A002
    """What happened from the quote to the charge, each event after its cause; of that what the audience may read."""
    require_scope(asked.reader, AUDIENCES, "timelines")
    return await show_story(asked, id, story)


@router.get("/{id}/explain", responses=answering(OrderExplained))
async def explain_order(asked: Asking, id: Id, what: Annotated[WhatToExplain, Query()]) -> Response:  # noqa: A002
    """Why fields say what they say: rule, clause, events, what would change them; and what is wrong, with a remedy."""
    return await show_explanation(asked, id, what)


@router.get("/{id}/fulfillment-plan", responses=listed(FULFILLMENT_PLAN))
async def get_fulfillment_plan(asked: Asking, id: Id, paged: Annotated[Paged, Query()]) -> Response:  # noqa: A002
    """The delivery plan, task by task, in pages."""
    require_reader(asked.reader, Subject.FULFILLMENT)
    return await _of_order(asked, FULFILLMENT_PLAN, id, paged)


@router.get("/{id}/fallout", responses=listed(FALLOUT))
async def get_fallout(asked: Asking, id: Id, paged: Annotated[Paged, Query()]) -> Response:  # noqa: A002
    """Where the order left its path, who has it, and what was done."""
    require_reader(asked.reader, Subject.FULFILLMENT)
    return await _of_order(asked, FALLOUT, id, paged)


@router.get("/{id}/billing", responses=listed(BILLING_HANDOFFS))
async def get_billing(asked: Asking, id: Id, paged: Annotated[Paged, Query()]) -> Response:  # noqa: A002
    """What the order makes of billing, component by component, and what billing does."""
    require_reader(asked.reader, Subject.BILLING)
    return await _of_order(asked, BILLING_HANDOFFS, id, paged)


async def _of_order(asked: Asking, view: View, order_id: str, paged: Paged) -> Response:
    """A list of what belongs to an order, which must be one the reader may know of."""
    await read_one(asked.service.model, ORDERS, asked.reader, order_id)
    return await show_list(asked, view, paged, equals={"order_id": order_id})
