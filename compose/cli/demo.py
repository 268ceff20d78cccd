"""`ordertruth demo`: the main job on the real stack, from orders to verified truth."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, write_json

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from compose.demo.run import Progress, Summary

EXIT_MISMATCH = 1
SHOWN_MAX = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(cls=JsonCommand)(demo)


def demo(
    orders: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many orders to run.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same orders: repeating it publishes nothing new.")] = 1,
    stop_after: Annotated[
        bool, typer.Option("--exit", help="Stop when verified, instead of staying up for a look around.")
    ] = False,
    json: JsonTarget = None,
) -> None:
    """Run orders through the whole platform and verify the result; exit 1 on any mismatch."""
    from contextlib import ExitStack

    from compose.cli.progress import shown
    from compose.cli.session import open_session
    from compose.demo.run import Demonstration
    from compose.stack.lifecycle import running_stack

    require_writable(json)
    settings = open_session()
    with ExitStack() as cleanup:
        with shown() as told:
            endpoints = cleanup.enter_context(running_stack(settings, told))
        demonstration = Demonstration(settings, endpoints, orders=orders, seed=seed)
        with _live(demonstration.progress):
            summary = demonstration.run()
        if json is not None:
            write_json(summary.to_plain(), json)
        if json != "-":
            _show(summary)
        if not stop_after:
            _stay()
    if not summary.good:
        raise typer.Exit(EXIT_MISMATCH)


def _live(progress: Progress) -> AbstractContextManager[object]:
    from compose.cli.demo_view import LiveLines, live_table

    return live_table(progress) if sys.stderr.isatty() else LiveLines(progress)


def _show(summary: Summary) -> None:
    from compose.cli.demo_view import score_rows, summary_rows
    from compose.cli.output import show_table
    from compose.cli.verify import show

    show_table(("what", "how many"), summary_rows(summary))
    show(summary.report)
    show_table(("rule and verdict", "injected", "found", "missed", "false cases"), score_rows(summary.score))
    for truth in summary.score.missed[:SHOWN_MAX]:
        typer.echo(f"  missed: {truth.fault}: {truth.entity_type} {truth.entity_id}")
    for found in summary.score.false[:SHOWN_MAX]:
        typer.echo(f"  without a fault: {found.kind}: {found.entity_type} {found.entity_id}")


def _stay() -> None:
    import threading

    typer.echo("The stack stays up until Ctrl-C. In another terminal: `ordertruth status`, `ordertruth verify`.")
    threading.Event().wait()
