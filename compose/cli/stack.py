"""`ordertruth up | down | status | doctor`: the stack the platform runs on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.output import JsonCommand, JsonTarget, show_table, span, write_json

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints
    from compose.stack.record import StackRecord

EXIT_UNAVAILABLE = 3


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(cls=JsonCommand)(up)
    app.command(cls=JsonCommand)(down)
    app.command(cls=JsonCommand)(status)
    app.command(cls=JsonCommand)(doctor)


def up(
    secure: Annotated[
        bool, typer.Option("--secure", help="Kafka knows its users, and each owner writes its own topics only.")
    ] = False,
    json: JsonTarget = None,
) -> None:
    """Start the stack and leave it running; mend one that has lost a part."""
    from compose.cli.progress import shown
    from compose.cli.session import open_session
    from compose.settings import refuse_foreign_security
    from compose.stack.lifecycle import up as start

    settings = open_session()
    if secure:
        settings = settings.secured()
        refuse_foreign_security(settings)
    began = time.monotonic()
    with shown() as told:
        endpoints = start(settings, told)
    if json is not None:
        plain = {**_addresses(endpoints), "secure": endpoints.is_secure}
        write_json({**plain, "seconds": round(time.monotonic() - began, 2)}, json)
        return
    kind = "secure stack" if endpoints.is_secure else "stack"
    typer.echo(f"The {kind} is up ({time.monotonic() - began:.1f} s). `ordertruth status` shows it.")


def down(json: JsonTarget = None) -> None:
    """Stop the stack; its data stay."""
    from compose.cli.progress import shown
    from compose.cli.session import open_session
    from compose.observe.register import forget_the_dead
    from compose.stack.lifecycle import down as stop

    settings = open_session()
    began = time.monotonic()
    with shown() as told:
        stopped = stop(settings, told)
    forget_the_dead(settings.state_path)
    if json is not None:
        write_json({"stopped": stopped, "seconds": round(time.monotonic() - began, 2)}, json)
        return
    typer.echo(f"The stack is down ({time.monotonic() - began:.1f} s)." if stopped else "Nothing was running.")


def status(json: JsonTarget = None) -> None:
    """Show every part and every worker; exit status 3 when a part is not there or a worker hangs or is gone."""
    from compose.cli.session import open_session
    from compose.cli.worker_view import show_workers, worker_json
    from compose.observe.outside import view_workers
    from compose.stack.view import PartView, protection, view

    settings = open_session()
    record, parts = view(settings)
    now = time.time()
    alive = record is not None and record.is_alive
    workers = view_workers(settings.state_path, record.endpoints if record is not None and alive else None, now)
    if json is not None:
        write_json({**_status_json(record, parts), "workers": [worker_json(w) for w in workers]}, json)
    else:
        show_table(
            ("part", "state", "address", "version", "pid", "uptime"),
            [(p.title, p.state, p.address, p.version, str(p.pid or ""), span(p.uptime_s)) for p in parts],
        )
        if alive and record is not None and record.endpoints is not None:
            typer.echo(protection(record.endpoints))
        if record is not None and record.owner is not None:
            typer.echo(f"It belongs to process {record.owner} and ends with it.")
        if alive or workers:
            typer.echo()
            show_workers(workers, now)
    if not all(isinstance(p, PartView) and p.is_good for p in parts) or not all(w.is_good for w in workers):
        raise typer.Exit(EXIT_UNAVAILABLE)


def doctor(json: JsonTarget = None) -> None:
    """Look for what is missing or wrong and say how to mend it; the exit status tells its kind (2 or 3)."""
    from compose.stack.doctor import examine

    findings = examine()
    if json is not None:
        write_json({"findings": [vars(f) for f in findings]}, json)
    else:
        for finding in findings:
            typer.echo(f"{finding.verdict:4}  {finding.subject}: {finding.detail}")
            if finding.mend:
                typer.echo(f"      {finding.mend}")
    worst = max((f.exit_code for f in findings), default=0)
    if worst:
        raise typer.Exit(worst)


def _addresses(endpoints: Endpoints) -> dict[str, Any]:
    from compose.stack.endpoints import masked

    return {
        "kafka": {"address": endpoints.kafka_bootstrap, "version": endpoints.versions.get("kafka", "")},
        "registry": {"address": endpoints.registry_url, "version": endpoints.versions.get("registry", "")},
        "postgres": {
            "address": masked(endpoints.database_url),
            "version": endpoints.versions.get("postgres", ""),
        },
        "clickhouse": {
            "address": masked(endpoints.clickhouse_dsn),
            "version": endpoints.versions.get("clickhouse", ""),
        },
    }


def _status_json(record: StackRecord | None, parts: list[Any]) -> dict[str, Any]:
    return {
        "phase": record.phase if record is not None and record.is_alive else "down",
        "owner": record.owner if record is not None else None,
        "secure": record.endpoints.is_secure if record is not None and record.endpoints is not None else None,
        "parts": {p.name: {k: v for k, v in vars(p).items() if k != "name"} for p in parts},
    }
