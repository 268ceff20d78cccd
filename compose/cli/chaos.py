"""`ordertruth chaos`: faults by schedule on a stack of its own, and an independent judgement."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compose.chaos.report import ChaosReport
    from compose.chaos.schedule import Step

EXIT_FOUND = 1
SHOWN_MAX = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(cls=JsonCommand)(chaos)


def chaos(
    seed: Annotated[int, typer.Option(min=0, help="Same seed and options, same schedule.")] = 1,
    kills: Annotated[int, typer.Option(min=0, max=1000, help="How often a worker is killed.")] = 3,
    faults: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="The other faults; all of them when left out.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=3, help="order-state workers running all the time.")] = 1,
    json: JsonTarget = None,
) -> None:
    """Harm a stack started for it, under load, and verify that nothing was lost or counted twice; exit 1 if it was."""
    from compose.chaos.run import Chaos
    from compose.chaos.schedule import KINDS
    from compose.cli.progress import shown
    from compose.cli.session import open_session
    from compose.logs import configure_logs

    require_writable(json)
    settings = open_session()
    if "log_level" not in settings.model_fields_set:
        configure_logs("error")  # what is killed on purpose is not worth a warning
    named = list(KINDS) if faults is None else [name.strip() for name in faults.split(",") if name.strip()]
    began = time.monotonic()

    def told(line: str) -> None:
        typer.echo(f"{time.monotonic() - began:6.1f} s  {line}", err=True)

    run = Chaos(settings, seed=seed, kills=kills, faults=named, workers=workers, told=told)
    _show_schedule(run.report.schedule)
    report = run.run(shown())
    if json is not None:
        write_json(report.to_plain(), json)
    if json != "-":
        _show(report)
    if not report.good:
        raise typer.Exit(EXIT_FOUND)


def _show_schedule(schedule: Sequence[Step]) -> None:
    for step in schedule:
        when = "from the beginning" if not step.delay_seconds else f"after {step.delay_seconds:.1f} s"
        when += " of rest" if step.settled else ""
        length = f" for {step.seconds:.1f} s" if step.seconds else ""
        typer.echo(f"{step.number:3}  {f'{step.fault} {step.variant}'.strip()}{length}, {when}", err=True)


def _show(report: ChaosReport) -> None:
    rows = []
    for outcome in report.outcomes:
        plain = outcome.to_plain()
        seconds = "" if plain["recovered_seconds"] is None else f"{plain['recovered_seconds']:.1f}"
        rows.append(
            (str(outcome.step.number), outcome.step.fault, f"{outcome.at_seconds:.1f}", seconds, plain["outcome"])
        )
    show_table(("step", "fault", "at s", "recovered after s", "outcome"), rows)
    value = report.to_plain()
    typer.echo(
        f"{value['events']} events read, {value['outputs']} outputs; duplicates on the topic "
        f"{value['duplicates']['on_topic']}, counted {value['duplicates']['counted']}; poison {report.poison}; "
        f"worker restarts {report.worker_restarts}; zombie commits refused {report.zombie_commits_refused}."
    )
    for finding in report.all_findings[:SHOWN_MAX]:
        typer.echo(f"  {finding}")
    typer.echo(
        f"Seed {report.seed}: lost {report.lost}, double-counted {report.double_counted}, "
        f"accounting {'ok' if report.accounting_ok else 'NOT ok'}, in {report.seconds:.0f} s."
    )
    if report.folder:
        typer.echo(f"Everything was kept in {report.folder}.")
