"""`ordertruth monitoring export | targets`: what Prometheus and Grafana are given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, write_json

EXIT_MISMATCH = 1


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Alert rules and dashboards from the catalogue of metrics, and whom to ask for numbers.")
    group.command(cls=JsonCommand)(export)
    group.command(cls=JsonCommand)(targets)
    app.add_typer(group, name="monitoring", no_args_is_help=True)


def export(
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to.", show_default="compose")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit status 1 when a file is stale.")] = False,
    json: JsonTarget = None,
) -> None:
    """Write the rules of Prometheus and the dashboards of Grafana; needs nothing that runs."""
    from compose.monitoring.files import FOLDER, files, stale, write

    require_writable(json)
    folder = out or FOLDER
    outdated = stale(folder) if check else []
    changed = [] if check else write(folder)
    if json is not None:
        write_json({"files": len(files()), "changed": changed, "stale": outdated}, json)
    else:
        for name in (*outdated, *changed):
            typer.echo(f"{folder / name}{' is stale: run `ordertruth monitoring export`.' if check else ''}")
        typer.echo(
            f"{len(outdated) if check else len(changed)} of {len(files())} {'are stale' if check else 'changed'}."
        )
    if outdated:
        raise typer.Exit(EXIT_MISMATCH)


def targets(
    console: Annotated[
        int | None, typer.Option(help="Port of the query API, when it runs.", show_default=False)
    ] = None,
    json: JsonTarget = "-",
) -> None:
    """Print where the workers of this machine answer, as Prometheus reads it from compose/prometheus/targets/."""
    from compose.cli.session import open_session
    from compose.observe.register import LOOPBACK, enrolled

    settings = open_session()
    found = [
        {"targets": [f"{LOOPBACK}:{record.port}"], "labels": {"instance": record.instance}}
        for record in enrolled(settings.state_path)
    ]
    if console is not None:
        found.append({"targets": [f"{LOOPBACK}:{console}"], "labels": {"instance": "console"}})
    write_json(found, json or "-")
