"""What the catalogue says about one topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from avro.names import full_name, subject
from domain.catalogue import RECORDS
from domain.model import Classification

KIB = 1024
MIB = 1024 * KIB
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
FOR_EVER = -1

VALUE_BYTES_MAX = MIB
"""Largest record an owner may publish."""


class Kind(StrEnum):
    """What a topic is for."""

    OWNER = "owner"
    DERIVED = "derived"
    INTERNAL = "internal"
    CHANGELOG = "changelog"
    DEAD_LETTER = "dead-letter"


class Cleanup(StrEnum):
    """What the broker does with old records."""

    DELETE = "delete"
    COMPACT = "compact"


class Partitioning(StrEnum):
    """How the number of partitions is found.

    KEYED topics are joined and therefore all have the same number, which may never change: the place of a key
    would. SINGLE ones have one.
    """

    KEYED = "keyed"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the catalogue.

    `owner` is the only principal that may write to it, `key` what its record keys mean, `records` the names of
    the record types it carries (past-tense events on an owner topic), `classification` that of its most sensitive
    field, `consumers` the applications that read it. `max_bytes` is the largest record batch in bytes.
    """

    name: str
    kind: Kind
    owner: str
    key: str
    description: str
    classification: Classification
    aggregate: str | None = None
    records: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    partitioning: Partitioning = Partitioning.KEYED
    cleanup: Cleanup = Cleanup.DELETE
    max_bytes: int = VALUE_BYTES_MAX
    extra_config: Mapping[str, str] = field(default_factory=dict)

    @property
    def events(self) -> tuple[str, ...]:
        """The facts it carries, when it is an owner's topic."""
        return self.records if self.kind is Kind.OWNER else ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """Registry subjects of the records on it that have a contract already."""
        return tuple(
            subject(self.name, full_name(r))
            for r in RECORDS
            if r.owner == self.owner and r.aggregate == self.aggregate and r.name in self.records
        )

    def partitions(self, keyed: int) -> int:
        """Number of partitions, where `keyed` is that of all keyed topics."""
        return keyed if self.partitioning is Partitioning.KEYED else 1

    def config(self) -> dict[str, str]:
        """The broker's settings of the topic, every one that matters said outright."""
        config = {
            "cleanup.policy": self.cleanup.value,
            # The broker's own time: a simulated or old `ce_time` must neither be refused nor expire anything.
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_bytes),
            "compression.type": "producer",
        }
        if self.cleanup is Cleanup.DELETE:
            config["retention.ms"] = str(FOR_EVER)
            config["retention.bytes"] = str(FOR_EVER)
        else:
            config["delete.retention.ms"] = str(7 * DAY_MS)
        return {**config, **self.extra_config}
