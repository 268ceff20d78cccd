"""The ACLs: what the script asks of `kafka-acls.sh`, and that it grants what the catalogue says and nothing else."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from itertools import product
from typing import TYPE_CHECKING

import pytest

from compose.workers import STREAM_APPS
from sinks.clickhouse.sink import ClickHouseSink
from sinks.postgres.sink import PostgresSink
from topics.catalogue import CHANGELOGS, DEAD_LETTERS, ORDER_STATE_CHANGELOG, TOPICS, Kind
from topics.contracts.acls import Grant, Operation, Resource, acl_script, application_of, grants, principal_of
from topics.contracts.index import ACLS_FILE
from topics.principals import EVERYBODY, PLATFORM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OWNERS = sorted({t.owner for t in TOPICS})
RECORDER = """#!{python}
import json, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
"""


def _asked(script: str, folder: Path, **environment: str) -> list[list[str]]:
    """The arguments `kafka-acls.sh` is called with when the script runs."""
    log, stand_in, file = folder / "calls", folder / "kafka-acls.sh", folder / ACLS_FILE
    log.write_text("")
    stand_in.write_text(RECORDER.format(python=sys.executable, log=str(log)))
    stand_in.chmod(0o755)
    file.write_text(script)
    env = {"PATH": os.environ["PATH"], "KAFKA_ACLS": str(stand_in), **environment}
    done = subprocess.run(["bash", file], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in log.read_text().splitlines()]


def _granted(calls: list[list[str]]) -> set[Grant]:
    """What the calls grant, read by the options `kafka-acls.sh` has."""
    options = argparse.ArgumentParser(exit_on_error=False)
    options.add_argument("--bootstrap-server", required=True)
    options.add_argument("--command-config")
    options.add_argument("--add", action="store_true", required=True)
    options.add_argument("--allow-principal", required=True)
    options.add_argument("--operation", action="append", choices=[o.value for o in Operation], required=True)
    options.add_argument("--resource-pattern-type", choices=["literal", "prefixed"], default="literal")
    for resource in Resource:
        options.add_argument(f"--{resource.value}", action="append", default=[], dest=resource.name)
    found = set()
    for call in calls:
        chosen = options.parse_args(call)
        kind, _, principal = chosen.allow_principal.partition(":")
        assert kind == "User"
        for resource, operation in product(Resource, chosen.operation):
            for name in getattr(chosen, resource.name):
                prefixed = chosen.resource_pattern_type == "prefixed"
                found.add(Grant(principal, resource, Operation(operation), name, prefixed))
    return found


def test_the_script_grants_what_was_derived_and_nothing_else(made: Mapping[str, str], tmp_path: Path) -> None:
    assert _granted(_asked(made[ACLS_FILE], tmp_path)) == set(grants())


def test_the_script_goes_where_it_is_told_to(tmp_path: Path) -> None:
    script = acl_script(grants(), "localhost:9092")
    assert all(call[:2] == ["--bootstrap-server", "localhost:9092"] for call in _asked(script, tmp_path))
    calls = _asked(script, tmp_path, BOOTSTRAP_SERVERS="broker:9093", COMMAND_CONFIG="admin and more.properties")
    for call in calls:
        assert call[:4] == ["--bootstrap-server", "broker:9093", "--command-config", "admin and more.properties"]


def test_a_failing_call_ends_the_script(tmp_path: Path) -> None:
    file = tmp_path / ACLS_FILE
    file.write_text(acl_script(grants(), "localhost:9092"))
    env = {"PATH": os.environ["PATH"], "KAFKA_ACLS": "false"}
    assert subprocess.run(["bash", file], env=env, timeout=60, check=False).returncode == 1


@pytest.mark.parametrize("principal", OWNERS)
def test_each_owner_writes_its_own_topics_and_no_other(principal: str) -> None:
    may = {g.name for g in grants() if g.principal == principal and (g.resource, g.operation) == TOPIC_WRITE}
    assert may == {t.name for t in TOPICS if t.owner == principal}
    assert not any(g.prefixed for g in grants() if g.resource is Resource.TOPIC), "a prefix would reach further"


TOPIC_WRITE = (Resource.TOPIC, Operation.WRITE)
TOPIC_READ = (Resource.TOPIC, Operation.READ)


def test_every_consumer_may_read_its_topics_under_its_own_group() -> None:
    found = set(grants())
    for topic in TOPICS:
        for consumer in topic.consumers:
            principal = principal_of(consumer, OWNERS)
            assert Grant(principal, *TOPIC_READ, topic.name) in found
            assert Grant(principal, Resource.GROUP, Operation.READ, consumer) in found


def test_nobody_reads_what_no_application_of_theirs_consumes() -> None:
    for grant in grants():
        if (grant.resource, grant.operation) != TOPIC_READ:
            continue
        topic = next(t for t in TOPICS if t.name == grant.name)
        readers = {principal_of(c, OWNERS) for c in topic.consumers}
        own = topic.kind in (Kind.CHANGELOG, Kind.DEAD_LETTER)
        assert grant.principal in readers or (own and grant.principal == topic.owner)


def test_everybody_may_know_of_a_topic_and_do_nothing_else() -> None:
    """Or a client would stop before the write that is to be refused, and the attempt would leave no trace (R345)."""
    found = {g for g in grants() if g.principal == EVERYBODY}
    assert found == {Grant(EVERYBODY, Resource.TOPIC, Operation.DESCRIBE, t.name) for t in TOPICS}
    assert not any(g.operation is Operation.DESCRIBE for g in grants() if g.principal != EVERYBODY)


def test_an_owner_that_consumes_reads_for_itself() -> None:
    assert principal_of("billing", OWNERS) == "billing"
    assert principal_of("order-state", OWNERS) == PLATFORM


def test_the_platform_may_do_what_its_applications_do() -> None:
    """By the names they really use: groups, transactional ids, changelogs, dead letters."""
    mine = [g for g in grants() if g.principal == PLATFORM]

    def may(resource: Resource, operation: Operation, name: str) -> bool:
        return any(
            (g.resource, g.operation) == (resource, operation)
            and (name.startswith(g.name) if g.prefixed else name == g.name)
            for g in mine
        )

    sinks = [f"sink-{sink.name}" for sink in (PostgresSink, ClickHouseSink)]
    for group in (*STREAM_APPS, *sinks, f"restore-{ORDER_STATE_CHANGELOG.name}"):
        assert may(Resource.GROUP, Operation.READ, group), group
    for changelog in CHANGELOGS:
        assert may(Resource.TRANSACTIONAL_ID, Operation.WRITE, f"{application_of(changelog)}-0")
        assert may(*TOPIC_READ, changelog.name)
        assert may(*TOPIC_WRITE, changelog.name)
    for letters in DEAD_LETTERS.values():
        assert may(*TOPIC_READ, letters.name)
        assert may(*TOPIC_WRITE, letters.name)
    assert not may(Resource.TRANSACTIONAL_ID, Operation.WRITE, "somebody-else-0")
