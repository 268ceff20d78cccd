"""What a consumer may rely on, by kind of topic (R76, R80, R89, R93, R107, R226)."""

from __future__ import annotations

from dataclasses import dataclass

from topics.topic import DAY_MS, Cleanup, Kind, Topic


@dataclass(frozen=True, slots=True)
class Guarantees:
    """Promises in a sentence or two each; `delivery_term` and `retention_term` say the same in a word."""

    delivery: str
    ordering: str
    duplicates: str
    tombstones: str
    retention: str
    replay: str
    authority: str
    delivery_term: str
    retention_term: str

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Each promise under what it is about, in the order in which a consumer asks."""
        return (
            ("authority", self.authority),
            ("delivery", self.delivery),
            ("order", self.ordering),
            ("repetitions", self.duplicates),
            ("tombstones", self.tombstones),
            ("retention", self.retention),
        )


def guarantees_of(topic: Topic) -> Guarantees:
    """The guarantees of one topic of the catalogue."""
    facts = topic.kind is Kind.OWNER
    return Guarantees(
        delivery=_FACT_DELIVERY if facts else _DERIVED_DELIVERY,
        ordering=_FACT_ORDER if facts else _DERIVED_ORDER,
        duplicates=_FACT_DUPLICATES if facts else _DERIVED_DUPLICATES,
        tombstones=_FACT_TOMBSTONES if facts else _DERIVED_TOMBSTONES,
        retention=_retention(topic),
        replay=_FACT_REPLAY if topic.cleanup is Cleanup.DELETE else _DERIVED_REPLAY,
        authority=f"{topic.owner} decides; what is on this topic happened." if facts else _DERIVED_AUTHORITY,
        delivery_term="at least once" if facts else "exactly once, read committed",
        retention_term="unlimited" if topic.cleanup is Cleanup.DELETE else "newest of each key",
    )


def _retention(topic: Topic) -> str:
    if topic.cleanup is Cleanup.DELETE:
        return "Everything is kept for ever (`retention.ms=-1`); old times in an event delete nothing."
    days = int(topic.config()["delete.retention.ms"]) // DAY_MS
    return f"Compacted: the newest record of each key is kept, a tombstone for at least {days} days."


_FACT_DELIVERY = (
    "At least once. An event waits in its owner's outbox until Kafka has it, so none is lost; it may come again, with "
    "the same `ce_id` and the same content."
)
_FACT_ORDER = (
    "The events of one key are first published in the order of `ce_aggregateversion`, which counts from 1 without a "
    "hole. Between keys nothing is promised."
)
_FACT_DUPLICATES = (
    "Remember the highest `ce_aggregateversion` applied for each key. One that is not higher is a repetition: skip it. "
    "One that leaves a hole is early: keep it aside until the versions in between have come."
)
_FACT_TOMBSTONES = (
    "None are published. What was wrong is put right by a further event, whose `ce_corrects` names the first."
)
_FACT_REPLAY = (
    "Read from the beginning, under a consumer group of your own or with positions of your own: everything is there. "
    "Effects outside Kafka must recognise what they have done before."
)
_DERIVED_DELIVERY = (
    "Exactly once in effect, for readers with `isolation.level=read_committed`: outputs and input positions are one "
    "Kafka transaction. Any other reader also sees what was taken back."
)
_DERIVED_ORDER = "Of one key the record with the higher offset is the newer. Between keys nothing is promised."
_DERIVED_DUPLICATES = (
    "Each record is the whole state of its key: write it over the one before. Repeating that changes nothing."
)
_DERIVED_TOMBSTONES = "A null value means that the key is gone: delete what you hold of it."
_DERIVED_REPLAY = (
    "Read from the beginning to get the newest record of each key. Earlier ones are compacted away; their history is "
    "on the owner topics they were derived from."
)
_DERIVED_AUTHORITY = "It informs and decides nothing; `derivation` names what it rests on and whom to ask instead."
