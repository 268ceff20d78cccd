from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from compose.alerting import channels_of, patience_of
from compose.settings import AlertSettings, Settings, known_names, load_settings
from domain.alert.policy import QuietHours, Route
from domain.case.states import Severity
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith(("ORDERTRUTH_", "KAFKA_")) or name in {
            "SCHEMA_REGISTRY_URL",
            "DATABASE_URL",
            "CLICKHOUSE_DSN",
        }:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **environ: str) -> Settings:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_defaults_embed_everything_under_the_current_folder(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.state_path == tmp_path / ".ordertruth"
    assert settings.cache_path == tmp_path / ".ordertruth" / "cache"
    assert settings.partition_count == 4
    assert settings.kafka_config() == {}


def test_known_names_of_services_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        KAFKA_BOOTSTRAP_SERVERS="one:9092,two:9092",
        KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        KAFKA_SASL_MECHANISM="SCRAM-SHA-256",
        KAFKA_SASL_USERNAME="user",
        KAFKA_SASL_PASSWORD="hidden",
        SCHEMA_REGISTRY_URL="http://registry:8081/",
        DATABASE_URL="postgresql://user:hidden@host/db",
        CLICKHOUSE_DSN="clickhouse://user:hidden@host/db",
    )

    assert settings.partition_count == 12
    assert settings.schema_registry_url == "http://registry:8081"
    assert settings.kafka_config() == {
        "bootstrap.servers": "one:9092,two:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "user",
        "sasl.password": "hidden",
    }
    assert "hidden" not in repr(settings)
    assert Settings(**settings.revealed(), _env_file=None) == settings


CHANNELS = """[
    {"name": "ops", "kind": "slack", "url": "https://hooks.example/T0/hidden", "min_severity": "HIGH",
     "quiet": {"start": "22:00", "end": "06:00", "zone": "Europe/Berlin"}, "owners": ["billing"]},
    {"name": "duty", "kind": "pagerduty", "secret": "hidden", "per_minute": 5},
    {"name": "own", "kind": "webhook", "url": "https://own.example/", "secret": "hidden", "not_tenants": []}
]"""


def test_channels_of_alerts_are_read_with_their_secrets_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in them too reach a child process."""
    settings = load(
        monkeypatch,
        ORDERTRUTH_ALERTS__CHANNELS=CHANNELS,
        ORDERTRUTH_ALERTS__GROUP_WAIT_S="3",
        ORDERTRUTH_ALERTS__CONSOLE_URL="https://console.example/",
    )
    assert "hidden" not in repr(settings)
    assert Settings(**settings.revealed(), _env_file=None) == settings
    slack, duty, own = channels_of(settings.alerts)
    assert slack.url == "https://hooks.example/T0/hidden"
    assert duty.secret == own.secret == "hidden"
    assert slack.policy.route == Route(Severity.HIGH, ("billing",))
    assert slack.policy.quiet == QuietHours(time(22), time(6), "Europe/Berlin")
    assert (duty.policy.limit.messages, own.policy.route.not_tenants) == (5, ())
    assert slack.policy.grouping.wait == timedelta(seconds=3)
    assert slack.console_url == "https://console.example"
    assert patience_of(settings.alerts).give_up_s == 72 * 3600
    assert [channel.kind for channel in channels_of(AlertSettings())] == ["log"]


@pytest.mark.parametrize(
    "channels",
    [
        '[{"name": "a", "kind": "slack"}]',
        '[{"name": "a", "kind": "webhook", "url": "https://x.example"}]',
        '[{"name": "a", "kind": "pagerduty"}]',
        '[{"name": "a", "kind": "slack", "url": "ftp://hidden"}]',
        '[{"name": "a b", "kind": "log"}]',
        '[{"name": "a", "kind": "log"}, {"name": "a", "kind": "log"}]',
        '[{"name": "a", "kind": "log", "quiet": {"start": "22:00", "end": "06:00", "zone": "Nowhere/Land"}}]',
        '[{"name": "a", "kind": "log", "min_severity": "URGENT"}]',
        "nonsense",
    ],
)
def test_a_channel_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, channels: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(monkeypatch, ORDERTRUTH_ALERTS__CHANNELS=channels)
    assert "hidden" not in str(caught.value)


def test_own_names_nest_and_win(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        ORDERTRUTH_STACK__KAFKA_PORT="19092",
        ORDERTRUTH_PARTITIONS="7",
        ORDERTRUTH_KAFKA_BOOTSTRAP_SERVERS="own:1",
        KAFKA_BOOTSTRAP_SERVERS="other:1",
    )

    assert settings.stack.kafka_port == 19092
    assert settings.partition_count == 7
    assert settings.kafka_bootstrap_servers == "own:1"


def test_env_file_is_honoured(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ORDERTRUTH_STATE_DIR=/elsewhere\nUNRELATED=1\n")

    assert load_settings().state_path == Path("/elsewhere")


def test_unknown_name_in_the_env_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ORDERTRUTH_STAT_DIR=/elsewhere\n")

    with pytest.raises(ConfigurationError, match=r"ORDERTRUTH_STAT_DIR .did you mean ORDERTRUTH_STATE_DIR"):
        load_settings()


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ORDERTRUTH_STACK__KAFKA_PORT": "99"}, ["ORDERTRUTH_STACK__KAFKA_PORT", "1024"]),
        ({"ORDERTRUTH_STACK__KAFKA_PORT": "many"}, ["ORDERTRUTH_STACK__KAFKA_PORT", "integer"]),
        ({"ORDERTRUTH_STACK": "many"}, ["stack", "ORDERTRUTH_STACK__KAFKA_PORT"]),
        ({"ORDERTRUTH_NONSENSE": "1"}, ["ORDERTRUTH_NONSENSE"]),
        ({"KAFKA_BOOTSTRAP_SERVERS": "nowhere"}, ["KAFKA_BOOTSTRAP_SERVERS", "host:port"]),
        ({"SCHEMA_REGISTRY_URL": "registry"}, ["SCHEMA_REGISTRY_URL", "http://"]),
        ({"DATABASE_URL": "mysql://u:tell-nobody@h/d"}, ["DATABASE_URL", "postgresql://"]),
        ({"CLICKHOUSE_DSN": "tell-nobody"}, ["CLICKHOUSE_DSN", "clickhouse://"]),
        ({"KAFKA_SASL_PASSWORD": "tell-nobody"}, ["KAFKA_BOOTSTRAP_SERVERS"]),
        (
            {"KAFKA_BOOTSTRAP_SERVERS": "a:1", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            ["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"],
        ),
    ],
)
def test_wrong_settings_are_named_with_their_mend_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str], words: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(monkeypatch, **environ)

    assert all(word in str(caught.value) for word in words)
    assert caught.value.remediation
    assert "tell-nobody" not in str(caught.value)


def test_every_known_name_is_a_setting() -> None:
    assert {"ORDERTRUTH_STATE_DIR", "ORDERTRUTH_STACK__POSTGRES_PORT", "ORDERTRUTH_DATABASE_URL"} <= known_names()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().log_level = "debug"
