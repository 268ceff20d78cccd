"""`ordertruth bench`: the order-state derivation against peers, on the real broker, as ratios."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

EXIT_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(cls=JsonCommand)(bench)
    app.command("bench-report")(report)


def bench(
    events: Annotated[
        int, typer.Option(min=1000, help="How many events are measured on each side, for each shape, after a warm-up.")
    ] = 50_000,
    peers: Annotated[
        str | None, typer.Option(help="Peers to measure against, separated by commas, or `all`.", show_default=False)
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=20, help="Interleaved repeats; medians are reported.")] = 3,
    mode: Annotated[str, typer.Option(help="One of the measurements of bench/README.md.")] = "throughput",
    store: Annotated[str, typer.Option(help="Where every side keeps its state: memory or rocksdb.")] = "memory",
    rate: Annotated[
        int | None,
        typer.Option(min=1, help="Events per second of the latency mode (5000), requests of the mode api (100)."),
    ] = None,
    orders: Annotated[
        int | None,
        typer.Option(min=1000, help="Orders in the modes keys (many), restore, memory, api and rebuild (100000)."),
    ] = None,
    slow_seconds: Annotated[
        float, typer.Option(min=1, help="After its first repeat no side is timed for longer than this.")
    ] = 120.0,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the topics behind.")] = False,
    peers_python: Annotated[
        Path | None,
        typer.Option(envvar="PEERS_PYTHON", help="Interpreter with the peers' packages.", show_default=False),
    ] = None,
    json: JsonTarget = None,
) -> None:
    """Measure the order-state derivation against peers over the same events; a stack is started if none runs."""
    from contextlib import ExitStack

    from bench.plan import Options, Stage, require_open
    from bench.run import COMPARING, require_mode, run
    from bench.sides import DEFAULT_PEERS, PEERS_PYTHON, chosen
    from compose.cli.progress import shown
    from compose.cli.session import open_session
    from compose.platform import prepare
    from compose.stack.lifecycle import running_stack

    require_mode(mode)
    require_writable(json)
    python = peers_python or PEERS_PYTHON
    usual = DEFAULT_PEERS if mode == "throughput" else ()
    named = (
        usual if peers is None or mode not in COMPARING else [peer.strip() for peer in peers.split(",") if peer.strip()]
    )
    sides = chosen(named, python)
    options = Options(
        events=events,
        repeats=repeats,
        rate=rate or (100 if mode == "api" else 5_000),
        orders=orders or (100_000 if mode in ("api", "rebuild") else 1_000_000),
        store=store,
        keep=keep,
        slow_seconds=slow_seconds,
        peers_python=python,
    )
    settings = open_session()
    with ExitStack() as cleanup:
        with shown() as told:
            endpoints = cleanup.enter_context(running_stack(settings, told))
        require_open(endpoints)
        prepare(settings, endpoints)
        result = run(Stage(endpoints, settings.state_path, options, _tell), sides, mode)
    if json is not None:
        write_json(result, json)
    if json != "-":
        _show(result)
    if result.get("failed"):
        raise typer.Exit(EXIT_FAILED)


def report(
    results: Annotated[list[Path] | None, typer.Argument(help="What `bench --json` has written, of any modes.")] = None,
    docs: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/performance.md"),
) -> None:
    """Write the page of figures, and its picture beside it, from the JSON of runs."""
    from bench.performance import page
    from bench.plot import svg
    from compose.stack.folder import read_json

    found = [read_json(path) for path in results or []]
    docs.write_text(page(found), encoding="utf-8")
    for result in found:
        if result["mode"] == "throughput":
            docs.with_suffix(".svg").write_text(svg(result), encoding="utf-8")
    typer.echo(f"wrote {docs}")


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _show(result: dict[str, Any]) -> None:
    from bench.report import tables

    for title, columns, rows, remark in tables(result):
        typer.echo(title)
        show_table(columns, rows)
        typer.echo(f"{remark}\n" if remark else "")
