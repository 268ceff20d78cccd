"""`/billing-handoffs`, `/drift`, `/fulfillment-exceptions`: what disagrees or stands still (R216, R220, R231-R279)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from console.asking import Asking
from console.documented import exported, listed
from console.exporting import show_or_export
from console.parameters import Exported, Paged, Text
from console.showing import show_list
from console.views import BILLING_HANDOFFS, DRIFT, FULFILLMENT_EXCEPTIONS
from domain.access import Subject, require_reader
from domain.billing_verdict.verdicts import Verdict
from domain.delivery_view.record import ExceptionKind
from domain.drift.finding import Kind
from sinks.postgres.question import Narrowing

router = APIRouter()


class HandoffFilters(Exported):
    """How billing rows are searched."""

    verdict: Annotated[Verdict | None, Field(description="What both sides come to.")] = None
    order: Annotated[Text | None, Field(description="Id of the deciding order.")] = None
    account: Annotated[Text | None, Field(description="Id of the account.")] = None
    product_instance: Annotated[Text | None, Field(description="Id of the installed product.")] = None

    def narrowing(self) -> Narrowing:
        """The same for the table."""
        return Narrowing(self.by_columns(_HANDOFFS))


class DriftFilters(Exported):
    """How findings are searched."""

    kind: Annotated[Kind | None, Field(description="Kind of reconciliation.")] = None
    rule: Annotated[Text | None, Field(description="Rule that found it, such as `asset.missing`.")] = None
    owner: Annotated[Text | None, Field(description="System whose correction closes it.")] = None
    entity: Annotated[Text | None, Field(description="Id of what it is about.")] = None
    order: Annotated[Text | None, Field(description="Id of an order.")] = None
    quote: Annotated[Text | None, Field(description="Id of a quote.")] = None
    account: Annotated[Text | None, Field(description="Id of an account.")] = None

    def narrowing(self) -> Narrowing:
        """The same for the table."""
        return Narrowing(self.by_columns(_DRIFT))


class ExceptionFilters(Paged):
    """How exceptions in deliveries are searched."""

    kind: Annotated[ExceptionKind | None, Field(description="What it is.")] = None
    owner: Annotated[Text | None, Field(description="System that has to act.")] = None
    order: Annotated[Text | None, Field(description="Id of an order.")] = None


_HANDOFFS = {
    "verdict": "verdict",
    "order": "order_id",
    "account": "account_id",
    "productInstance": "product_instance_id",
}
_DRIFT = {
    "kind": "kind",
    "rule": "rule_id",
    "owner": "corrected_by",
    "entity": "entity_id",
    "order": "order_id",
    "quote": "quote_id",
    "account": "account_id",
}
_EXCEPTIONS = {"kind": "kind", "owner": "owner", "order": "order_id"}


@router.get("/billing-handoffs", tags=["billing"], responses=exported(BILLING_HANDOFFS))
async def search_handoffs(asked: Asking, filters: Annotated[HandoffFilters, Query()]) -> Response:
    """What was delivered against what is billed, the newest first."""
    require_reader(asked.reader, Subject.BILLING)
    return await show_or_export(asked, BILLING_HANDOFFS, filters, filters.narrowing())


@router.get("/drift", tags=["drift"], responses=exported(DRIFT))
async def search_drift(asked: Asking, filters: Annotated[DriftFilters, Query()]) -> Response:
    """Where systems disagree for longer than they may, the newest first."""
    require_reader(asked.reader, Subject.DRIFT)
    return await show_or_export(asked, DRIFT, filters, filters.narrowing())


@router.get("/fulfillment-exceptions", tags=["orders"], responses=listed(FULFILLMENT_EXCEPTIONS))
async def search_exceptions(asked: Asking, filters: Annotated[ExceptionFilters, Query()]) -> Response:
    """What in deliveries stands and needs somebody, the longest first."""
    require_reader(asked.reader, Subject.FULFILLMENT)
    return await show_list(asked, FULFILLMENT_EXCEPTIONS, filters, equals=filters.by_columns(_EXCEPTIONS))
