"""`ordertruth bench`: throughput against peers, on the real broker, as ratios."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from compose.cli.output import JsonCommand, JsonTarget, show_table, write_json


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(cls=JsonCommand)(bench)


def bench(
    events: Annotated[int, typer.Option(min=1000, help="How many events each side reads, for each shape.")] = 50_000,
    peers: Annotated[str, typer.Option(help="Peers to measure against, separated by commas.")] = "plain_faust",
    json: JsonTarget = None,
) -> None:
    """Measure the order-state derivation against peers over the same events; a stack is started if none runs."""
    from contextlib import ExitStack

    from bench.run import run
    from compose.cli.progress import shown
    from compose.cli.session import open_session
    from compose.platform import prepare
    from compose.stack.lifecycle import running_stack

    settings = open_session()
    with ExitStack() as cleanup:
        with shown() as told:
            endpoints = cleanup.enter_context(running_stack(settings, told))
        prepare(settings, endpoints)
        named = [peer for peer in peers.split(",") if peer]
        result = run(endpoints, settings.state_path, events=events, peers=named)
    if json is not None:
        write_json(result, json)
    if json != "-":
        for shape in ("bursty", "uniform"):
            _show(shape, result[shape])


def _show(shape: str, result: dict[str, Any]) -> None:
    columns = ("side", "events/s", "events/CPU s", "memory MiB", "outputs/event", "ours is faster by")
    typer.echo(f"{shape}: {result['events']:,} events of {result['orders']:,} orders")
    show_table(
        columns,
        [
            (
                side,
                f"{m['events_per_second']:,}",
                f"{m['events_per_cpu_second'] or 0:,}",
                f"{m['memory_mib']:.0f}",
                f"{m['outputs_per_event']:.2f}",
                f"{result['ratio'][side]:.1f} x" if side in result["ratio"] else "",
            )
            for side, m in result["sides"].items()
        ],
    )
    typer.echo(f"last records {'equal' if result['tables_equal'] else 'DIFFER'} on all sides\n")
