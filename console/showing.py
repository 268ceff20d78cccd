"""Requests to views and their answers, as routes share them."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from console.answer import answered, require_fresh
from console.asking import Asked
from console.parameters import Freshly, Paged
from console.reading import Wanted, read_one, read_page
from console.views import View
from sinks.postgres.question import Narrowing, Through
from sinks.postgres.roles import OPERATIONS


async def show(asked: Asked, view: View, key: str, freshly: Freshly, role: str = OPERATIONS) -> Response:
    """One row of a view."""
    service = asked.service
    await require_fresh(view, freshly.max_staleness_ms, service.freshness, asked.now)
    found = await read_one(service.model, view, asked.reader, key, role)
    return answered(found.cells, view, service.freshness, asked.now, [found.rule_version])


async def show_list(
    asked: Asked,
    view: View,
    paged: Paged,
    *,
    equals: dict[str, Any],
    marks: tuple[str, ...] = (),
    through: Through | None = None,
    role: str = OPERATIONS,
) -> Response:
    """A page of a view, narrowed to values of columns, to named predicates of its table, or through another table."""
    service = asked.service
    await require_fresh(view, paged.max_staleness_ms, service.freshness, asked.now)
    about = {"path": asked.path, "tenant": asked.reader.tenant, "filters": paged.filters()}
    after = None if paged.cursor is None else service.cursors.read(paged.cursor, about, asked.now)
    wanted = Wanted(Narrowing(equals, marks), through, after, paged.limit)
    page = await read_page(service.model, view, asked.reader, wanted, role)
    following = None if page.next is None else service.cursors.make(page.next, about, asked.now)
    return answered(
        [row.cells for row in page.rows],
        view,
        service.freshness,
        asked.now,
        (row.rule_version for row in page.rows),
        page={"limit": paged.limit, "nextCursor": following},
    )
