"""What would have to change on a broker for it to match the catalogue. Pure: nothing here talks to the broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import ContractError
from topics.topic import Topic


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """A setting in force; `explicit` when it was set on the topic itself rather than inherited."""

    value: str
    explicit: bool


@dataclass(frozen=True, slots=True)
class ActualTopic:
    """A topic as the broker has it."""

    name: str
    partitions: int
    config: Mapping[str, ConfigValue]


class Verb(StrEnum):
    """What a change does."""

    CREATE = "create"
    SET = "set"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: on which topic, what it does to which setting, what is there and what is wanted."""

    topic: str
    verb: Verb
    setting: str
    have: str | None
    want: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every difference between catalogue and broker.

    `create` lists topics that are missing, `alter` maps topics to the settings to change, `refused` the differences
    in partition counts, `unknown` topics of others, which are left alone. Nothing is ever deleted.
    """

    partitions: int
    create: tuple[Topic, ...]
    alter: Mapping[str, Mapping[str, str]]
    changes: tuple[Change, ...]
    unknown: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def refused(self) -> tuple[Change, ...]:
        """The differences that may not be mended by changing the topic."""
        return tuple(c for c in self.changes if c.verb is Verb.REFUSE)

    @property
    def empty(self) -> bool:
        """Whether the broker matches the catalogue."""
        return not self.changes

    def require_applicable(self) -> None:
        """Raise `ContractError` naming each topic whose partition count would have to change."""
        if not self.refused:
            return
        each = "; ".join(f"{c.topic} has {c.have} and should have {c.want}" for c in self.refused)
        message = f"The number of partitions never changes, because keys would move: {each}."
        remediation = (
            f"Set ORDERTRUTH_PARTITIONS={self.refused[0].have} to go on with what is there, or create a topic of a new "
            "version with the wanted number and republish into it."
        )
        raise ContractError(message, remediation=remediation)


def make_plan(catalogue: Iterable[Topic], actual: Mapping[str, ActualTopic], partitions: int) -> Plan:
    """Compare the catalogue with what a broker has; `partitions` is the number keyed topics should have.

    A setting counts as right only when it was set on the topic: an inherited value could change with the broker's.
    """
    create: list[Topic] = []
    alter: dict[str, dict[str, str]] = {}
    changes: list[Change] = []
    unchanged: list[str] = []
    names = set()
    for topic in catalogue:
        names.add(topic.name)
        have = actual.get(topic.name)
        if have is None:
            create.append(topic)
            changes.append(Change(topic.name, Verb.CREATE, "partitions", None, str(topic.partitions(partitions))))
            continue
        found = [*_partition_changes(topic, have, partitions), *_config_changes(topic, have)]
        settings = {c.setting: c.want for c in found if c.verb is Verb.SET}
        if settings:
            alter[topic.name] = settings
        changes.extend(found)
        if not found:
            unchanged.append(topic.name)
    # Names with two leading underscores are the broker's own.
    unknown = sorted(n for n in actual if n not in names and not n.startswith("__"))
    return Plan(partitions, tuple(create), alter, tuple(changes), tuple(unknown), tuple(unchanged))


def _partition_changes(topic: Topic, have: ActualTopic, partitions: int) -> list[Change]:
    want = topic.partitions(partitions)
    if have.partitions == want:
        return []
    return [Change(topic.name, Verb.REFUSE, "partitions", str(have.partitions), str(want))]


def _config_changes(topic: Topic, have: ActualTopic) -> list[Change]:
    changes = []
    for setting, want in topic.config().items():
        current = have.config.get(setting)
        if current is None or current.value != want or not current.explicit:
            shown = None if current is None else current.value if current.explicit else f"{current.value} (inherited)"
            changes.append(Change(topic.name, Verb.SET, setting, shown, want))
    return changes
