"""What a user can get wrong: each is told in a sentence with its mend and its exit status, and starts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from compose.cli import app
from compose.stack.folder import write_json
from tests.e2e.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

USAGE, UNAVAILABLE = 2, 3


@pytest.fixture
def installation(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> Installation:
    return Installation(new_state_dir(), jar_cache_dir)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("worker order-stat", "No application is called order-stat."),
        ("worker order-state sinks", "No application is called sinks."),
        ("worker", "Missing argument"),
        ("worker order-state order-state", "One worker hosts one stream application."),
        ("demo --orders 0", "--orders"),
        ("demo --orders -5", "--orders"),
        ("demo --orders many", "--orders"),
        ("demo --seed -1", "--seed"),
        ("demo now", "unexpected extra argument"),
        ("verify --settle-seconds soon", "--settle-seconds"),
        ("verify --omit-event", "--omit-event"),
        ("verify --orders 3", "--orders"),
    ],
)
def test_a_wrong_command_is_told_before_anything_is_looked_at(words: str, told: str) -> None:
    done = CliRunner().invoke(app, words.split())

    assert done.exit_code == USAGE, done.output
    assert told in done.stderr
    assert done.stdout == ""
    assert done.exception is None or isinstance(done.exception, SystemExit)


@pytest.mark.parametrize("words", ["worker order-state", "worker sink-postgres relay", "topics plan"])
def test_what_needs_a_stack_and_finds_none_says_how_to_start_it(installation: Installation, words: str) -> None:
    done = installation.run(*words.split())

    assert done.returncode == UNAVAILABLE, done.stderr
    assert "Run `ordertruth up`" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not installation.folder.record_file.exists()


def test_a_worker_is_told_which_applications_there_are() -> None:
    told = CliRunner().invoke(app, ["worker", "billing"]).stderr
    assert "order-state, placing, order-status, reconciliation" in told


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("demo --orders 1 --exit", "ORDERTRUTH_PARTITIONS", "0"),
        ("demo --orders 1 --exit", "KAFKA_BOOTSTRAP_SERVERS", "localhost"),
        ("verify", "ORDERTRUTH_STACK__KAFKA_PROT", "1"),
        ("worker order-state", "SCHEMA_REGISTRY_URL", "registry"),
    ],
)
def test_a_wrong_setting_is_named_by_every_command(
    installation: Installation, words: str, name: str, value: str
) -> None:
    done = installation.run(*words.split(), **{name: value})

    assert done.returncode == USAGE, done.stderr
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert not installation.folder.record_file.exists()


@pytest.mark.parametrize("words", [("demo", "--orders", "1", "--exit"), ("verify",)])
@pytest.mark.parametrize("content", ["{", '{"layout": 99, "cluster_id": "x"}'])
def test_a_corrupted_state_folder_is_refused_and_left_as_it_is(
    installation: Installation, words: tuple[str, ...], content: str
) -> None:
    installation.folder.prepare()
    installation.folder.state_file.write_text(content)

    done = installation.run(*words)

    assert done.returncode == UNAVAILABLE
    assert "state.json" in done.stderr
    assert "What to do: " in done.stderr
    assert "Traceback" not in done.stderr
    assert installation.folder.state_file.read_text() == content
    assert installation.left_over() == []


def test_a_worker_does_not_believe_a_damaged_record_of_the_stack(installation: Installation) -> None:
    installation.folder.prepare()
    write_json(installation.folder.record_file, {"run_id": 1})

    done = installation.run("worker", "order-state")

    assert done.returncode == UNAVAILABLE
    assert "stack.json" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.stack
def test_a_demonstration_without_its_registry_says_which_part_is_away_and_stops_the_others(
    installation: Installation,
) -> None:
    done = installation.run("demo", "--orders", "1", "--exit", SCHEMA_REGISTRY_URL="http://127.0.0.1:9/apis")

    assert done.returncode == UNAVAILABLE
    assert "Schema registry at http://127.0.0.1:9/apis does not answer" in done.stderr
    assert "SCHEMA_REGISTRY_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert installation.left_over() == []


def test_a_summary_that_cannot_be_written_is_told_before_the_work_is_done(
    installation: Installation, tmp_path: Path
) -> None:
    target = tmp_path / "missing" / "out.json"

    done = installation.run("demo", "--orders", "1", "--exit", "--json", str(target))

    assert done.returncode == USAGE
    assert f"{target} cannot be written" in done.stderr
    assert not installation.folder.record_file.exists(), "nothing was started for it"
    assert not installation.folder.path.exists()
