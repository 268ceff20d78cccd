"""Lists as CSV, whole: for spreadsheets, and for whoever has to hold them against books of their own (R239-R242)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, get_args

from starlette.responses import Response, StreamingResponse

from console.answer import require_fresh
from console.asking import Asked
from console.parameters import Exported
from console.reading import Wanted, read_pages
from console.showing import show_list
from console.views import View
from domain.errors import Refusal
from domain.money import Money
from sinks.postgres.question import Narrowing
from sinks.postgres.reading import Found, Nested

MEDIA_TYPE = "text/csv"
PAGE_ROWS = 500

_MONEY = ("amount", "currency")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FORMULA = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell that spreadsheets would reckon with begins with, in either width."""

Cells = dict[str, Any]


async def show_or_export(asked: Asked, view: View, wish: Exported, narrowing: Narrowing) -> Response:
    """A page of a view, or all of it as CSV when that is asked for: the same rows to the same readers."""
    if not (wish.format == "csv" or (wish.format is None and _prefers_csv(asked.accepts))):
        return await show_list(asked, view, wish, equals=dict(narrowing.equals), marks=narrowing.marks)
    if {"cursor", "limit"} & wish.model_fields_set:
        message = "CSV has every row of a list; cursor and limit are for its pages."
        raise Refusal("STRUCTURAL_PARAMETER", message, remediation="Leave cursor and limit out.")
    service = asked.service
    await require_fresh(view, wish.max_staleness_ms, service.freshness, asked.now)
    lines = csv_lines(asked, view, narrowing)
    first = await anext(lines)  # what is refused is refused before an answer has begun
    synced = service.freshness.complete_as_of(view.table.topic)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{view.table.name}.csv"',
        "X-Source": view.table.topic,
        "X-Last-Synced-At": "unknown" if synced is None else _text(synced),
    }
    return StreamingResponse(_continued(first, lines), 200, headers, f"{MEDIA_TYPE}; charset=utf-8; header=present")


async def csv_lines(
    asked: Asked, view: View, narrowing: Narrowing, keep: Callable[[Cells], bool] = lambda _: True
) -> AsyncIterator[bytes]:
    """A view as RFC 4180 has it, some lines at a time: the names first, then each row that is to be kept.

    Money is two columns, what is nested is JSON. Cells a spreadsheet would take for a formula begin with `'`.
    """
    columns = _columns(view)
    names = [f"{name}.{part}" if part else name for name, part in columns]
    head: list[list[str]] = [names]
    wanted = Wanted(narrowing, limit=PAGE_ROWS)
    async for page in read_pages(asked.service.model, view, asked.reader, wanted):
        yield _written([*head, *_rows(columns, page, keep)])
        head = []


def _rows(columns: list[tuple[str, str]], page: Iterable[Found], keep: Callable[[Cells], bool]) -> list[list[str]]:
    return [[_cell(found.cells, name, part) for name, part in columns] for found in page if keep(found.cells)]


def _columns(view: View) -> list[tuple[str, str]]:
    """Wire names of the columns, each money twice."""
    fields, names = view.table.model.model_fields, view.table.wire_names
    found: list[tuple[str, str]] = []
    for column in view.listed:
        annotation = fields[column].annotation
        is_money = annotation is Money or Money in get_args(annotation)
        found += [(names[column], part) for part in (_MONEY if is_money else ("",))]
    return found


def _cell(cells: Cells, name: str, part: str) -> str:
    value = cells[name]
    if isinstance(value, Nested):
        value = str((value.parsed() or {}).get(part, "")) if part else value.text.decode()
    return _harmless(_text(value))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _harmless(cell: str) -> str:
    """The cell, or one that no spreadsheet reckons with: whoever names an account may name it like a formula."""
    if cell.lstrip(" \u00a0").startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def _written(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


async def _continued(first: bytes, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in lines:
        yield chunk


def _prefers_csv(accepts: str) -> bool:
    """Whether an `Accept` header would rather have CSV than JSON (RFC 9110)."""
    qualities: dict[str, float] = {}
    for entry in accepts.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
        qualities[media_type] = float(quality) if _NUMBER.fullmatch(quality) else 0.0
    json = max(qualities.get(name, 0.0) for name in ("application/json", "application/*"))
    return max(qualities.get(name, 0.0) for name in (MEDIA_TYPE, "text/*")) > json
