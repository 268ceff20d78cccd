"""`ordertruth billing list | show`: what was delivered against what is billed, and who must act where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.asking import as_operations, ask, say_meta, tenant_named, told_of, wished
from compose.cli.listing import (
    LIMIT,
    Beside,
    CsvTarget,
    Limit,
    MinAmount,
    Row,
    Tenant,
    Wish,
    found_beside,
    show_list,
)
from compose.cli.money import told_money
from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_fields, show_table, write_json
from compose.cli.standing import day, due, must_act, standing_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from console.asking import Asked
    from console.service import Service


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Billing handoffs: whether everything delivered is billed as agreed.")
    group.command("list", cls=JsonCommand)(list_rows)
    group.command("show", cls=JsonCommand)(show)
    app.add_typer(group, name="billing", no_args_is_help=True)


def list_rows(
    verdict: Annotated[str | None, typer.Option(help="What both sides come to, such as MISSING_CHARGE.")] = None,
    order: Annotated[str | None, typer.Option(help="Id of the deciding order.")] = None,
    account: Annotated[str | None, typer.Option(help="Id of the account.")] = None,
    product_instance: Annotated[str | None, typer.Option(help="Id of the installed product.")] = None,
    min_amount: MinAmount = None,
    tenant: Tenant = None,
    limit: Limit = LIMIT,
    csv: CsvTarget = None,
    json: JsonTarget = None,
) -> None:
    """List components with their verdict, the newest first, and the case of each that is not billed as agreed."""
    from console.routes.mismatches import HandoffFilters
    from console.views import BILLING_HANDOFFS

    filters = wished(HandoffFilters, verdict=verdict, order=order, account=account, productInstance=product_instance)
    ids = (order, account, product_instance)
    wish = Wish(BILLING_HANDOFFS, filters.narrowing(), tenant, ids, min_amount, limit)
    show_list(wish, json, csv, _show_rows, _cases)


def show(
    row: Annotated[str, typer.Argument(metavar="ROW", help="Product instance and component, as `billing list` has.")],
    json: JsonTarget = None,
) -> None:
    """Show both sides of a component, what differs, what that costs, and the case about it."""
    from console.views import BILLING_HANDOFFS

    require_writable(json)
    tenant = tenant_named(row)

    async def question(service: Service) -> dict[str, Any]:
        from console.parameters import Freshly
        from console.showing import show as answer

        asked = as_operations(service, tenant)
        told = await told_of(answer(asked, BILLING_HANDOFFS, row, Freshly()))
        return {**told, "beside": await _cases(asked, [told["data"]])}

    told = ask(BILLING_HANDOFFS, question)
    if json is not None:
        write_json(told, json)
        return
    data = told["data"]
    names = ("rowKey", "verdict", "pending", "alsoFound", "expectation", "orderId", "itemId", "accountId", "since")
    show_fields(data, (*names, "settleDeadline", "chargeId", "chargeState", "nonBillingCode"))
    if money := told_money(data):
        typer.echo(f"At risk: {money}")
    _show_sides(data["expected"] or {}, data["actual"] or {})
    if data["differences"]:
        typer.echo("")
        rows = [(d["field"], d["expected"] or "", d["actual"] or "") for d in data["differences"]]
        show_table(("differs", "expected", "actual"), rows)
    for case in told["beside"].values():
        typer.echo(f"\nCase {case['caseId']}: {standing_of(case)}, {must_act(case)}. {case['nextAction']}")
    say_meta(told)


def _show_rows(rows: list[Row], beside: Beside) -> None:
    columns = ("verdict", "product / component", "order", "at risk", "since", "case", "who must act", "due")
    show_table(columns, [_line(row, beside.get(row["rowKey"])) for row in rows])


def _line(row: Row, case: Row | None) -> tuple[str, ...]:
    verdict = f"{row['verdict']} ({row['pending']})" if row["pending"] else row["verdict"]
    about = (verdict, row["rowKey"], row["orderId"] or "", told_money(row), day(row["since"]))
    return (*about, "", "", "") if case is None else (*about, standing_of(case), must_act(case), due(case))


def _show_sides(expected: Row, actual: Row) -> None:
    names = list(dict.fromkeys((*expected, *actual)))
    if names:
        typer.echo("")
        show_table(
            ("", "expected", "actual"), [(n, *_texts(side.get(n) for side in (expected, actual))) for n in names]
        )


def _texts(values: Iterable[Any]) -> list[str]:
    """Values of one side, money as people write it."""
    found = []
    for value in values:
        if isinstance(value, dict) and "currency" in value:
            found.append(f"{value['amount']} {value['currency']}")
        else:
            found.append("" if value in (None, []) else str(value))
    return found


async def _cases(asked: Asked, rows: Sequence[Row]) -> Beside:
    """The cases of rows that do not agree, by key of the row."""
    from console.views import CASES
    from domain.billing_verdict.findings import CHARGE, ROW
    from domain.billing_verdict.rule import RULE_ID
    from domain.billing_verdict.verdicts import MISMATCHES
    from domain.drift.finding import finding_id

    ids = {}
    for row in rows:
        if row["verdict"] in MISMATCHES or row["alsoFound"] or row["history"]:
            # a charge nobody ordered has no policy, and is a case of its own
            entity = (CHARGE, row["chargeId"]) if row["policy"] is None else (ROW, row["rowKey"])
            ids[row["rowKey"]] = finding_id(RULE_ID, *entity)
    return await found_beside(asked, CASES, ids)
