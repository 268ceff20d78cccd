"""`ordertruth drift list | show`: where systems disagree for longer than they may."""

from __future__ import annotations

from typing import Annotated

import typer

from compose.cli.asking import ask_about, say_meta, wished
from compose.cli.listing import LIMIT, Beside, CsvTarget, Limit, MinAmount, Row, Tenant, Wish, show_list
from compose.cli.money import told_money
from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_fields, show_table, write_json
from compose.cli.standing import day


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Drift findings: where systems disagree, with both sides and who corrects it.")
    group.command("list", cls=JsonCommand)(list_findings)
    group.command("show", cls=JsonCommand)(show)
    app.add_typer(group, name="drift", no_args_is_help=True)


def list_findings(
    kind: Annotated[str | None, typer.Option(help="Kind of reconciliation, such as financial.")] = None,
    rule: Annotated[str | None, typer.Option(help="Rule that found it, such as asset.missing.")] = None,
    owner: Annotated[str | None, typer.Option(help="System whose correction closes it.")] = None,
    entity: Annotated[str | None, typer.Option(help="Id of what it is about.")] = None,
    order: Annotated[str | None, typer.Option(help="Id of an order.")] = None,
    quote: Annotated[str | None, typer.Option(help="Id of a quote.")] = None,
    account: Annotated[str | None, typer.Option(help="Id of an account.")] = None,
    min_amount: MinAmount = None,
    tenant: Tenant = None,
    limit: Limit = LIMIT,
    csv: CsvTarget = None,
    json: JsonTarget = None,
) -> None:
    """List what disagrees, the newest first."""
    from console.routes.mismatches import DriftFilters
    from console.views import DRIFT

    filters = wished(
        DriftFilters, kind=kind, rule=rule, owner=owner, entity=entity, order=order, quote=quote, account=account
    )
    wish = Wish(DRIFT, filters.narrowing(), tenant, (entity, order, quote, account), min_amount, limit)
    show_list(wish, json, csv, _show_findings)


def show(
    finding: Annotated[str, typer.Argument(metavar="ID", help="Id of the finding, which is its case's, too.")],
    json: JsonTarget = None,
) -> None:
    """Show a disagreement: both sides, what it costs, what must be done, and what it rests on."""
    from console.parameters import Freshly
    from console.showing import show as answer
    from console.views import DRIFT

    require_writable(json)
    told = ask_about(DRIFT, finding, lambda asked: answer(asked, DRIFT, finding, Freshly()))
    if json is not None:
        write_json(told, json)
        return
    data = told["data"]
    names = ("findingId", "kind", "ruleId", "ruleVersion", "verdict", "entityType", "entityId", "orderId", "itemId")
    show_fields(data, (*names, "quoteId", "accountId", "correctedBy", "since", "settleDeadline", "cause", "alsoFound"))
    if money := told_money(data):
        typer.echo(f"At risk: {money}")
    typer.echo(f"\n{data['summary']}\n{data['nextAction']}\n")
    show_differences(data["differences"])
    typer.echo("")
    show_inputs(data["derivation"]["inputs"])
    say_meta(told)


def show_differences(differences: list[Row]) -> None:
    """Both sides, field by field."""
    rows = [(d["field"], d["expected"] or "", d["actual"] or "") for d in differences]
    show_table(("differs", "expected", "actual"), rows)


def show_inputs(inputs: list[Row]) -> None:
    """The owners' events something rests on, and where they lie."""
    rows = [(f"{i['topic']}[{i['partition']}]@{i['offset']}", i["eventId"]) for i in inputs]
    show_table(("rests on", "event"), rows)


def _show_findings(rows: list[Row], _: Beside) -> None:
    columns = ("rule", "about", "at risk", "since", "who must act", "id", "what is wrong")
    show_table(columns, [_line(row) for row in rows])


def _line(row: Row) -> tuple[str, ...]:
    rule = f"{row['ruleId']} {row['verdict']}" if row["verdict"] else row["ruleId"]
    about = f"{row['entityType']} {row['entityId']}"
    return (rule, about, told_money(row), day(row["since"]), row["correctedBy"], row["findingId"], row["summary"])
