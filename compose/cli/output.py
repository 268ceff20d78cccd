"""What commands print: JSON for programs, tables for people, plain lines where nobody looks at a terminal."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from typer._click.core import Context

STANDARD_OUTPUT = "-"
MINUTE_S = 60
HOUR_S = 3600
_STYLES = {
    **dict.fromkeys(("healthy", "external", "ready"), "green"),
    **dict.fromkeys(("starting", "not ready", "down"), "yellow"),
    **dict.fromkeys(("failed", "not live", "no answer", "gone"), "bold red"),
}
"""How words that say how something is are shown on a terminal."""
JsonTarget = Annotated[
    str | None,
    typer.Option("--json", metavar="[PATH]", help="Print JSON, or write it to PATH.", show_default=False),
]


class JsonCommand(TyperCommand):
    """A command whose `--json` may stand alone (standard output) or be followed by a path.

    Use as `@app.command(cls=JsonCommand)` with an argument of type `JsonTarget` that defaults to None. A path that
    starts with `-` is given as `--json=PATH`.
    """

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Give a `--json` without a value the one that means standard output."""
        end = args.index("--") if "--" in args else len(args)
        filled = []
        for position, word in enumerate(args):
            alone = position + 1 >= end or args[position + 1].startswith("-")
            filled.append(f"--json={STANDARD_OUTPUT}" if word == "--json" and position < end and alone else word)
        return list(super().parse_args(ctx, filled))


def require_writable(target: str | None, option: str = "--json") -> None:
    """Look, before long work begins, whether its result can be written to `target` at the end.

    Raises ConfigurationError when it cannot.
    """
    if target is None or target == STANDARD_OUTPUT:
        return
    path = Path(target)
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK) or path.is_dir():
        msg = f"{path} cannot be written: its folder is missing or closed to you, or it is a folder itself."
        raise ConfigurationError(msg, remediation=f"Give {option} a path in a folder you may write to.")


def write_json(value: Any, target: str) -> None:
    """Print `value` as JSON when `target` is `-`, else write it to that file in one step.

    Decimals, times, paths and the like become strings. Raises ConfigurationError when the file cannot be written.
    """
    text = json.dumps(value, indent=2, default=str)
    with written_in_one_step(target) as write:
        write(f"{text}\n".encode())


@contextmanager
def written_in_one_step(target: str, option: str = "--json") -> Iterator[Callable[[bytes], object]]:
    """Write to a file that appears when all of it is there, or to standard output when `target` is `-`.

    Raises ConfigurationError when the file cannot be written.
    """
    if target == STANDARD_OUTPUT:
        yield lambda lines: typer.echo(lines, nl=False)
        return
    path = Path(target)
    aside = path.with_name(f".{path.name}.part")
    try:
        with aside.open("wb") as file:
            yield file.write
        aside.replace(path)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}."
        raise ConfigurationError(msg, remediation=f"Give {option} a path in a folder you may write to.") from None
    finally:
        aside.unlink(missing_ok=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn on a terminal, as aligned plain lines elsewhere."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns)
        for row in rows:
            table.add_row(*(Text(cell, style=_STYLES.get(cell.partition(":")[0], "")) for cell in row))
        Console().print(table)
        return
    lines = [columns, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_fields(row: Mapping[str, Any], names: Sequence[str]) -> None:
    """Print some fields of a record under their names; those without a value are left out."""
    found = [(name, row[name]) for name in names if row[name] not in (None, [], "")]
    show_table(("", ""), [(n, ", ".join(v) if isinstance(v, list) else str(v)) for n, v in found])


def span(seconds: float | None) -> str:
    """A length of time in the largest unit that fits; nothing for None."""
    if seconds is None:
        return ""
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    return f"{seconds / HOUR_S:.1f} h"
