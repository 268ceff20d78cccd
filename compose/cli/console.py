"""`ordertruth console`: serve the query API."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(console)


def console(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="TCP port on loopback; 0: a free one. Default: the setting."),
    ] = None,
) -> None:
    """Serve the query API on the loopback interface until Ctrl-C; `/docs` there describes it."""
    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from compose.serving.run import serve

    settings = open_session(service=True, app="console")
    serve(endpoints_in_use(settings), settings.console.port if port is None else port, _told)


def _told(address: str) -> None:
    typer.echo(f"The query API answers at {address}; {address}/docs describes it.")
