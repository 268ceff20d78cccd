"""The Compose file against the Compose specification's schema, and against our own rules for containers."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft201909Validator

from compose.stack.jars import KAFKA_VERSION, REGISTRY_VERSION
from compose.stack.part import PARTS
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

FILE = REPOSITORY / "compose" / "docker-compose.yml"
# Read as an archive and never installed: its package has the same name as one of ours.
WHEEL = "docker_compose-1.29.2-py2.py3-none-any.whl"
WHEEL_SHA256 = "8d5589373b35c8d3b1c8c1182c6e4a4ff14bffa3dd0b605fcd08f73c94cef809"
WATCHING = dict.fromkeys(("prometheus", "grafana"), "observability")
"""Containers that only look, by their profile."""
SCHEMA = "compose/config/compose_spec.json"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    loaded = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def services(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(described["services"])


@pytest.fixture(scope="module")
def schema(jar_cache_dir: Path) -> dict[str, Any]:
    wheel = jar_cache_dir / "schemas" / WHEEL
    if not wheel.exists():
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheel.parent, "docker-compose==1.29.2"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"the schema could not be fetched: {done.stderr.strip()[-200:]}")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == WHEEL_SHA256
    with zipfile.ZipFile(wheel) as archive:
        return dict(json.loads(archive.read(SCHEMA)))


def test_file_follows_the_specification(described: dict[str, Any], schema: dict[str, Any]) -> None:
    errors = Draft201909Validator(schema).iter_errors(described)

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_schema_would_notice_a_mistake(described: dict[str, Any], schema: dict[str, Any]) -> None:
    wrong = {**described, "services": {"kafka": {"image": "apache/kafka:4.3.1", "port": ["9092"]}}}

    assert list(Draft201909Validator(schema).iter_errors(wrong))


def test_every_part_is_there_in_the_version_that_is_embedded(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {*PARTS, *WATCHING}
    assert services["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert services["registry"]["image"] == f"apicurio/apicurio-registry:{REGISTRY_VERSION}"


@pytest.mark.parametrize("name", [*PARTS, *WATCHING])
def test_containers_are_closed_and_looked_after(services: dict[str, dict[str, Any]], name: str) -> None:
    service = services[name]

    assert service["profiles"] == [WATCHING.get(name, "core")]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert str(service["user"]).split(":")[0] not in {"0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert ("ports" in service) != (service.get("network_mode") == "host")
    # A registry host would have a dot or a port before the first slash.
    assert not re.match(r"[^/]*[.:][^/]*/", service["image"])
    assert not service["image"].endswith(":latest")
    assert ":" in service["image"]


def test_no_password_has_a_default() -> None:
    text = FILE.read_text(encoding="utf-8")

    assert re.findall(r"\$\{\w*PASSWORD[^}]*\}", text)
    assert all(":?" in found for found in re.findall(r"\$\{\w*PASSWORD[^}]*\}", text))
