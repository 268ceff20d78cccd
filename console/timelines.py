"""Timelines as a reader may see them: of an order with its quote, and of an account (R203-R207, R211)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from console.answer import answered, require_fresh
from console.asking import Asked
from console.parameters import Freshly, Paged
from console.reading import Page, Wanted, read_one, read_page
from console.views import ACCOUNT_TIMELINE, ORDER_TIMELINE, ORDERS, QUOTE_TIMELINE, View
from domain.access import Reader, Scope
from domain.timeline.trace import as_seen_by, trace
from sinks.postgres.question import Narrowing, Position

QUOTE_PAGES_MAX = 20

_TELLING = (Scope.COMPLIANCE, Scope.FULFILLMENT, Scope.SUPPORT, Scope.FINANCE, Scope.SALES, Scope.CUSTOMER)
"""The audiences, those that are told most first: who belongs to several reads what the first of them may."""


class OrderStory(Freshly):
    """How much of a timeline is wanted; a page holds up to 50 events of one calendar month."""

    cursor: Annotated[str | None, Field(min_length=1, max_length=2000, description="`nextCursor` of before.")] = None
    limit: Annotated[int, Field(ge=1, le=40, description="Pages of the order's timeline.")] = 10


async def show_story(asked: Asked, order_id: str, story: OrderStory) -> Response:
    """An order's timeline; its quote's comes first, with the first pages."""
    service = asked.service
    await require_fresh(ORDER_TIMELINE, story.max_staleness_ms, service.freshness, asked.now)
    order = await read_one(service.model, ORDERS, asked.reader, order_id)
    about = {"path": asked.path, "tenant": asked.reader.tenant, "filters": {}}
    after = None if story.cursor is None else service.cursors.read(story.cursor, about, asked.now)
    pages = await _pages(asked, ORDER_TIMELINE, {"order_id": order_id}, story.limit, after)
    rows = list(pages.rows)
    if after is None and (quote_id := order.cells["quoteId"]) is not None:
        rows += (await _pages(asked, QUOTE_TIMELINE, {"quote_id": quote_id}, QUOTE_PAGES_MAX)).rows
    entries = trace({"entries": row.cells["entries"].parsed()} for row in rows)
    following = None if pages.next is None else service.cursors.make(pages.next, about, asked.now)
    return answered(
        list(seen(entries, asked.reader)),
        ORDER_TIMELINE,
        service.freshness,
        asked.now,
        (row.rule_version for row in rows),
        page={"limit": story.limit, "nextCursor": following},
    )


async def show_account_story(asked: Asked, account_id: str, paged: Paged) -> Response:
    """The material steps of an account, oldest first."""
    service = asked.service
    await require_fresh(ACCOUNT_TIMELINE, paged.max_staleness_ms, service.freshness, asked.now)
    about = {"path": asked.path, "tenant": asked.reader.tenant, "filters": {}}
    after = None if paged.cursor is None else service.cursors.read(paged.cursor, about, asked.now)
    page = await _pages(asked, ACCOUNT_TIMELINE, {"account_id": account_id}, paged.limit, after)
    shown = [
        {**row.cells, "entry": entry}
        for row in page.rows
        for entry in seen([row.cells["entry"].parsed()], asked.reader)
    ]
    following = None if page.next is None else service.cursors.make(page.next, about, asked.now)
    return answered(
        shown,
        ACCOUNT_TIMELINE,
        service.freshness,
        asked.now,
        (row.rule_version for row in page.rows),
        page={"limit": paged.limit, "nextCursor": following},
    )


def seen(entries: Iterable[Mapping[str, Any]], reader: Reader) -> Iterable[Mapping[str, Any]]:
    """The entries a reader may see, as they may see them."""
    audiences = [scope for scope in _TELLING if scope in reader.scopes]
    for entry in entries:
        if Scope.OPERATIONS in reader.scopes:
            yield entry
            continue
        told = (as_seen_by(audience, entry) for audience in audiences)
        if (first := next((one for one in told if one is not None), None)) is not None:
            yield first


async def _pages(asked: Asked, view: View, equals: dict[str, str], limit: int, after: Position | None = None) -> Page:
    # whether the reader may know of the order was asked already: its pages name no account
    reader = Reader(asked.reader.actor_id, asked.reader.tenant, asked.reader.scopes)
    return await read_page(asked.service.model, view, reader, Wanted(Narrowing(equals), None, after, limit))
