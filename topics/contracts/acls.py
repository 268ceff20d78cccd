"""Who may do what on the broker, as grants that follow from the catalogue; what is not granted is denied (R77).

Principals are the owners. The platform's applications run as its own owner, `ordertruth`, so that is who reads for
every consumer the catalogue names. Everybody may know that a topic exists: a client asks that first, and one that is
told nothing never gets as far as the write whose refusal is to be seen (R345).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from topics.catalogue import TOPICS
from topics.principals import EVERYBODY, PLATFORM
from topics.topic import Kind, Topic

VERIFIER_GROUP = "verify"


class Resource(StrEnum):
    """What a grant is about, named as in the options of `kafka-acls.sh`."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"


class Operation(StrEnum):
    """What may be done; reading and writing include describing."""

    READ = "Read"
    WRITE = "Write"
    DESCRIBE = "Describe"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A principal may do one thing to one resource, or with `prefixed` to all whose names begin so."""

    principal: str
    resource: Resource
    operation: Operation
    name: str
    prefixed: bool = False


def principal_of(application: str, owners: Iterable[str]) -> str:
    """Who an application that reads a topic runs as: an owner that is named so itself, else the platform."""
    return application if application in owners else PLATFORM


def grants(topics: Iterable[Topic] = TOPICS) -> tuple[Grant, ...]:
    """Every grant there is, sorted: an owner writes its own topics, readers read theirs under their own groups.

    The platform besides reads its changelogs and dead letters, and transacts for each application with a changelog.
    """
    topics = tuple(topics)
    return tuple(sorted(set(_grants(topics, frozenset(t.owner for t in topics)))))


def _grants(topics: tuple[Topic, ...], owners: frozenset[str]) -> Iterator[Grant]:
    for topic in topics:
        yield Grant(EVERYBODY, Resource.TOPIC, Operation.DESCRIBE, topic.name)
        yield Grant(topic.owner, Resource.TOPIC, Operation.WRITE, topic.name)
        for consumer in topic.consumers:
            reader = principal_of(consumer, owners)
            yield Grant(reader, Resource.TOPIC, Operation.READ, topic.name)
            yield Grant(reader, Resource.GROUP, Operation.READ, consumer)
        if topic.kind in (Kind.CHANGELOG, Kind.DEAD_LETTER):
            yield Grant(topic.owner, Resource.TOPIC, Operation.READ, topic.name)
        if topic.kind is Kind.CHANGELOG:
            yield Grant(topic.owner, Resource.GROUP, Operation.READ, f"restore-{topic.name}")
            yield Grant(
                topic.owner,
                Resource.TRANSACTIONAL_ID,
                Operation.WRITE,
                f"{application_of(topic)}-",
                prefixed=True,
            )
    if PLATFORM in owners:
        yield Grant(PLATFORM, Resource.GROUP, Operation.READ, VERIFIER_GROUP)


def application_of(changelog: Topic) -> str:
    """The application whose store a changelog keeps: `internal.<app>.<store>.changelog.v1`."""
    return changelog.name.split(".")[1]


def acl_script(found: Iterable[Grant], bootstrap: str) -> str:
    """The grants as calls of `kafka-acls.sh`; harmless to repeat. `bootstrap` is where it goes by default."""
    calls: dict[tuple[str, Resource, Operation, bool], list[str]] = {}
    for g in found:
        calls.setdefault((g.principal, g.resource, g.operation, g.prefixed), []).append(g.name)
    lines = [_HEAD.format(bootstrap=bootstrap)]
    principal = ""
    for (who, resource, operation, prefixed), names in calls.items():
        if who != principal:
            lines += ["", "# everybody" if who == EVERYBODY else f"# {who}"]
            principal = who
        pattern = " --resource-pattern-type prefixed" if prefixed else ""
        lines.append(f"allow {_user(who)} --operation {operation.value}{pattern} \\")
        lines += [f"  --{resource.value} {name} \\" for name in names[:-1]]
        lines.append(f"  --{resource.value} {names[-1]}")
    return "\n".join(lines) + "\n"


def _user(name: str) -> str:
    return "'User:*'" if name == EVERYBODY else f"User:{name}"  # the shell would take the star for file names


_HEAD = """\
#!/usr/bin/env bash
# Made by `ordertruth contracts export` from the catalogue; edits are lost.
#
# Each owner may write its own topics, readers may read theirs, everybody may know of a topic, nobody anything else:
# the broker must deny what is not allowed (allow.everyone.if.no.acl.found=false). Creating topics
# (`ordertruth topics apply`) is left to the administrator who runs this.
#
#   BOOTSTRAP_SERVERS=host:port COMMAND_CONFIG=admin.properties KAFKA_ACLS=/opt/kafka/bin/kafka-acls.sh bash acls.sh
set -euo pipefail
: "${{BOOTSTRAP_SERVERS:={bootstrap}}}"
: "${{KAFKA_ACLS:=kafka-acls.sh}}"

allow() {{
  "$KAFKA_ACLS" --bootstrap-server "$BOOTSTRAP_SERVERS" ${{COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"}} \\
    --add --allow-principal "$@"
}}"""
