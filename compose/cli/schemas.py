"""`ordertruth schemas generate | lint | check | register | release`: the published contract."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.output import JsonCommand, JsonTarget, show_table, write_json

if TYPE_CHECKING:
    from compose.settings import Settings

EXIT_MISMATCH = 1


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Generate, inspect and publish the Avro schemas.")
    group.command(cls=JsonCommand)(generate)
    group.command(cls=JsonCommand)(lint)
    group.command(cls=JsonCommand)(check)
    group.command("register", cls=JsonCommand)(publish)
    group.command(cls=JsonCommand)(release)
    app.add_typer(group, name="schemas", no_args_is_help=True)


def generate(json: JsonTarget = None) -> None:
    """Write the `.avsc` files from the models in domain/."""
    from avro.generate import SCHEMA_DIR
    from avro.generate import generate as write

    changed = [str(p.relative_to(SCHEMA_DIR)) for p in write()]
    if json is not None:
        write_json({"changed": changed}, json)
        return
    for name in changed:
        typer.echo(name)
    typer.echo(f"{len(changed)} schema files changed.")


def lint(json: JsonTarget = None) -> None:
    """Look for what a published schema may not have; exit status 1 when there is any."""
    from avro.lint import lint as inspect

    findings = inspect()
    if json is not None:
        write_json({"findings": [asdict(f) for f in findings]}, json)
    else:
        for f in findings:
            typer.echo(f"{f.file}: {f'{f.field}: ' if f.field else ''}{f.problem}. {f.mend}")
        typer.echo(f"{len(findings)} findings.")
    if findings:
        raise typer.Exit(EXIT_MISMATCH)


def check(
    json: JsonTarget = None,
    registry: Annotated[bool, typer.Option("--registry", help="Ask the schema registry, too.")] = False,
) -> None:
    """Compare the schemas with every released version; exit status 1 on an incompatible change."""
    from avro.compatibility import check as compare
    from avro.compatibility import stale, unreleased

    outdated, broken = stale(), compare()
    refused = _refused_by_registry() if registry else {}
    waiting = unreleased()
    if json is not None:
        found: dict[str, Any] = {"stale": outdated, "incompatible": [asdict(b) for b in broken], "unreleased": waiting}
        write_json({**found, "refusedByRegistry": refused} if registry else found, json)
    else:
        for name in outdated:
            typer.echo(f"{name} differs from its model. Run `ordertruth schemas generate`.")
        for b in broken:
            where = f"{b.record}.{b.field}" if b.field else b.record
            typer.echo(f"{where}: {f'against version {b.version}, ' if b.version else ''}{b.reason} ({b.rule}).")
        for subject, reason in refused.items():
            typer.echo(f"{subject}: the registry would refuse it: {reason}.")
        bad = len(outdated) + len(broken) + len(refused)
        typer.echo(f"{bad} problems; {len(waiting)} schemas changed since the last release.")
    if outdated or broken or refused:
        raise typer.Exit(EXIT_MISMATCH)


def publish(json: JsonTarget = None) -> None:
    """Register every schema on its topic with FULL_TRANSITIVE compatibility; harmless to repeat."""
    from avro.registry import Registry
    from compose.cli.session import open_session
    from topics.catalogue import contracted_records

    settings = open_session()
    with Registry(_registry_url(settings)) as registry:
        ids = {
            f"{topic.name}/{record.name}": registry.register(topic.name, record.name)
            for topic, record in contracted_records()
        }
    _keep_ids(settings)
    if json is not None:
        write_json({"ids": ids}, json)
        return
    show_table(("topic", "record", "schema id"), [(*name.split("/"), str(number)) for name, number in ids.items()])


def release(json: JsonTarget = None) -> None:
    """Add every changed schema to the history of released ones; refused when a change is incompatible."""
    from avro.compatibility import HISTORY_DIR
    from avro.compatibility import release as add

    written = [str(p.relative_to(HISTORY_DIR)) for p in add()]
    if json is not None:
        write_json({"released": written}, json)
        return
    for name in written:
        typer.echo(name)
    typer.echo(f"{len(written)} schemas released.")


def _refused_by_registry() -> dict[str, str]:
    from avro.registry import Registry
    from compose.cli.session import open_session
    from topics.catalogue import contracted_records

    with Registry(_registry_url(open_session())) as registry:
        reasons = {f"{t.name}/{r.name}": registry.incompatibility(t.name, r.name) for t, r in contracted_records()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _registry_url(settings: Settings) -> str:
    """The registry the user names, else the embedded one. Raises UnavailableError when none runs."""
    from compose.stack.lifecycle import current
    from domain.errors import UnavailableError

    if settings.schema_registry_url:
        return settings.schema_registry_url
    record = current(settings)
    if record is None or record.endpoints is None or not record.is_alive:
        message = "No schema registry runs: the embedded stack is down."
        raise UnavailableError(message, remediation="Run `ordertruth up`, or set SCHEMA_REGISTRY_URL.")
    return record.endpoints.registry_url


def _keep_ids(settings: Settings) -> None:
    """Note the ids of the embedded registry, so that its next start notices when it lost one."""
    from compose.stack.folder import StateFolder
    from compose.stack.schema_ids import record_schema_ids

    if not settings.schema_registry_url:
        record_schema_ids(StateFolder(settings.state_path).schema_ids_file, _registry_url(settings))
