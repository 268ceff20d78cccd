"""Lists of the query API on the command line: narrowed like there, by money as well, as table, JSON or CSV."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.asking import as_operations, ask, say_meta, tenant_named
from compose.cli.money import is_at_risk
from compose.cli.output import require_writable, write_json, written_in_one_step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from console.asking import Asked
    from console.service import Service
    from console.views import View
    from sinks.postgres.question import Narrowing
    from sinks.postgres.reading import Found

Row = dict[str, Any]
Beside = dict[str, Row]
"""What belongs to the rows of a list, by their keys."""

Tenant = Annotated[
    str | None, typer.Option(help="Whose; needed where there are several and no id says it.", show_default=False)
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many are shown.")]
MinAmount = Annotated[
    str | None,
    typer.Option(metavar="AMOUNT", help="Only with as much money at risk, in any currency.", show_default=False),
]
CsvTarget = Annotated[
    str | None, typer.Option("--csv", metavar="PATH", help="Write all of it as CSV; `-` prints it.", show_default=False)
]
LIMIT = 50
PAGE_ROWS_MAX = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What of which view is wanted: `ids` are those it was narrowed to, each of which would tell the tenant."""

    view: View
    narrowing: Narrowing
    tenant: str | None
    ids: tuple[str | None, ...]
    min_amount: str | None
    limit: int


async def _nothing_beside(_: Asked, __: Sequence[Row]) -> Beside:
    return {}


def show_list(
    wish: Wish,
    json: str | None,
    csv: str | None,
    shown: Callable[[list[Row], Beside], None],
    look_up: Callable[[Asked, Sequence[Row]], Awaitable[Beside]] = _nothing_beside,
) -> None:
    """Show a list as it is wished for; `look_up` finds what is shown beside its rows, `shown` prints both."""
    from domain.errors import ConfigurationError

    if json is not None and csv is not None:
        message = "Both --json and --csv were given."
        raise ConfigurationError(message, remediation="Give one of them.")
    require_writable(json)
    require_writable(csv, "--csv")
    least = _amount(wish.min_amount)
    if csv is not None:
        ask(wish.view, lambda service: _exported(service, wish, least, csv))
        return
    told = ask(wish.view, lambda service: _listed(service, wish, least, look_up))
    if json is not None:
        write_json(told, json)
        return
    if told["data"]:
        shown(told["data"], told["beside"])
    else:
        typer.echo("There are none.")
    if told["page"]["more"]:
        typer.echo("There are more: give --limit, or --csv for all.")
    say_meta(told)


async def found_beside(asked: Asked, view: View, ids: Mapping[str, str]) -> Beside:
    """The rows of a view with these ids, by what each belongs to; those that are not there are left out."""
    import orjson

    from sinks.postgres.reading import nested

    found = {}
    for owner, key in ids.items():
        row = await asked.service.model.find(view.table, asked.reader.tenant, key)
        if row is not None:
            found[owner] = row.cells
    told: Beside = orjson.loads(orjson.dumps(found, nested, orjson.OPT_UTC_Z))
    return told


async def _listed(
    service: Service,
    wish: Wish,
    least: Decimal | None,
    look_up: Callable[[Asked, Sequence[Row]], Awaitable[Beside]],
) -> dict[str, Any]:
    import orjson

    from console.answer import answered
    from console.reading import Wanted, read_pages

    asked = as_operations(service, await _tenant(service, wish))
    kept: list[Found] = []
    async for page in read_pages(service.model, wish.view, asked.reader, Wanted(wish.narrowing, limit=PAGE_ROWS_MAX)):
        kept += [found for found in page if is_at_risk(found.cells, least)]
        if len(kept) > wish.limit:
            break
    shown = kept[: wish.limit]
    answer = answered(
        [found.cells for found in shown],
        wish.view,
        service.freshness,
        asked.now,
        (found.rule_version for found in shown),
        page={"limit": wish.limit, "more": len(kept) > wish.limit},
    )
    told: dict[str, Any] = orjson.loads(bytes(answer.body))
    return {**told, "beside": await look_up(asked, told["data"])}


async def _exported(service: Service, wish: Wish, least: Decimal | None, target: str) -> None:
    from console.exporting import csv_lines

    asked = as_operations(service, await _tenant(service, wish))
    with written_in_one_step(target, "--csv") as write:
        async for lines in csv_lines(asked, wish.view, wish.narrowing, lambda cells: is_at_risk(cells, least)):
            write(lines)


async def _tenant(service: Service, wish: Wish) -> str:
    """Whose rows are listed: as was said, as an id says, or the only ones there are."""
    from domain.errors import ConfigurationError

    if wish.tenant is not None:
        return wish.tenant
    if (named := next((one for one in wish.ids if one is not None), None)) is not None:
        return tenant_named(named)
    found = await service.model.tenants(wish.view.table)
    if len(found) > 1:
        message = f"There are several tenants, {' and '.join(found)} among them."
        raise ConfigurationError(message, remediation="Give --tenant.")
    return found[0] if found else ""


def _amount(text: str | None) -> Decimal | None:
    from domain.errors import ConfigurationError

    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        message = f"--min-amount: {text!r} is no amount."
        raise ConfigurationError(message, remediation="Give a number such as 250 or 99.90.")
    return amount
