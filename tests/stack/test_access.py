"""Who may come in, before anything is started: what a state folder, settings and findings say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from bench.plan import require_open
from compose.settings import Settings, StackSettings, load_settings
from compose.stack import doctor, lifecycle
from compose.stack.assembly import assemble
from compose.stack.endpoints import ADMIN, Endpoints
from compose.stack.folder import StateFolder
from compose.stack.part import PARTS
from compose.stack.record import ProcessId, StackRecord
from compose.stack.view import protection
from compose.workers import SERVICES
from domain.errors import ConfigurationError
from tests.conftest import EMBEDDED
from topics.principals import PLATFORM

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path / "state")
    made.prepare()
    return made


def settings_of(folder: StateFolder, *, secure: bool = False) -> Settings:
    return Settings(state_dir=folder.path, stack=StackSettings(secure=secure), _env_file=None, **EMBEDDED)


def endpoints(**users: str) -> Endpoints:
    return Endpoints(
        "127.0.0.1:1",
        "http://127.0.0.1:2",
        "postgresql://127.0.0.1:3/x",
        "clickhouse://127.0.0.1:4/x",
        kafka_users={name: SecretStr(password) for name, password in users.items()},
        embedded=frozenset(PARTS),
    )


def test_a_folder_that_began_secure_stays_so(folder: StateFolder) -> None:
    assert not assemble(settings_of(folder), folder).addresses.is_secure
    first = assemble(settings_of(folder, secure=True), folder).addresses
    again = assemble(settings_of(folder), StateFolder(folder.path)).addresses
    assert first.is_secure
    assert again.kafka_users == first.kafka_users
    assert {ADMIN, PLATFORM, "oms", "crm"} < set(first.kafka_users)
    assert first.denials == again.denials == str(folder.denials)


def test_a_folder_that_began_open_is_not_made_secure(folder: StateFolder) -> None:
    (folder.part("kafka") / "data").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="begun without users"):
        assemble(settings_of(folder, secure=True), folder)
    assert not folder.is_secure


def test_each_principal_proves_who_it_is() -> None:
    secure = endpoints(admin="a", ordertruth="b", oms="c")
    assert secure.kafka_config()["sasl.username"] == PLATFORM
    oms = secure.kafka_config("oms")
    assert (oms["sasl.username"], oms["sasl.password"], oms["sasl.mechanism"]) == ("oms", "c", "SCRAM-SHA-256")
    assert {name: user["sasl.username"] for name, user in secure.identities().items()} == {
        "ordertruth": "ordertruth",
        "oms": "oms",
    }
    assert Endpoints.from_json(secure.to_json()) == secure
    plain = endpoints()
    assert plain.kafka_config("oms") == plain.kafka_config() == {"bootstrap.servers": "127.0.0.1:1"}
    assert plain.identities() == {}


def test_a_broker_of_ones_own_is_not_made_secure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "broker:9092")
    monkeypatch.setenv("ORDERTRUTH_STACK__SECURE", "true")
    with pytest.raises(ConfigurationError, match=r"broker of your own.*acls\.sh"):
        load_settings(env_file=None)


def test_an_open_stack_that_runs_is_not_taken_for_a_secure_one(folder: StateFolder) -> None:
    record = StackRecord("run", "running", ProcessId(1, 1.0), endpoints=endpoints())
    lifecycle._refuse_other_settings(settings_of(folder), record)
    with pytest.raises(ConfigurationError, match="not secure"):
        lifecycle._refuse_other_settings(settings_of(folder).secured(), record)


def test_measurements_need_an_open_stack() -> None:
    require_open(endpoints())
    with pytest.raises(ConfigurationError, match="secure"):
        require_open(endpoints(admin="a"))


def test_nobody_observes_a_broker_without_a_log(folder: StateFolder) -> None:
    with pytest.raises(ConfigurationError, match="ORDERTRUTH_KAFKA_AUTHORIZER_LOG"):
        SERVICES["broker-observer"](endpoints(), settings_of(folder))


def test_what_operators_are_told_of_it(folder: StateFolder) -> None:
    assert "each owner writes its own topics" in protection(endpoints(admin="a"))
    assert "may write every topic" in protection(endpoints())
    (finding,) = doctor._access(settings_of(folder), folder)
    assert (finding.verdict, finding.detail) == ("ok", "open when it is started")
    assemble(settings_of(folder, secure=True), folder)
    (finding,) = doctor._access(settings_of(folder), folder)
    assert (finding.verdict, finding.detail) == ("ok", "secure when it is started")
    folder.secrets_file.chmod(0o640)
    _, finding = doctor._access(settings_of(folder), folder)
    assert (finding.verdict, finding.exit_code) == ("fail", 2)
    assert f"chmod 600 {folder.secrets_file}" in finding.mend
