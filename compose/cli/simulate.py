"""`ordertruth simulate`: an enterprise of all owners, run through the stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, write_json

if TYPE_CHECKING:
    from compose.simulate.publish import Summary


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(cls=JsonCommand)(simulate)


def simulate(
    orders: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many matters to run.")] = 1000,
    rate: Annotated[float, typer.Option(min=0, help="Events in a second of the wall; 0 is as fast as possible.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same events: ids, times and payloads.")] = 1,
    faults: Annotated[str, typer.Option(help="What goes wrong: none, mixed or rare.")] = "none",
    truth: Annotated[Path | None, typer.Option(help="File for what went wrong, one JSON object a line.")] = None,
    direct: Annotated[bool, typer.Option("--direct", help="Straight to Kafka, without store and outbox.")] = False,
    json: JsonTarget = None,
) -> None:
    """Run a seeded enterprise from accounts to invoices and publish everything its owners say."""
    from contextlib import ExitStack

    from compose.cli.demo_view import LiveLines
    from compose.cli.progress import shown
    from compose.cli.session import open_session
    from compose.simulate.faults.truth import Faults, write
    from compose.simulate.publish import Run
    from compose.stack.lifecycle import running_stack

    Faults(seed, faults)  # an unknown profile is said before anything is started
    require_writable(json)
    settings = open_session()
    with ExitStack() as cleanup:
        with shown() as told:
            endpoints = cleanup.enter_context(running_stack(settings, told))
        run = Run(settings, endpoints, orders=orders, seed=seed, profile=faults, rate=rate)
        with LiveLines(run.progress):
            summary = run.straight() if direct else run.through_store()
    if truth is not None:
        write(truth, summary.truths)
    if json is not None:
        write_json(summary.to_plain(), json)
    if json != "-":
        _show(summary)


def _show(summary: Summary) -> None:
    from compose.cli.output import show_table

    rows = [(topic, f"{count:,}") for topic, count in sorted(summary.published_by_topic.items())]
    rows.append(("all", f"{sum(summary.published_by_topic.values()):,}"))
    show_table(("published on", "events"), rows)
    speed = sum(summary.published_by_topic.values()) / summary.seconds
    typer.echo(f"{summary.progress.orders} matters in {summary.seconds:.1f} s, {speed:,.0f} events/s.")
    if summary.truths:
        typer.echo(f"{len(summary.truths)} faults were made.")
