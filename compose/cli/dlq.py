"""`ordertruth dlq list | show | replay`: what could not be applied, why, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

if TYPE_CHECKING:
    from compose.deadletters.letters import Letter

Topic = Annotated[str | None, typer.Option(help="Only those of this source topic.", show_default=False)]
Consumer = Annotated[str | None, typer.Option(help="Only those of this consumer.", show_default=False)]
Code = Annotated[str | None, typer.Option(help="Only those with this error code.", show_default=False)]
Letters = Annotated[
    list[str] | None, typer.Argument(metavar="LETTER...", help="Places, as `dlq list` shows them.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Records that could not be applied: list them, look at one, send them back.")
    group.command("list", cls=JsonCommand)(list_letters)
    group.command("show", cls=JsonCommand)(show)
    group.command("replay", cls=JsonCommand)(replay)
    app.add_typer(group, name="dlq", no_args_is_help=True)


def list_letters(
    topic: Topic = None,
    consumer: Consumer = None,
    code: Code = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show; the newest of each topic come last.")] = 50,
    json: JsonTarget = None,
) -> None:
    """List dead letters, and how many there are of each consumer and error code."""
    from collections import Counter

    from compose.cli.topics import kafka_config
    from compose.deadletters.letters import Choice, read

    require_writable(json)
    found = list(read(kafka_config(), Choice(topic, consumer, code)))
    counts = Counter((letter.topic, letter.consumer, letter.code) for letter in found)
    if json is not None:
        names = ("topic", "consumer", "code")
        write_json(
            {
                "count": len(found),
                "counts": [{**dict(zip(names, what, strict=True)), "count": n} for what, n in sorted(counts.items())],
                "letters": [letter.to_plain() for letter in found[-limit:]],
            },
            json,
        )
        return
    if not found:
        typer.echo("No dead letters.")
        return
    show_table(("letter", "consumer", "code", "time", "key"), [_row(letter) for letter in found[-limit:]])
    typer.echo("")
    show_table(
        ("source topic", "consumer", "code", "count"), [(*what, str(count)) for what, count in sorted(counts.items())]
    )
    if len(found) > limit:
        typer.echo(f"{len(found) - limit} older ones are not shown; --limit shows more.")


def show(letter: Annotated[str, typer.Argument(metavar="LETTER")], json: JsonTarget = None) -> None:
    """Show one dead letter: the reason, where its record was read, headers, key and value."""
    from compose.cli.topics import kafka_config
    from compose.deadletters.letters import Place, named, shown

    require_writable(json)
    (found,) = named(kafka_config(), [Place.parse(letter)])
    if json is not None:
        write_json(found.to_plain(), json)
        return
    where = "a timer" if found.offset is None else f"{found.topic}[{found.partition}]@{found.offset}"
    typer.echo(f"{found.code} ({found.stage}) in {found.consumer}, {found.time}")
    typer.echo(found.message)
    rows = [("read at", where), ("key", shown(found.key) or ""), ("value", _digits(found.value))]
    rows += [("sent again from", found.replay_of)] if found.replay_of else []
    show_table(("", ""), [*rows, *((name, shown(value) or "") for name, value in found.headers)])


def replay(
    letters: Letters = None,
    topic: Topic = None,
    consumer: Consumer = None,
    code: Code = None,
    every: Annotated[
        bool, typer.Option("--all", help="All the other options choose, unless a newer letter stands for it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be sent.")] = False,
    json: JsonTarget = None,
) -> None:
    """Send records back to the partition they were read from, after their cause was mended."""
    from compose.cli.session import open_session
    from compose.cli.topics import kafka_config
    from compose.deadletters.letters import Choice, Place, named, read, unsent
    from compose.deadletters.replay import replay as send
    from domain.errors import ConfigurationError

    require_writable(json)
    chosen = Choice(topic, consumer, code)
    if bool(letters) == every or (letters and chosen != Choice()):
        message = "Which dead letters are meant is not clear."
        raise ConfigurationError(
            message, remediation="Name them, or give --all with --topic, --consumer or --code to narrow it."
        )
    settings = open_session()
    config = kafka_config(settings)
    found = named(config, map(Place.parse, letters)) if letters else unsent(read(config, chosen))
    sent = 0 if dry_run else send(lambda owner: kafka_config(settings, owner), found)
    if json is not None:
        write_json({"chosen": len(found), "sent": sent, "letters": [str(letter.place) for letter in found]}, json)
        return
    typer.echo(f"{len(found)} would be sent again." if dry_run else f"{sent} sent again.")


def _row(letter: Letter) -> tuple[str, ...]:
    from compose.deadletters.letters import shown

    return str(letter.place), letter.consumer, letter.code, letter.time, (shown(letter.key) or "")[:60]


def _digits(value: bytes | None) -> str:
    if value is None:
        return "none"
    return f"{len(value)} bytes: {value[:64].hex()}{'...' if len(value) > 64 else ''}"
