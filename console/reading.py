"""Reading a view for somebody: their tenant, their accounts, and nothing of others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from console.views import View
from domain.access import Reader
from domain.errors import Refusal
from sinks.postgres.question import ACCOUNT, EVERYTHING, Narrowing, Position, Search, Through
from sinks.postgres.reading import Found, ReadModel
from sinks.postgres.roles import OPERATIONS


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a list is wanted: what it is narrowed to, which table it goes through, and from where on."""

    narrowing: Narrowing = EVERYTHING
    through: Through | None = None
    after: Position | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `next` is the position behind it, None at the end."""

    rows: list[Found]
    next: Position | None


async def read_one(model: ReadModel, view: View, reader: Reader, key: str, role: str = OPERATIONS) -> Found:
    """One row, whole. Raises `Refusal` REFERENCE_UNKNOWN when there is none that this reader may see.

    Whether it is another's or does not exist makes no difference, or ids could be tried out.
    """
    accounts = _accounts(view, reader)
    found = await model.find(view.table, reader.tenant, key, role=role)
    if found is None or (accounts is not None and found.cells["accountId"] not in accounts):
        raise unknown(view, key)
    return found


async def read_page(model: ReadModel, view: View, reader: Reader, wanted: Wanted, role: str = OPERATIONS) -> Page:
    """A page of the rows this reader may see."""
    search = Search(
        tenant=reader.tenant,
        # one more than is shown tells whether there is a next page
        limit=wanted.limit + 1,
        narrowing=wanted.narrowing,
        through=wanted.through,
        accounts=_accounts(view, reader),
        after=wanted.after,
    )
    rows = await model.search(view.table, search, columns=view.listed, role=role)
    if len(rows) <= wanted.limit:
        return Page(rows, None)
    return Page(rows[: wanted.limit], rows[wanted.limit - 1].position)


async def read_pages(
    model: ReadModel, view: View, reader: Reader, wanted: Wanted, role: str = OPERATIONS
) -> AsyncIterator[list[Found]]:
    """Every row this reader may see, page by page, each page as it is when its turn comes.

    A row that moves to the front of a list meanwhile is missing when it had not been read yet.
    """
    while True:
        page = await read_page(model, view, reader, wanted, role)
        yield page.rows
        if page.next is None:
            return
        wanted = replace(wanted, after=page.next)


def unknown(view: View, key: str) -> Refusal:
    """The refusal of something nobody, or nobody the reader knows of, has."""
    message = f"{view.table.topic} has nothing under {key!r}."
    remediation = "Check the id; what happened within the last seconds may not have arrived yet."
    return Refusal("REFERENCE_UNKNOWN", message, remediation=remediation)


def _accounts(view: View, reader: Reader) -> tuple[str, ...] | None:
    if reader.accounts is not None and ACCOUNT not in view.table.wire_names:
        message = f"A token for single accounts may not read {view.table.topic}, which names none."
        raise Refusal("AUTHORIZATION_ACCOUNT", message, remediation="Use a token for the whole tenant.")
    return reader.accounts
