"""A secure stack: Kafka itself lets each owner write its own topics and no other, and what it refuses is a fact.

One stack for all tests, which stand on each other in the order they are written.
"""

from __future__ import annotations

import stat
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import psycopg
import pytest
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from avro.codec import HEADER, decode_body, writer_schema
from avro.contract import contract
from avro.registry import Registry
from compose.demo.run import Demonstration
from compose.settings import Settings, StackSettings
from compose.simulate.direct import Record
from compose.simulate.publish import Owners, Run
from compose.stack.endpoints import ADMIN, BROKER_OBSERVER
from compose.stack.folder import StateFolder
from compose.stack.kafka_access import secure_kafka
from compose.stack.lifecycle import running_stack
from compose.verify.raw import read_all
from compose.workers import SERVICES, ServiceThreads
from tests.conftest import EMBEDDED
from tests.stack.processes import until
from topics.access import Change
from topics.admin import admin_client
from topics.catalogue import GOVERNANCE_RECORDS, ORDER_STATE, OWNER_TOPICS, PRODUCT_ORDERS, TOPICS, topic_named
from topics.refusals import RefusalWatch
from topics.relay import Relay
from topics.store import AggregateStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack

OWNERS = sorted({topic.owner for topic in TOPICS})
REFUSED = "UnauthorizedMutationAttempted"
SOON_S = 10.0


