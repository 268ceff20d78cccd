"""`ordertruth rebuild`: a projection made again from the events, beside the one in use, and put in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, write_json

if TYPE_CHECKING:
    from compose.rebuild.run import Result


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(cls=JsonCommand)(rebuild)


def rebuild(
    projection: Annotated[str, typer.Argument(help="A table of the read model such as order-state, or order-status.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    actor: Annotated[str | None, typer.Option(help="Who decides it; you, if nobody is named.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what an interrupted rebuild has done.")] = False,
    processes: Annotated[
        int, typer.Option(min=0, help="Processes that fold: 0 is one for each core, 1 none but this.")
    ] = 0,
    json: JsonTarget = None,
) -> None:
    """Fold the events again beside the running projection, then switch to it; goes on where it was interrupted."""
    from getpass import getuser

    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from compose.rebuild.projections import projection_named
    from compose.rebuild.run import Wish
    from compose.rebuild.run import rebuild as run

    require_writable(json)
    wish = Wish(projection_named(projection), actor or getuser(), reason, restart, processes)
    settings = open_session()
    result = run(endpoints_in_use(settings), settings.state_path / "rebuild", wish, _tell)
    if json is not None:
        write_json(result.to_plain(), json)
    if json != "-":
        show(result)


def show(result: Result) -> None:
    """The result for people."""
    typer.echo(
        f"{result.projection} rebuilt: {result.rows} rows, {result.caught_up} records caught up with, "
        f"{result.refused} refused, in {result.seconds['all']:.1f} s; exchanged in {result.exchange_ms:.0f} ms."
    )
    for table, found in result.differing.items():
        typer.echo(
            f"{table}: {found['changed']['rows']} rows say something else, {found['new']['rows']} are new, "
            f"{found['gone']['rows']} gone; the old table stays as retired.{table}."
        )
        for how, those in found.items():
            for key in those["keys"]:
                typer.echo(f"  {how}: {key}")


def _tell(line: str) -> None:
    typer.echo(line, err=True)
