"""`ordertruth cases list | show`, and the decisions of `deciding.py`: mismatches as work with an owner and an end."""

from __future__ import annotations

from typing import Annotated

import typer

from compose.cli.asking import ask_about, say_meta, wished
from compose.cli.deciding import add_decisions
from compose.cli.drift import show_differences, show_inputs
from compose.cli.listing import LIMIT, Beside, CsvTarget, Limit, MinAmount, Row, Tenant, Wish, show_list
from compose.cli.money import told_money
from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_fields, show_table, write_json
from compose.cli.standing import day, due, must_act, standing_of


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Reconciliation cases: what is wrong, what it costs, who must act until when; decisions.")
    group.command("list", cls=JsonCommand)(list_cases)
    group.command("show", cls=JsonCommand)(show)
    add_decisions(group)
    app.add_typer(group, name="cases", no_args_is_help=True)


def list_cases(
    every: Annotated[bool, typer.Option("--all", help="Closed ones as well.")] = False,
    status: Annotated[str | None, typer.Option(help="Where it stands, such as ESCALATED.")] = None,
    severity: Annotated[str | None, typer.Option(help="CRITICAL, HIGH, MEDIUM or LOW.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of reconciliation, such as billing.")] = None,
    rule: Annotated[str | None, typer.Option(help="Rule that found it, such as billing.handoff.")] = None,
    owner: Annotated[str | None, typer.Option(help="System whose correction closes it.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Who took it on.")] = None,
    entity: Annotated[str | None, typer.Option(help="Id of what it is about.")] = None,
    order: Annotated[str | None, typer.Option(help="Id of an order.")] = None,
    account: Annotated[str | None, typer.Option(help="Id of an account.")] = None,
    min_amount: MinAmount = None,
    tenant: Tenant = None,
    limit: Limit = LIMIT,
    csv: CsvTarget = None,
    json: JsonTarget = None,
) -> None:
    """List cases somebody has to do something about, those that have to be closed soonest first."""
    from console.routes.cases import CaseFilters
    from console.views import CASES

    filters = wished(
        CaseFilters,
        open=not every and status is None,
        status=status,
        severity=severity,
        kind=kind,
        rule=rule,
        owner=owner,
        assignee=assignee,
        entity=entity,
        order=order,
        account=account,
    )
    wish = Wish(CASES, filters.narrowing(), tenant, (entity, order, account), min_amount, limit)
    show_list(wish, json, csv, _show_cases)


def show(
    case: Annotated[str, typer.Argument(metavar="ID", help="Id of the case.")],
    json: JsonTarget = None,
) -> None:
    """Show a case: both sides, what it costs, what was decided about it by whom, and what it rests on."""
    from console.parameters import Freshly
    from console.showing import show as answer
    from console.views import CASES

    require_writable(json)
    told = ask_about(CASES, case, lambda asked: answer(asked, CASES, case, Freshly()))
    if json is not None:
        write_json(told, json)
        return
    data = told["data"]
    typer.echo(f"{standing_of(data)}; who must act: {must_act(data)}")
    typer.echo(f"{data['summary']}\n{data['nextAction']}\n")
    names = ("caseId", "version", "ruleId", "verdict", "entityType", "entityId", "orderId", "itemId", "accountId")
    show_fields(data, (*names, "owner", "team", "assigneeId", "since", "openedAt", "aging", "openings", "flaps"))
    typer.echo(f"Due: {due(data) or 'no more'}")
    if money := told_money(data):
        typer.echo(f"At risk: {money}")
    for asked, by in (("proposal", "proposedBy"), ("waiver", "requestedBy")):
        if (wish := data[asked]) is not None:
            until = f" until {day(wish['validUntil'])}" if asked == "waiver" else ""
            agreed = f"approved by {wish['approvedBy']}" if wish["approvedBy"] else "approved by nobody yet"
            typer.echo(f"Newest {asked}{until} by {wish[by]}, {agreed}: {wish['justification']}")
    typer.echo("")
    show_differences(data["differences"])
    typer.echo("")
    show_inputs(data["evidence"])
    typer.echo("")
    show_table(("seen at", "what happened"), [(day(entry["seenAt"]), entry["text"]) for entry in data["history"]])
    say_meta(told)


def _show_cases(rows: list[Row], _: Beside) -> None:
    columns = ("case", "rule", "about", "at risk", "since", "who must act", "due", "id")
    show_table(columns, [_line(row) for row in rows])


def _line(case: Row) -> tuple[str, ...]:
    rule = f"{case['ruleId']} {case['verdict']}" if case["verdict"] else case["ruleId"]
    about = f"{case['entityType']} {case['entityId']}"
    return (
        standing_of(case),
        rule,
        about,
        told_money(case),
        day(case["since"]),
        must_act(case),
        due(case),
        case["caseId"],
    )
