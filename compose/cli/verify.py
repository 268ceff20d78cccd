"""`ordertruth verify`: recompute everything derived from the raw topics and compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

if TYPE_CHECKING:
    from compose.verify.run import Report

EXIT_MISMATCH = 1
SHOWN_MAX = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(cls=JsonCommand)(verify)


def verify(
    json: JsonTarget = None,
    settle_seconds: Annotated[float, typer.Option(help="How long to wait for what is still being derived.")] = 60.0,
    omit_event: Annotated[
        str | None, typer.Option(metavar="CE_ID", help="Leave one event out of the fold: the check must then fail.")
    ] = None,
) -> None:
    """Fold the raw topics afresh and compare with topic, PostgreSQL and ClickHouse; exit 1 on a mismatch."""
    from contextlib import ExitStack

    from compose.cli.progress import shown
    from compose.cli.session import open_session
    from compose.stack.lifecycle import running_stack
    from compose.verify.run import verify as check

    require_writable(json)
    settings = open_session()
    with ExitStack() as cleanup:
        with shown() as told:
            endpoints = cleanup.enter_context(running_stack(settings, told))
        report = check(endpoints, settle_seconds=settle_seconds, omit_event=omit_event)
    if json is not None:
        write_json(report.to_plain(), json)
    if json != "-":
        show(report)
    if report.mismatches or report.violations:
        raise typer.Exit(EXIT_MISMATCH)


def show(report: Report) -> None:
    """The report for people: the equation for each partition, then the disagreements."""
    rows = [(f"partition {p}", *map(str, counts.values())) for p, counts in report.accounting["partitions"].items()]
    rows.append(("all", *map(str, report.accounting["total"].values())))
    show_table((report.accounting["topic"], "read", "applied", "duplicate", "stale", "dead-lettered"), rows)
    analytics = "not compared" if report.analytics is None else report.analytics
    typer.echo(
        f"{report.orders} orders from {report.events} events; derived topic {report.derived}, "
        f"PostgreSQL {report.read_model}, ClickHouse {analytics}."
    )
    for note in report.notes:
        typer.echo(f"Note: {note}")
    for mismatch in report.mismatches[:SHOWN_MAX]:
        typer.echo(f"  {mismatch}")
    if len(report.mismatches) > SHOWN_MAX:
        typer.echo(f"  ... and {len(report.mismatches) - SHOWN_MAX} more")
    for violation in report.violations[:SHOWN_MAX]:
        typer.echo(f"  nobody answers for {violation.completed.row_key}: {violation.why}")
    typer.echo(f"{report.checked} delivered recurring components, {len(report.violations)} nobody answers for.")
    typer.echo(f"{report.lost} lost, {report.double_counted} counted twice.")
    typer.echo(f"{len(report.mismatches)} mismatches in {report.seconds:.1f} s.")
