"""Workers on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from compose.cli.output import show_table, span

if TYPE_CHECKING:
    from compose.observe.outside import AppView

COLUMNS = ("worker", "state", "lag", "last commit", "restarts", "pid", "uptime", "health")


def show_workers(views: Sequence[AppView], now: float) -> None:
    """One line for each application of each worker, then what is wrong and what to do about it."""
    if not views:
        typer.echo("No worker runs; `ordertruth worker APP...` starts one.")
        return
    show_table(COLUMNS, [_row(view, now) for view in views])
    for view in views:
        if view.detail:
            typer.echo(f"{view.app}/{view.instance}, {view.state}: {view.detail}.")
            if view.what_to_do:
                typer.echo(f"  {view.what_to_do}")


def worker_json(view: AppView) -> dict[str, Any]:
    """The same for programs; `phase`, `positions` and the like are the worker's own words."""
    plain = asdict(view)
    told = plain.pop("told")
    return {**plain, **{name: told[name] for name in told if name not in {*plain, "failing", "lag", "last_commit"}}}


def _row(view: AppView, now: float) -> tuple[str, ...]:
    phase = view.told.get("phase", "")
    state = f"{view.state}: {phase}" if view.state == "not ready" and phase else view.state
    return (
        f"{view.app}/{view.instance}",
        state,
        "" if view.lag is None else f"{view.lag:,}",
        "" if view.last_commit is None else f"{span(max(0.0, now - view.last_commit))} ago",
        str(view.restarts),
        str(view.pid),
        span(view.uptime_s),
        view.health if view.state not in {"gone"} else "",
    )
