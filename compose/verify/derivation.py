"""One stream application checked from its topics alone: what it read, what it published, how it counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from avro.codec import SchemaForId, decode
from compose.verify import accounting
from compose.verify.accounting import Balance
from compose.verify.compare import Mismatch, compare
from compose.verify.expected import Expected, fold
from compose.verify.raw import Raw, read_all
from domain.order_state.build import canonical
from domain.order_state.policy import REFERENCE_V1, HeaderPolicy
from streams.engine.position import Position
from topics.catalogue import ORDER_STATE, ORDER_STATE_CHANGELOG, PRODUCT_ORDERS, dead_letters_of

Records = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Derivation:
    """Where an application reads and writes, and under which name; its consumer group is called the same."""

    consumer: str
    source: str
    derived: str
    changelog: str
    dead_letters: str


def order_state() -> Derivation:
    """The order-state application on the catalogue's topics."""
    dead_letters = dead_letters_of(PRODUCT_ORDERS.name).name
    return Derivation("order-state", PRODUCT_ORDERS.name, ORDER_STATE.name, ORDER_STATE_CHANGELOG.name, dead_letters)


@dataclass(slots=True)
class Checked:
    """What the topics came to: the expected and the derived records, and every disagreement."""

    expected: Expected
    derived: Records
    positions: dict[int, Position]
    dead_letters: int
    balance: Balance
    mismatches: list[Mismatch]


def check(
    kafka_config: Mapping[str, str],
    schema_for_id: SchemaForId,
    derivation: Derivation,
    *,
    policy: HeaderPolicy = REFERENCE_V1,
    omit_event: str | None = None,
) -> Checked:
    """Recompute and compare, in this order:

    1. fold the raw events afresh;
    2. compare the newest record of each order on the derived topic, field by field;
    3. check that every cited input lies where it is said to lie;
    4. check the application's own count against the records that are there: each read once, each come to what the
       fold made of it, each unreadable one dead-lettered once.

    The application must have read everything. Raises `UnavailableError` when the broker or the registry is away.
    """
    expected = fold(read_all(kafka_config, derivation.source), schema_for_id, policy, omit_event=omit_event)
    derived = newest(read_all(kafka_config, derivation.derived), schema_for_id)
    positions = accounting.positions(read_all(kafka_config, derivation.changelog))
    letters = accounting.dead_letters(read_all(kafka_config, derivation.dead_letters), derivation.consumer)
    copies = list(compare("derived topic", expected.records, canonical_records(derived)))
    balance = accounting.balance(derivation.source, positions, letters, expected)
    return Checked(
        expected,
        derived,
        positions,
        letters.total(),
        balance._replace(lost=balance.lost + behind(copies)),
        [
            *copies,
            *_citations(derived, expected),
            *accounting.check(derivation.source, positions, letters, expected),
        ],
    )


def newest(raw: Iterator[Raw], schema_for_id: SchemaForId) -> Records:
    """The newest record of each key of a compacted topic."""
    records: Records = {}
    for record in raw:
        key = (record.key or b"").decode()
        if record.value is None:
            records.pop(key, None)
        else:
            records[key] = decode(record.value, schema_for_id).data
    return records


def canonical_records(records: Mapping[str, dict[str, Any]]) -> Records:
    """The records without what may differ from one calculation to the next."""
    return {key: canonical(record) for key, record in records.items()}


def behind(mismatches: list[Mismatch]) -> int:
    """How many orders a copy lacks or holds at an older version than it ought to; each copy counts."""
    return len({(m.where, m.key) for m in mismatches if _is_behind(m)})


def _is_behind(mismatch: Mismatch) -> bool:
    if mismatch.field == "(record)":
        return mismatch.actual is None
    if mismatch.field == "versionGaps":
        return len(mismatch.actual or ()) > len(mismatch.expected or ())
    if mismatch.field != "version":
        return False
    return mismatch.actual is None or mismatch.expected is None or bool(mismatch.actual < mismatch.expected)


def _citations(derived: Records, expected: Expected) -> Iterator[Mismatch]:
    """Each input of each record must be the event that lies at the place it names."""
    for key, record in derived.items():
        for reference in record["derivation"]["inputs"]:
            place = (reference["partition"], reference["offset"])
            if expected.event_at.get(place) != reference["eventId"]:
                where = f"inputs.{reference['eventType']}"
                yield Mismatch("derived topic", key, where, expected.event_at.get(place), reference["eventId"])
