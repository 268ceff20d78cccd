"""The catalogue as the documents need it: each topic with the records that have a contract, and those that lack one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from avro.aliases import EVENT_ALIASES
from avro.compatibility import HISTORY_DIR, history_of
from avro.contract import contract
from avro.names import full_name, subject
from domain.catalogue import RECORDS, RecordType
from topics.catalogue import TOPICS
from topics.contracts.examples import Example, example_of
from topics.topic import Kind, Topic

_MAJOR = re.compile(r"\.v(\d+)$")


@dataclass(frozen=True, slots=True)
class Agreed:
    """A record with a contract: its committed schema, how often one was released, its example if it has one."""

    record: RecordType
    schema: Mapping[str, Any]
    releases: int
    example: Example | None

    @property
    def name(self) -> str:
        """Simple name of the record."""
        return self.record.name

    @property
    def full_name(self) -> str:
        """Avro full name of the record."""
        return full_name(self.record)

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names foreign systems publish it under."""
        return tuple(alias for alias, name in EVENT_ALIASES.items() if name == self.name)


@dataclass(frozen=True, slots=True)
class TopicContract:
    """A topic and what is agreed about its records; `missing` are records that have no contract yet."""

    topic: Topic
    agreed: tuple[Agreed, ...]
    missing: tuple[str, ...]

    @property
    def version(self) -> str:
        """Major from the topic's name, minor from the number of schemas that were released on it."""
        major = _MAJOR.search(self.topic.name)
        return f"{major[1] if major else 0}.{sum(a.releases for a in self.agreed)}.0"

    @property
    def status(self) -> str:
        """`active` once every record has a released contract, `draft` until then."""
        whole = bool(self.agreed) and not self.missing and all(a.releases for a in self.agreed)
        return "active" if whole else "draft"

    @property
    def is_interface(self) -> bool:
        """Whether other teams may build on it: owners' facts and derived records, not the platform's insides."""
        return self.topic.kind in (Kind.OWNER, Kind.DERIVED)

    def subject(self, agreed: Agreed) -> str:
        """Registry subject of a record on this topic."""
        return subject(self.topic.name, agreed.full_name)


def topic_contracts(
    topics: Iterable[Topic] = TOPICS, records: Iterable[RecordType] = RECORDS
) -> tuple[TopicContract, ...]:
    """Every topic with what is agreed about it, in the order of the catalogue.

    Raises `ContractError` for a record without a committed schema or with an unreadable example, `IntegrityError`
    for a history with holes.
    """
    by_aggregate: dict[tuple[str, str | None], list[RecordType]] = {}
    for record in records:
        by_aggregate.setdefault((record.owner, record.aggregate), []).append(record)
    return tuple(_contract_of(t, by_aggregate.get((t.owner, t.aggregate), [])) for t in topics)


def _contract_of(topic: Topic, records: Iterable[RecordType]) -> TopicContract:
    by_name = {r.name: r for r in records}
    agreed = tuple(_agreed(by_name[name]) for name in topic.records if name in by_name)
    return TopicContract(topic, agreed, tuple(name for name in topic.records if name not in by_name))


def _agreed(record: RecordType) -> Agreed:
    return Agreed(record, contract(record.name).schema, len(history_of(record, HISTORY_DIR)), example_of(record))
