"""Exporting and checking: from the command line, into the repository and into a folder of one's own."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from compose.cli import app
from compose.contracts.jobs import jobs
from domain.catalogue import RECORDS
from domain.errors import ConfigurationError
from topics.catalogue import OWNER_TOPICS, TOPICS
from topics.contracts import examples
from topics.contracts.agreed import topic_contracts
from topics.contracts.export import DEFAULT_FOLDER, MARK, documents, stale, write
from topics.contracts.index import ACLS_FILE, ALIASES_FILE, ASYNCAPI_FILE
from topics.contracts.places import Places
from topics.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RUN = CliRunner()


def _export(*arguments: str) -> Any:
    return RUN.invoke(app, ["contracts", "export", *arguments])


def test_the_committed_exports_are_those_of_the_catalogue(made: Mapping[str, str]) -> None:
    found = stale(made, DEFAULT_FOLDER)
    assert found == [], "run `ordertruth contracts export` and commit what it changes"
    assert _export("--check").exit_code == 0


def test_exporting_is_deterministic(made: Mapping[str, str]) -> None:
    assert documents(topic_contracts(), jobs(Places()), Places(), DEFAULT_FOLDER) == made


@pytest.mark.parametrize("file", ["README.md", ASYNCAPI_FILE, ACLS_FILE, "odcs/oms.product-orders.v1.odcs.yaml"])
def test_an_edited_export_fails_the_check_by_name(tmp_path: Path, file: str) -> None:
    out = tmp_path / "contracts"
    assert _export("--out", str(out)).exit_code == 0
    path = out / file
    path.write_text(path.read_text() + "\n# a note\n")
    checked = _export("--out", str(out), "--check")
    assert checked.exit_code == 1
    assert f"{path} differs from the catalogue. Run `ordertruth contracts export`" in checked.stdout
    assert "a note" in path.read_text(), "a check writes nothing"
    assert file in _export("--out", str(out)).stdout.splitlines()
    assert _export("--out", str(out), "--check").exit_code == 0


def test_a_missing_and_a_left_over_export_fail_the_check(tmp_path: Path) -> None:
    out = tmp_path / "contracts"
    _export("--out", str(out))
    (out / ASYNCAPI_FILE).unlink()
    left = out / "topics" / "oms.dreams.v1.md"
    left.write_text(f"<!-- {MARK}, once. -->\n")
    answer = json.loads(_export("--out", str(out), "--check", "--json").stdout)
    assert {s["file"]: s["problem"] for s in answer["stale"]} == {
        ASYNCAPI_FILE: "is missing",
        "topics/oms.dreams.v1.md": "is of nothing in the catalogue",
    }
    _export("--out", str(out))
    assert (out / ASYNCAPI_FILE).is_file()
    assert not left.exists()


def test_files_of_others_stay(tmp_path: Path) -> None:
    notes = tmp_path / "topics" / "notes.md"
    notes.parent.mkdir()
    notes.write_text("mine")
    assert _export("--out", str(tmp_path)).exit_code == 0
    assert notes.read_text() == "mine"
    assert _export("--out", str(tmp_path), "--check").exit_code == 0


def test_a_folder_of_something_else_is_refused(tmp_path: Path, made: Mapping[str, str]) -> None:
    (tmp_path / "README.md").write_text("# Another project\n")
    refused = _export("--out", str(tmp_path))
    assert refused.exit_code == ConfigurationError.exit_code
    assert "--out" in refused.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["README.md"]
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(ConfigurationError):
        write(made, taken / "below")


def test_a_folder_elsewhere_can_be_handed_on(tmp_path: Path) -> None:
    """Its references stay within it, and lead to the same schemas."""
    _export("--out", str(tmp_path / "given"))
    document = yaml.safe_load((tmp_path / "given" / ASYNCAPI_FILE).read_text())
    for name, message in document["components"]["messages"].items():
        schema = tmp_path / "given" / message["payload"]["schema"]["$ref"]
        assert schema.resolve().is_relative_to((tmp_path / "given").resolve())
        assert json.loads(schema.read_text())["name"] == name
        if "x-example" in message:
            assert json.loads((tmp_path / "given" / message["x-example"]).read_text())["value"]
    assert os.access(tmp_path / "given" / ACLS_FILE, os.X_OK)


def test_an_installation_is_named_when_asked_for(tmp_path: Path) -> None:
    _export("--out", str(tmp_path), "--kafka", "broker:9093", "--registry", "https://registry", "--postgres", "db:6432")
    document = yaml.safe_load((tmp_path / ASYNCAPI_FILE).read_text())
    assert document["servers"]["kafka"]["variables"]["bootstrap"]["default"] == "broker:9093"
    assert document["servers"]["kafka"]["bindings"]["kafka"]["schemaRegistryUrl"] == "https://registry"
    assert "BOOTSTRAP_SERVERS:=broker:9093" in (tmp_path / ACLS_FILE).read_text()
    assert "postgres://db:6432" in (tmp_path / "openlineage.json").read_text()
    assert "localhost:9092" not in "".join(p.read_text() for p in tmp_path.rglob("*") if p.suffix in {".yaml", ".sh"})


def test_what_is_missing_is_listed() -> None:
    contracted = {r.name for r in RECORDS}
    without = [name for topic in OWNER_TOPICS for name in topic.records if name not in contracted]
    answer = json.loads(_export("--check", "--json").stdout)
    assert answer["withoutContract"] == without
    assert sorted(answer["withoutExample"]) == sorted(examples.without_example())
    if without:
        assert f"{len(without)} record" in _export("--check").stdout


def test_a_new_topic_and_a_record_that_lost_its_contract_show_everywhere() -> None:
    """Nothing is listed by hand: another catalogue makes other documents."""
    kind, owner, classification = OWNER_TOPICS[0].kind, "warehouse", OWNER_TOPICS[0].classification
    new = Topic(
        "warehouse.pallets.v1", kind, owner, "pallet id", "Pallets.", classification, "Pallet", ("PalletMoved",)
    )
    fewer = [r for r in RECORDS if r.name != "ProductOrderAmended"]
    made = documents(topic_contracts((*TOPICS, new), fewer), jobs(Places()), Places(), DEFAULT_FOLDER)
    assert "`PalletMoved`" in made["topics/warehouse.pallets.v1.md"]
    assert "Without a contract yet" in made["topics/warehouse.pallets.v1.md"]
    assert "odcs/warehouse.pallets.v1.odcs.yaml" not in made
    assert "warehouse_pallets_v1" in made[ASYNCAPI_FILE]
    assert "User:warehouse --operation Write" in made[ACLS_FILE]
    assert "warehouse.pallets.v1" in made["openlineage.json"]
    orders = yaml.safe_load(made["odcs/oms.product-orders.v1.odcs.yaml"])
    assert orders["status"] == "draft"
    assert {"property": "recordsWithoutContract", "value": ["ProductOrderAmended"]} in orders["customProperties"]
    assert "### ProductOrderAmended" not in made["topics/oms.product-orders.v1.md"]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples, which the commands take for the committed ones."""
    root = tmp_path / "examples"
    for record in RECORDS:
        example = examples.example_of(record)
        if example is not None:
            examples.write_examples({record.name: example}, root)
    for function in (examples.example_problems, examples.without_example, examples.write_examples):
        defaults = tuple(root if d == examples.EXAMPLES_DIR else d for d in function.__defaults__ or ())
        monkeypatch.setattr(function, "__defaults__", defaults)
    monkeypatch.setattr(examples, "EXAMPLES_DIR", root)
    return root


