"""`ordertruth contracts export | examples`: what other teams build on, made from the catalogue."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, write_json

if TYPE_CHECKING:
    from topics.contracts.agreed import TopicContract
    from topics.contracts.export import Stale
    from topics.contracts.places import Places

EXIT_MISMATCH = 1
MEND = "Run `ordertruth contracts export`, look at the difference and commit it."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Export the contracts of all topics: AsyncAPI, data contracts, ACLs, pages, lineage.")
    group.command(cls=JsonCommand)(export)
    group.command(cls=JsonCommand)(examples)
    app.add_typer(group, name="contracts", no_args_is_help=True)


def export(
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write to.", show_default="docs/contracts")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit status 1 when a file is stale.")] = False,
    kafka: Annotated[str | None, typer.Option("--kafka", help="Bootstrap servers to name.")] = None,
    registry: Annotated[str | None, typer.Option("--registry", help="URL of the schema registry to name.")] = None,
    postgres: Annotated[str | None, typer.Option("--postgres", help="host:port of the database to name.")] = None,
    clickhouse: Annotated[str | None, typer.Option("--clickhouse", help="host:port of the analytics to name.")] = None,
    json: JsonTarget = None,
) -> None:
    """Write AsyncAPI, data contracts, ACLs, a page for each topic and lineage names; needs nothing that runs."""
    from compose.contracts.jobs import jobs
    from topics.contracts.agreed import topic_contracts
    from topics.contracts.examples import example_problems
    from topics.contracts.export import DEFAULT_FOLDER, documents, stale, write

    folder = out or DEFAULT_FOLDER
    places = _places(kafka=kafka, registry=registry, postgres=postgres, clickhouse=clickhouse)
    problems = example_problems()
    contracts = topic_contracts()
    made = documents(contracts, jobs(places), places, folder)
    outdated = stale(made, folder) if check else []
    changed = [] if check else write(made, folder)
    if json is not None:
        answer = {"files": len(made), "changed": changed, "stale": [asdict(s) for s in outdated]}
        write_json({**answer, "examples": [asdict(p) for p in problems], **_missing(contracts)}, json)
    else:
        for p in problems:
            typer.echo(f"avro/{p.file}: {p.what}. {p.mend}")
        _show(folder, outdated, changed, len(made), check=check)
        _show_missing(contracts, by_name=not check)
    if outdated or problems:
        raise typer.Exit(EXIT_MISMATCH)


def examples(json: JsonTarget = None) -> None:
    """Write an example of every record that can be made by the real aggregates; the others keep theirs."""
    from compose.cli.session import open_session
    from compose.contracts.examples import published
    from topics.contracts.examples import EXAMPLES_DIR, best_examples, without_example, write_examples

    open_session()  # commands that are carried out are logged, and standard output holds results alone
    changed = [str(p.relative_to(EXAMPLES_DIR)) for p in write_examples(best_examples(published()))]
    missing = without_example()
    if json is not None:
        write_json({"changed": changed, "withoutExample": missing}, json)
        return
    for name in changed:
        typer.echo(name)
    typer.echo(f"{len(changed)} examples changed; {_counted(missing)} none.")
    _listed(missing)


def _places(**named: str | None) -> Places:
    from topics.contracts.places import Places

    return Places(**{name: value for name, value in named.items() if value is not None})  # type: ignore[arg-type]


def _show(folder: Path, outdated: list[Stale], changed: list[str], made: int, *, check: bool) -> None:
    for s in outdated:
        typer.echo(f"{folder / s.file} {s.problem}. {MEND}")
    if check:
        typer.echo(f"{len(outdated)} of {made} exported files are stale.")
        return
    for name in changed:
        typer.echo(name)
    typer.echo(f"{len(changed)} of {made} files changed in {folder}.")


def _missing(contracts: tuple[TopicContract, ...]) -> dict[str, list[str]]:
    return {
        "withoutContract": [name for c in contracts for name in c.missing],
        "withoutExample": [a.name for c in contracts for a in c.agreed if a.example is None],
    }


def _show_missing(contracts: tuple[TopicContract, ...], *, by_name: bool) -> None:
    missing = _missing(contracts)
    for names, what in ((missing["withoutContract"], "no contract"), (missing["withoutExample"], "no example")):
        if names:
            typer.echo(f"{_counted(names)} {what} yet{':' if by_name else '.'}")
            _listed(names if by_name else [])


def _counted(names: list[str]) -> str:
    return f"{len(names)} {'record has' if len(names) == 1 else 'records have'}"


def _listed(names: list[str]) -> None:
    for name in names:
        typer.echo(f"  {name}")
