from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from compose.cli import ReportingGroup
from compose.cli.output import JsonCommand, JsonTarget, write_json
from domain.errors import ConfigurationError, ContractError, IntegrityError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(cls=ReportingGroup, pretty_exceptions_enable=False)


@app.command(cls=JsonCommand)
def say(words: list[str] = typer.Argument(default=None), loud: bool = False, json: JsonTarget = None) -> None:  # noqa: B008
    typer.echo(f"{words} {loud} {json}")


@app.command()
def fail(kind: str) -> None:
    errors = {
        "configuration": ConfigurationError("It is wrong.", remediation="Mend it."),
        "unavailable": UnavailableError("It is away."),
        "integrity": IntegrityError("It contradicts itself."),
        "contract": ContractError("It breaks its contract."),
        "interrupt": KeyboardInterrupt(),
    }
    raise errors[kind]


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ([], "None"),
        (["--json"], "-"),
        (["--json", "--loud"], "-"),
        (["--json", "out.json"], "out.json"),
        (["--json=out.json"], "out.json"),
        (["a", "--json"], "-"),
        (["--", "--json"], "None"),
    ],
)
def test_json_stands_alone_or_takes_a_path(arguments: list[str], target: str) -> None:
    result = CliRunner().invoke(app, ["say", *arguments])

    assert result.exit_code == 0, result.output
    assert result.stdout.split()[-1] == target


@pytest.mark.parametrize(
    ("kind", "status"),
    [("configuration", 2), ("unavailable", 3), ("integrity", 3), ("contract", 1), ("interrupt", 130)],
)
def test_errors_become_exit_statuses(kind: str, status: int) -> None:
    assert CliRunner().invoke(app, ["fail", kind]).exit_code == status


def test_error_says_what_to_do_on_standard_error_alone() -> None:
    result = CliRunner().invoke(app, ["fail", "configuration"])

    assert result.stderr == "Error: It is wrong.\nWhat to do: Mend it.\n"
    assert result.stdout == ""


def test_usage_errors_exit_with_two() -> None:
    assert CliRunner().invoke(app, ["nothing"]).exit_code == 2
    assert CliRunner().invoke(app, ["say", "--nothing"]).exit_code == 2


def test_json_is_written_to_the_path(tmp_path: Path) -> None:
    write_json({"a": tmp_path}, str(tmp_path / "out.json"))

    assert json.loads((tmp_path / "out.json").read_text()) == {"a": str(tmp_path)}
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_json({}, str(tmp_path / "missing" / "out.json"))
