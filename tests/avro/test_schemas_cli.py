from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from avro.generate import generate
from compose.cli import app
from domain.catalogue import RECORDS
from domain.errors import ContractError

if TYPE_CHECKING:
    from pathlib import Path

RUN = CliRunner()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Schema and history folders of the test's own, filled as the committed ones are."""
    schemas, history = tmp_path / "schemas", tmp_path / "history"
    generate(schemas)
    from avro import compatibility, lint
    from avro import generate as module

    monkeypatch.setattr(compatibility.check, "__defaults__", (RECORDS, history, schemas))
    for function, root in (
        (module.generate, schemas),
        (compatibility.release, history),
        (compatibility.unreleased, history),
    ):
        defaults = tuple(root if isinstance(d, type(root)) else d for d in function.__defaults__ or ())
        monkeypatch.setattr(function, "__defaults__", defaults)
    monkeypatch.setattr(compatibility.stale, "__defaults__", (RECORDS, schemas))
    monkeypatch.setattr(lint.lint, "__defaults__", (RECORDS, schemas))
    monkeypatch.setattr(module, "SCHEMA_DIR", schemas)
    monkeypatch.setattr(compatibility, "HISTORY_DIR", history)
    return tmp_path


def test_the_committed_contract_passes() -> None:
    assert RUN.invoke(app, ["schemas", "lint"]).exit_code == 0
    assert RUN.invoke(app, ["schemas", "check"]).exit_code == 0
    assert RUN.invoke(app, ["schemas", "generate", "--json"]).stdout == '{\n  "changed": []\n}\n'


def test_release_then_check(elsewhere: Path) -> None:
    before = json.loads(RUN.invoke(app, ["schemas", "check", "--json"]).stdout)
    assert len(before["unreleased"]) == len(RECORDS)
    released = json.loads(RUN.invoke(app, ["schemas", "release", "--json"]).stdout)["released"]
    assert "oms/ProductOrderCreated/1.avsc" in released
    after = RUN.invoke(app, ["schemas", "check", "--json"])
    assert after.exit_code == 0
    assert json.loads(after.stdout) == {"stale": [], "incompatible": [], "unreleased": []}
    assert "0 schemas released" in RUN.invoke(app, ["schemas", "release"]).stdout


def test_check_fails_on_an_incompatible_change_and_names_it(elsewhere: Path) -> None:
    RUN.invoke(app, ["schemas", "release"])
    path = elsewhere / "history" / "oms" / "ProductOrderSubmitted" / "1.avsc"
    released = json.loads(path.read_text())
    next(f for f in released["fields"] if f["name"] == "orderNumber")["type"] = "long"
    path.write_text(json.dumps(released))
    result = RUN.invoke(app, ["schemas", "check"])
    assert result.exit_code == 1
    assert "ProductOrderSubmitted.orderNumber: against version 1" in result.stdout
    refused = RUN.invoke(app, ["schemas", "release"])
    assert refused.exit_code == ContractError.exit_code == 1
    assert "orderNumber" in refused.stderr


def test_check_fails_on_an_incompatible_edit_of_a_file_and_names_field_and_rule(elsewhere: Path) -> None:
    RUN.invoke(app, ["schemas", "release"])
    path = elsewhere / "schemas" / "oms" / "ProductOrderCreated.avsc"
    schema = json.loads(path.read_text())
    schema["fields"] = [f for f in schema["fields"] if f["name"] != "orderNumber"]
    path.write_text(json.dumps(schema))
    result = RUN.invoke(app, ["schemas", "check"])
    assert result.exit_code == 1
    assert (
        "ProductOrderCreated.orderNumber: against version 1, old readers cannot read new records: it is not written, "
        "and the reader has no default for it (field-missing-default)." in result.stdout
    )
    found = json.loads(RUN.invoke(app, ["schemas", "check", "--json"]).stdout)["incompatible"]
    assert [(f["record"], f["field"], f["version"], f["rule"]) for f in found] == [
        ("ProductOrderCreated", "orderNumber", 1, "field-missing-default")
    ]
    path.write_text("{")
    broken = RUN.invoke(app, ["schemas", "check"])
    assert broken.exit_code == 1
    assert "ProductOrderCreated: its file is no Avro schema" in broken.stdout
    assert "(schema-unreadable)" in broken.stdout


def test_a_file_edited_by_hand_is_found_and_mended(elsewhere: Path) -> None:
    path = elsewhere / "schemas" / "oms" / "ProductOrderSubmitted.avsc"
    schema = json.loads(path.read_text())
    del schema["fields"][0]["classification"]
    path.write_text(json.dumps(schema))
    lint = RUN.invoke(app, ["schemas", "lint"])
    assert lint.exit_code == 1
    assert "oms/ProductOrderSubmitted.avsc: orderId: its classification is None" in lint.stdout
    check = RUN.invoke(app, ["schemas", "check"])
    assert check.exit_code == 1
    assert "oms/ProductOrderSubmitted.avsc differs" in check.stdout
    assert "1 schema files changed" in RUN.invoke(app, ["schemas", "generate"]).stdout
    assert RUN.invoke(app, ["schemas", "lint"]).exit_code == 0
