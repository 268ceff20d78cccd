"""What the order states ought to be: the raw events folded again by the rules alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]  # it has no stubs

from avro.aliases import canonical_event
from avro.codec import SchemaForId, decode
from avro.essentials import essentials
from compose.verify.raw import Raw
from domain.errors import RecordError
from domain.order_state.build import build, canonical
from domain.order_state.facts import OrderFacts, Outcome
from domain.order_state.policy import HeaderPolicy
from streams.order_state import as_fact, content_hash

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Expected:
    """The fold of a topic: canonical records by order id, and what was read to get there.

    `outcomes` is what each partition's records came to, read in the order of their offsets.
    """

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    read: Counter[int] = field(default_factory=Counter)
    unreadable: set[tuple[int, int]] = field(default_factory=set)
    event_at: dict[tuple[int, int], str] = field(default_factory=dict)
    outcomes: dict[int, Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    omitted: int = 0


def fold(
    raw: Iterable[Raw], schema_for_id: SchemaForId, policy: HeaderPolicy, *, omit_event: str | None = None
) -> Expected:
    """Fold every record; one whose `ce_id` is `omit_event` is left out, as if it had never been published.

    Records that cannot be read or applied are expected among the dead letters.
    """
    expected = Expected()
    orders: dict[str, OrderFacts] = {}
    for record in raw:
        expected.read[record.partition] += 1
        place = (record.partition, record.offset)
        try:
            fact = _fact(record, schema_for_id)
        except (RecordError, LookupError, TypeError, ValueError, AttributeError):
            # the others are what a schema of somebody else's making can lead to
            expected.unreadable.add(place)
            continue
        expected.event_at[place] = fact.event_id
        if fact.event_id == omit_event:
            expected.omitted += 1
            continue
        outcome = orders.setdefault(str(fact.payload["orderId"]), OrderFacts()).apply(fact)
        expected.outcomes[record.partition][outcome] += 1
    for order_id, facts in orders.items():
        expected.records[order_id] = canonical(build(order_id, facts, policy, _ANY_TIME))
    return expected


@lru_cache(maxsize=100_000)
def belongs(key: bytes, partitions: int) -> int:
    """The partition of a key, by another implementation of the hash than the engine's."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


def _fact(record: Raw, schema_for_id: SchemaForId) -> Any:
    if not record.key or not record.value:
        raise RecordError("NO_KEY_OR_VALUE", "The record has no key or no value.", stage="decode")
    if record.partitions > 1 and belongs(record.key, record.partitions) != record.partition:
        raise RecordError("WRONG_PARTITION", "Another hash put it there.", stage="apply")
    decoded = decode(record.value, schema_for_id)
    kind = canonical_event(decoded.record.rpartition(".")[2]).value
    if not kind.startswith("ProductOrder"):
        raise RecordError("WRONG_RECORD", f"{decoded.record} is no event of a product order.", stage="apply")
    envelope = essentials(record.headers)
    return as_fact(
        kind,
        record.key,
        envelope,
        decoded.data,
        content_hash(record.value, envelope.event_id),
        record.topic,
        record.partition,
        record.offset,
    )