class Secure(NamedTuple):
    """The stack, and the settings it was started with."""

    endpoints: Endpoints
    settings: Settings

    @property
    def denials(self) -> str:
        return Path(self.endpoints.denials).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def secure(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> Iterator[Secure]:
    settings = Settings(
        state_dir=new_state_dir(),
        cache_dir=jar_cache_dir,
        stack=StackSettings(secure=True),
        _env_file=None,
        **EMBEDDED,
    )
    with running_stack(settings) as endpoints:
        yield Secure(endpoints, settings)


def write(config: dict[str, str], *topics: str) -> dict[str, str | None]:
    """What becomes of a record for each topic: None, or the broker's reason."""
    found: dict[str, str | None] = {}

    def told(topic: str, error: KafkaError | None, _: Message) -> None:
        found[topic] = None if error is None else error.name()

    producer = Producer({**config, "message.timeout.ms": 15_000, "log_level": 0})
    for topic in topics:
        producer.produce(topic, b"by hand", on_delivery=partial(told, topic))
    assert producer.flush(20) == 0
    return found


def write_straight(endpoints: Endpoints) -> None:
    """As the direct generator does, a record for every owner's topic."""
    owners = Owners(endpoints)
    for topic in OWNER_TOPICS:
        owners.produce(Record(topic.name, b"acme:by-hand", b"", []))
    owners.finish()


def attempts_published(endpoints: Endpoints) -> list[dict[str, Any]]:
    """The facts about refused attempts on the topic."""
    schema = writer_schema(contract(REFUSED).text)
    return [
        decode_body(raw.value[HEADER.size :], schema)
        for raw in read_all(endpoints.kafka_config(), GOVERNANCE_RECORDS.name)
        if raw.value is not None and raw.key is not None and raw.key.startswith(b"ordertruth:refused-")
    ]


@pytest.mark.full
def test_the_demonstration_runs_without_a_refusal(secure: Secure) -> None:
    """Every application it starts has the rights it needs: groups, transactions, changelogs, derived topics."""
    summary = Demonstration(secure.settings, secure.endpoints, orders=4, seed=1).run()
    assert summary.report.mismatches == []
    assert summary.report.orders > 0
    assert secure.denials == ""


def test_owners_publish_through_the_relay_and_straight_without_a_refusal(secure: Secure) -> None:
    published = Run(secure.settings, secure.endpoints, orders=12, seed=5, profile="none", rate=0).through_store()
    owners = {topic_named(name).owner for name in published.published_by_topic}
    assert owners > {"crm", "catalog", "cpq", "oms", "fulfillment", "inventory", "billing", "evidence", "governance"}
    write_straight(secure.endpoints)
    kept = [raw.key for raw in read_all(secure.endpoints.kafka_config(), PRODUCT_ORDERS.name)]
    assert sum((key or b"").startswith(b"sim-5:") for key in kept) == published.published_by_topic[PRODUCT_ORDERS.name]
    assert kept.count(b"acme:by-hand") == 1
    assert secure.denials == ""


def test_who_is_not_known_is_not_let_in(secure: Secure) -> None:
    known = secure.endpoints.kafka_config()
    for config in (
        {"bootstrap.servers": known["bootstrap.servers"]},
        {**known, "sasl.password": "guessed"},
        {**known, "sasl.username": "mallory"},
    ):
        with pytest.raises(KafkaException):
            Producer({**config, "log_level": 0}).list_topics(timeout=1)


def test_a_refused_write_is_a_fact_within_ten_seconds(secure: Secure) -> None:
    """R324, R345: crm writes an order; relay and observer run as a worker runs them."""
    with Registry(secure.endpoints.registry_url) as registry, ExitStack() as cleanup:
        kafka, users = secure.endpoints.kafka_config(), secure.endpoints.identities()
        relay = Relay(secure.endpoints.database_url, kafka, registry, identities=users)
        cleanup.callback(relay.close)
        observer = SERVICES[BROKER_OBSERVER](secure.endpoints, secure.settings)
        services = ServiceThreads({"relay": relay.run, BROKER_OBSERVER: observer.run})
        services.start()
        cleanup.callback(services.stop)
        crm = secure.endpoints.kafka_config("crm")
        began = datetime.now(UTC)
        assert write(crm, PRODUCT_ORDERS.name) == {PRODUCT_ORDERS.name: "TOPIC_AUTHORIZATION_FAILED"}
        refused_at = time.monotonic()
        assert until(lambda: bool(attempts_published(secure.endpoints)), SOON_S)
        assert time.monotonic() - refused_at < SOON_S
        (fact,) = attempts_published(secure.endpoints)
        assert (fact["principal"], fact["operation"]) == ("User:crm", "WRITE")
        assert (fact["resourceType"], fact["resource"]) == ("TOPIC", PRODUCT_ORDERS.name)
        assert (fact["host"], fact["attempts"], fact["deniedBy"]) == ("127.0.0.1", 1, "kafka-authorizer")
        assert abs(fact["observedAt"] - began) < timedelta(seconds=SOON_S)
        assert observer.watched.ready().holds
    assert services.failure is None


def test_each_owner_writes_its_own_topics_and_no_other(secure: Secure) -> None:
    """R77, R320, R324, R325, R331: every pair of a principal and an owner's topic, tried."""
    names = [topic.name for topic in OWNER_TOPICS]
    found = {
        (owner, topic): reason
        for owner in OWNERS
        for topic, reason in write(secure.endpoints.kafka_config(owner), *names).items()
    }
    owner_of = {topic.name: topic.owner for topic in OWNER_TOPICS}
    assert len(found) == len(OWNERS) * len(OWNER_TOPICS)
    for (owner, topic), reason in found.items():
        assert reason == (None if owner == owner_of[topic] else "TOPIC_AUTHORIZATION_FAILED"), (owner, topic)


def test_every_refusal_is_recorded_and_reading_again_records_none_twice(secure: Secure) -> None:
    later = datetime.now(UTC) + timedelta(minutes=2)
    with psycopg.connect(secure.endpoints.database_url) as connection:
        store = AggregateStore(connection)
        watches = [RefusalWatch(Path(secure.endpoints.denials), secure.endpoints.database_url) for _ in range(2)]
        for watch in watches:
            watch._step(store, later)
            watch._tail.close()
    first, second = watches
    refused = sum(topic.owner != owner for owner in OWNERS for topic in OWNER_TOPICS)
    # the refusal of the test before is known already, and these are all there are beside it
    assert first.attempts == refused
    assert (second.recorded, second.attempts) == (0, 0)


def test_the_platforms_own_topics_are_as_closed(secure: Secure) -> None:
    assert write(secure.endpoints.kafka_config("oms"), ORDER_STATE.name) == {
        ORDER_STATE.name: "TOPIC_AUTHORIZATION_FAILED"
    }
    answers = admin_client(secure.endpoints.kafka_config("oms")).delete_topics([PRODUCT_ORDERS.name])
    with pytest.raises(KafkaException, match="authorization"):
        answers[PRODUCT_ORDERS.name].result(10)
    assert "Principal = User:oms is Denied operation = DELETE" in secure.denials


def test_a_grant_nobody_gave_is_taken_back(secure: Secure) -> None:
    assert secure_kafka(secure.endpoints) == Change(given=0, taken=0)
    admin = admin_client(secure.endpoints.kafka_config(ADMIN))
    rogue = AclBinding(
        ResourceType.TOPIC,
        PRODUCT_ORDERS.name,
        ResourcePatternType.LITERAL,
        "User:crm",
        "*",
        AclOperation.WRITE,
        AclPermissionType.ALLOW,
    )
    admin.create_acls([rogue])[rogue].result(10)
    crm = secure.endpoints.kafka_config("crm")
    assert until(lambda: write(crm, PRODUCT_ORDERS.name) == {PRODUCT_ORDERS.name: None})
    assert secure_kafka(secure.endpoints) == Change(given=0, taken=1)
    assert until(lambda: write(crm, PRODUCT_ORDERS.name) == {PRODUCT_ORDERS.name: "TOPIC_AUTHORIZATION_FAILED"})


def test_passwords_are_in_private_files_and_nowhere_else(secure: Secure) -> None:
    folder = StateFolder(secure.settings.state_path)
    passwords = [password.get_secret_value() for password in secure.endpoints.kafka_users.values()]
    assert len(set(passwords)) == len(OWNERS) + 1
    assert not any(password in f"{secure.endpoints!r} {secure.settings!r}" for password in passwords)
    holders = set()
    kafka = [path for path in folder.part("kafka").iterdir() if path.is_file()]
    for path in [*(p for p in folder.path.iterdir() if p.is_file()), *kafka, *folder.logs.iterdir()]:
        text = path.read_text(errors="replace")
        if any(password in text for password in passwords):
            holders.add(path.name)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert holders == {"secrets.json", "stack.json", "server.properties"}
    assert stat.S_IMODE(folder.part("kafka").stat().st_mode) == 0o700
    commands = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    assert not any(password in command for command in commands for password in passwords)
