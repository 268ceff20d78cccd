"""Plan and apply against the real broker."""

from __future__ import annotations

import json
import socket
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from typer.testing import CliRunner

from domain.errors import ContractError, UnavailableError
from topics.broker import Broker
from topics.catalogue import ORDER_STATE_CHANGELOG, PRODUCT_ORDERS, TOPICS, Topic

if TYPE_CHECKING:
    from pathlib import Path

    from compose.settings import Settings
    from compose.stack.endpoints import Endpoints


def fresh(*like: Topic) -> tuple[Topic, ...]:
    """Topics of their own, so that what other tests do on the broker does not matter."""
    mark = uuid.uuid4().hex[:8]
    return tuple(replace(t, name=f"test.{mark}.{t.name}") for t in like)


@pytest.mark.stack
def test_apply_creates_and_then_finds_nothing_to_do(stack: Endpoints) -> None:
    broker = Broker(stack.kafka_config())
    wanted = fresh(PRODUCT_ORDERS, ORDER_STATE_CHANGELOG)
    broker.apply(broker.plan(wanted, 4))
    again = broker.plan(wanted, 4)
    assert again.empty
    broker.apply(again)
    found = broker.topics()
    for topic in wanted:
        assert found[topic.name].partitions == 4
        for setting, value in topic.config().items():
            assert (found[topic.name].config[setting].value, found[topic.name].config[setting].explicit) == (
                value,
                True,
            )


@pytest.mark.stack
def test_the_whole_catalogue_is_accepted_by_the_broker(stack: Endpoints) -> None:
    broker = Broker(stack.kafka_config())
    broker.apply(broker.plan(TOPICS, 4))
    assert broker.plan(TOPICS, 4).empty


@pytest.mark.stack
def test_a_plan_made_before_somebody_else_applied_it_does_no_harm(stack: Endpoints) -> None:
    broker = Broker(stack.kafka_config())
    wanted = fresh(PRODUCT_ORDERS)
    plan = broker.plan(wanted, 4)
    broker.apply(plan)
    broker.apply(plan)
    assert broker.plan(wanted, 4).empty


@pytest.mark.stack
def test_settings_are_mended_one_by_one(stack: Endpoints) -> None:
    admin = AdminClient(stack.kafka_config())
    (wanted,) = fresh(PRODUCT_ORDERS)
    new = NewTopic(wanted.name, num_partitions=4, config={"retention.ms": "3600000", "flush.ms": "12345"})
    admin.create_topics([new])[wanted.name].result(20)
    broker = Broker(stack.kafka_config())
    plan = broker.plan((wanted,), 4)
    assert {c.setting for c in plan.changes} == set(wanted.config())
    broker.apply(plan)
    config = broker.topics()[wanted.name].config
    assert config["retention.ms"].value == "-1"
    assert config["flush.ms"].value == "12345", "what the catalogue is silent about stays"
    assert broker.plan((wanted,), 4).empty


@pytest.mark.stack
@pytest.mark.parametrize("partitions", [2, 8])
def test_the_partition_count_stays_and_nothing_at_all_is_done(stack: Endpoints, partitions: int) -> None:
    broker = Broker(stack.kafka_config())
    first, second = fresh(PRODUCT_ORDERS, ORDER_STATE_CHANGELOG)
    broker.apply(broker.plan((first,), 4))
    plan = broker.plan((first, second), partitions)
    with pytest.raises(ContractError, match=f"{first.name} has 4 and should have {partitions}"):
        broker.apply(plan)
    found = broker.topics()
    assert found[first.name].partitions == 4
    assert second.name not in found


@pytest.mark.stack
def test_unknown_topics_and_their_records_stay(stack: Endpoints) -> None:
    admin = AdminClient(stack.kafka_config())
    name = f"foreign-{uuid.uuid4().hex[:8]}"
    admin.create_topics([NewTopic(name, num_partitions=1)])[name].result(20)
    producer = Producer(stack.kafka_config())
    producer.produce(name, b"kept")
    assert producer.flush(20) == 0
    broker = Broker(stack.kafka_config())
    plan = broker.plan(TOPICS, 4)
    assert name in plan.unknown
    broker.apply(plan)
    assert name in broker.topics()


@pytest.mark.stack
def test_what_the_broker_refuses_is_a_contract_error(stack: Endpoints) -> None:
    (wanted,) = fresh(PRODUCT_ORDERS)
    bad = replace(wanted, extra_config={"cleanup.policy": "burn"})
    broker = Broker(stack.kafka_config())
    with pytest.raises(ContractError, match=f"create {wanted.name}"):
        broker.apply(broker.plan((bad,), 4))


def test_a_broker_that_is_away_is_unavailable(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(UnavailableError, match=address) as caught:
        Broker({"bootstrap.servers": address}, timeout_s=0.5).topics()
    assert "KAFKA_BOOTSTRAP_SERVERS" in caught.value.remediation
    assert capfd.readouterr().err == ""


@pytest.mark.stack
def test_the_command_line_finds_the_stack_that_runs(
    stack: Endpoints, stack_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from compose.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDERTRUTH_STATE_DIR", str(stack_settings.state_path))
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL", "ORDERTRUTH_PARTITIONS"):
        monkeypatch.delenv(name, raising=False)
    run = CliRunner()
    applied = run.invoke(app, ["topics", "apply", "--json"])
    assert applied.exit_code == 0, applied.output
    assert json.loads(applied.stdout)["applied"] is True
    planned = run.invoke(app, ["topics", "plan", "--json"])
    assert planned.exit_code == 0, planned.output
    assert json.loads(planned.stdout)["changes"] == []
    assert f"{len(TOPICS)} unchanged" in run.invoke(app, ["topics", "plan"]).stdout
    registered = run.invoke(app, ["schemas", "register", "--json"])
    assert registered.exit_code == 0, registered.output
    ids = json.loads(registered.stdout)["ids"]
    assert f"{PRODUCT_ORDERS.name}/ProductOrderCreated" in ids
    kept = json.loads((stack_settings.state_path / "registry-ids.json").read_text())
    assert {str(number) for number in ids.values()} <= set(kept)
    assert run.invoke(app, ["schemas", "check", "--registry"]).exit_code == 0
    monkeypatch.setenv("ORDERTRUTH_PARTITIONS", "6")
    for command in ("plan", "apply"):
        refused = run.invoke(app, ["topics", command])
        assert refused.exit_code == 1
        assert f"{PRODUCT_ORDERS.name} has 4 and should have 6" in refused.stderr


def test_the_command_line_says_when_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from compose.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDERTRUTH_STATE_DIR", str(tmp_path / "state"))
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL"):
        monkeypatch.delenv(name, raising=False)
    for words in (["topics", "plan"], ["topics", "apply"], ["schemas", "register"], ["schemas", "check", "--registry"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 3, result.output
        assert "ordertruth up" in result.stderr


def test_the_catalogue_is_listed_without_a_broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from compose.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORDERTRUTH_PARTITIONS", raising=False)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    listed = json.loads(CliRunner().invoke(app, ["topics", "list", "--json"]).stdout)
    assert [t["name"] for t in listed] == [t.name for t in TOPICS]
    assert {t["partitions"] for t in listed} == {4}
    assert PRODUCT_ORDERS.name in CliRunner().invoke(app, ["topics", "list"]).stdout
