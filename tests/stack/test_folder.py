"""A damaged or foreign state folder is refused with the mend, and nothing is started on it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from uuid import UUID

import pytest

from compose.settings import Settings
from compose.stack.folder import StateFolder, read_json, write_json
from compose.stack.kafka import Kafka
from compose.stack.lifecycle import current, down, up
from compose.stack.postgres import Postgres
from compose.stack.record import ProcessId, StackRecord
from domain.errors import ConfigurationError, IntegrityError
from tests.conftest import EMBEDDED


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path / "state")
    made.prepare()
    return made


def settings_of(folder: StateFolder) -> Settings:
    return Settings(state_dir=folder.path, _env_file=None, **EMBEDDED)


def test_prepare_keeps_what_it_made(folder: StateFolder) -> None:
    before = folder.check()
    folder.prepare()

    assert folder.check() == before
    assert folder.secret("postgres") == folder.secret("postgres")
    assert stat.S_IMODE(folder.secrets_file.stat().st_mode) == 0o600


def test_the_id_of_a_cluster_never_looks_like_an_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One random id in 64 would, and Kafka's own tools then refuse it."""
    ids = [UUID(bytes=b"\xf8" + bytes(15)), UUID(bytes=bytes(16))]
    monkeypatch.setattr("uuid.uuid4", lambda: ids.pop(0))
    folder = StateFolder(tmp_path / "state")
    folder.prepare()

    assert folder.check()["cluster_id"] == "A" * 22


def test_other_layout_is_refused(folder: StateFolder) -> None:
    write_json(folder.state_file, {**folder.check(), "layout": 99})

    with pytest.raises(IntegrityError, match="layout 99") as caught:
        up(settings_of(folder))
    assert "delete the folder" in caught.value.remediation


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\x01"])
def test_unreadable_state_is_refused(folder: StateFolder, content: str) -> None:
    folder.state_file.write_text(content)

    with pytest.raises(IntegrityError, match=r"state\.json"):
        up(settings_of(folder))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"run_id": 1}'])
def test_unreadable_stack_record_is_refused_with_its_mend(folder: StateFolder, content: str) -> None:
    folder.record_file.write_text(content)

    for attempt in (current, up, down):
        with pytest.raises(IntegrityError, match=r"stack\.json") as caught:
            attempt(settings_of(folder))
        assert "delete" in caught.value.remediation


def test_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")

    with pytest.raises(IntegrityError, match=r"letters\.txt"):
        StateFolder(tmp_path).prepare()


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")

    with pytest.raises(ConfigurationError, match="cannot be used"):
        StateFolder(tmp_path / "state").prepare()


def test_formatted_kafka_without_its_properties_is_refused(folder: StateFolder) -> None:
    (folder.part("kafka") / "data").mkdir(parents=True)
    kafka = Kafka(folder.part("kafka"), folder.log("kafka"), Path("java"), "", "id", 1, 2, 256)

    with pytest.raises(IntegrityError, match=r"no meta\.properties"):
        kafka.prepare()


def test_kafka_data_of_another_cluster_are_refused(folder: StateFolder) -> None:
    data = folder.part("kafka") / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\ncluster.id=other\n")
    kafka = Kafka(folder.part("kafka"), folder.log("kafka"), Path("java"), "", "id", 1, 2, 256)

    with pytest.raises(IntegrityError, match="'other'"):
        kafka.prepare()


@pytest.mark.parametrize(("version", "words"), [(None, "damaged"), ("12", "PostgreSQL 12")])
def test_database_folder_that_is_damaged_or_old_is_refused(
    folder: StateFolder, version: str | None, words: str
) -> None:
    data = folder.part("postgres") / "data"
    data.mkdir(parents=True)
    if version:
        (data / "PG_VERSION").write_text(version)

    with pytest.raises(IntegrityError, match=words):
        Postgres(folder.part("postgres"), folder.log("postgres"), "x", 1).prepare()


def test_json_is_written_in_one_step(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": 1})
    write_json(tmp_path / "a.json", {"a": 2})

    assert read_json(tmp_path / "a.json") == {"a": 2}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_reused_pid_is_not_taken_for_the_process(folder: StateFolder) -> None:
    me = ProcessId.of(os.getpid())
    assert me is not None
    stranger = ProcessId(me.pid, me.started - 1000)

    assert me.process() is not None
    assert stranger.process() is None
    StackRecord("run", "running", stranger).write(folder.record_file)
    assert down(settings_of(folder)) is False
    assert not folder.record_file.exists()


def test_record_survives_its_file(folder: StateFolder) -> None:
    me = ProcessId.of(os.getpid())
    assert me is not None
    record = StackRecord("run", "running", me, owner=3)
    record.write(folder.record_file)

    assert StackRecord.read(folder.record_file) == record
    assert json.loads(folder.record_file.read_text())["owner"] == 3
