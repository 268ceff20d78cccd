"""Each part answers in its own protocol and is set up as the platform needs it."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

import psycopg
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from compose.settings import Settings
from compose.stack.endpoints import Endpoints, masked
from compose.stack.external import checks
from compose.stack.folder import StateFolder
from compose.stack.lifecycle import running_stack, up
from compose.stack.schema_ids import check_schema_ids, record_schema_ids
from compose.stack.view import view
from domain.errors import ConfigurationError, IntegrityError, UnavailableError
from tests.conftest import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def register(url: str, subject: str) -> int:
    schema = {"type": "record", "name": "Thing", "fields": [{"name": subject, "type": "string"}]}
    request = urllib.request.Request(
        f"{url}/subjects/{subject}/versions",
        data=json.dumps({"schema": json.dumps(schema)}).encode(),
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
    )
    with urllib.request.urlopen(request) as answer:
        return int(json.loads(answer.read())["id"])


@pytest.mark.stack
def test_broker_is_set_up_for_the_engine(stack: Endpoints) -> None:
    admin = AdminClient(stack.kafka_config())
    broker = ConfigResource(ResourceType.BROKER, "1")
    found = admin.describe_configs([broker])[broker].result(10)

    wanted = {
        "auto.create.topics.enable": "false",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        "offsets.retention.minutes": "2147483647",
        "group.initial.rebalance.delay.ms": "0",
    }
    assert {name: found[name].value for name in wanted} == wanted
    assert stack.versions["kafka"] == "4.3.1"


@pytest.mark.stack
def test_database_is_ours_and_needs_the_password(stack: Endpoints) -> None:
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute("SELECT current_user, current_database(), current_setting('timezone')").fetchone()
        assert row == ("ordertruth", "ordertruth", "UTC")
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'ordertruth'").fetchone() == (True,)
    assert stack.versions["postgres"].startswith("18.")
    head, _, tail = stack.database_url.partition("@")
    wrong = f"{head.rpartition(':')[0]}:wrong@{tail}"
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(wrong).close()


@pytest.mark.stack
def test_schema_ids_are_kept_and_compared(stack: Endpoints, tmp_path: Path) -> None:
    file = tmp_path / "registry-ids.json"
    schema_id = register(stack.registry_url, "kept")

    known = record_schema_ids(file, stack.registry_url)
    check_schema_ids(file, stack.registry_url)
    assert str(schema_id) in known

    file.write_text(json.dumps({**known, str(schema_id): "0" * 64}))
    with pytest.raises(IntegrityError, match=f"ids {schema_id} mean other schemas"):
        check_schema_ids(file, stack.registry_url)
    with pytest.raises(IntegrityError, match="mean other schemas"):
        record_schema_ids(file, stack.registry_url)

    file.write_text(json.dumps({**known, "999999": "0" * 64}))
    with pytest.raises(IntegrityError, match="has lost the schema ids 999999") as caught:
        check_schema_ids(file, stack.registry_url)
    assert "Restore" in caught.value.remediation


@pytest.mark.stack
def test_existing_services_switch_the_embedded_parts_off(
    stack: Endpoints, new_state_dir: Callable[[], Path], jar_cache_dir: Path
) -> None:
    named = {
        "kafka_bootstrap_servers": stack.kafka_bootstrap,
        "schema_registry_url": stack.registry_url,
        "database_url": stack.database_url,
        "clickhouse_dsn": stack.clickhouse_dsn,
    }
    settings = Settings(state_dir=new_state_dir(), cache_dir=jar_cache_dir, _env_file=None, **{**EMBEDDED, **named})

    with running_stack(settings) as endpoints:
        assert endpoints.embedded == frozenset()
        assert endpoints.kafka_config() == stack.kafka_config()
        assert endpoints.database_url == stack.database_url
        assert {part.state for part in view(settings)[1]} == {"external"}
        other = settings.model_copy(update={"clickhouse_dsn": None})
        with pytest.raises(ConfigurationError, match="other settings"):
            up(other)


@pytest.mark.parametrize(
    ("setting", "value", "title"),
    [
        ("schema_registry_url", "http://127.0.0.1:1/apis", "Schema registry"),
        ("database_url", "postgresql://u:tell-nobody@127.0.0.1:1/d", "PostgreSQL"),
        ("clickhouse_dsn", "clickhouse://u:tell-nobody@127.0.0.1:1/d", "ClickHouse"),
    ],
)
def test_service_that_is_away_is_named(setting: str, value: str, title: str) -> None:
    settings = Settings(_env_file=None, **{**EMBEDDED, setting: value})
    (check,) = checks(settings).values()

    with pytest.raises(UnavailableError, match=f"{title} at .* does not answer") as caught:
        check()
    assert setting.upper() in caught.value.remediation
    assert "tell-nobody" not in str(caught.value)


def test_start_fails_when_a_named_service_is_away(new_state_dir: Callable[[], Path]) -> None:
    away = {
        "kafka_bootstrap_servers": "127.0.0.1:1",
        "schema_registry_url": "http://127.0.0.1:1",
        "database_url": "postgresql://u:p@127.0.0.1:1/d",
        "clickhouse_dsn": "clickhouse://u:p@127.0.0.1:1/d",
    }
    settings = Settings(state_dir=new_state_dir(), _env_file=None, **{**EMBEDDED, **away})

    with pytest.raises(UnavailableError, match="does not answer"), running_stack(settings):
        pass
    assert StateFolder(settings.state_path).record_file.exists()


def test_passwords_are_neither_shown_nor_lost() -> None:
    endpoints = Endpoints(
        "k:1", "http://r", "postgresql://u:hidden@h/d", "clickhouse://u:hidden@h/d", {}, {"a": "hidden"}
    )

    assert "hidden" not in repr(endpoints)
    assert masked(endpoints.database_url) == "postgresql://u:***@h/d"
    assert Endpoints.from_json(endpoints.to_json()) == endpoints
    with pytest.raises(IntegrityError):
        Endpoints.from_json({"embedded": []})