def test_examples_are_checked_with_the_exports(copied: Path) -> None:
    path = copied / "oms" / "ProductOrderSubmitted.json"
    path.write_text(path.read_text().replace('"Submitted"', '"Dreaming"'))
    checked = _export("--check")
    assert checked.exit_code == 1
    assert "avro/examples/oms/ProductOrderSubmitted.json" in checked.stdout
    assert "Run `ordertruth contracts examples`" in checked.stdout


@pytest.mark.full
def test_examples_are_what_the_enterprise_says(copied: Path) -> None:
    path = copied / "oms" / "ProductOrderSubmitted.json"
    path.write_text(path.read_text().replace('"Submitted"', '"Dreaming"'))
    (copied / "oms" / "ProductOrderCreated.json").unlink()
    again = json.loads(RUN.invoke(app, ["contracts", "examples", "--json"]).stdout)
    assert sorted(again["changed"]) == ["oms/ProductOrderCreated.json", "oms/ProductOrderSubmitted.json"]


def test_aliases_are_exported_as_they_are_read(made: Mapping[str, str]) -> None:
    from avro.aliases import canonical_actions, canonical_event

    aliases = json.loads(made[ALIASES_FILE])
    assert all(canonical_event(alias).value == name for alias, name in aliases["events"].items())
    assert all(canonical_actions({"action": a}).value == {"action": name} for a, name in aliases["actions"].items())
    assert aliases["events"]
    assert aliases["actions"]
