"""The whole check over a running platform (R229, R582)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from avro.codec import decode
from avro.registry import Registry
from compose.stack.endpoints import Endpoints
from compose.verify import accounting
from compose.verify.compare import Mismatch, compare
from compose.verify.expected import Expected, fold
from compose.verify.raw import Raw, read_all
from domain.errors import UnavailableError
from domain.order_state.build import canonical
from domain.order_state.policy import REFERENCE_V1
from sinks.clickhouse.connection import connect
from sinks.clickhouse.reader import read_order_states as read_analytics
from sinks.clickhouse.sink import ClickHouseSink
from sinks.kafka_topic import TopicDirectory
from sinks.postgres.reader import read_order_states as read_model
from sinks.postgres.sink import PostgresSink
from topics.catalogue import ORDER_STATE, ORDER_STATE_CHANGELOG, PRODUCT_ORDERS, dead_letters_of

POLL_SECONDS = 0.2
CONSUMER = "order-state"

Records = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Report:
    """What the check found; `mismatches` is empty when every copy equals the fold of the raw events."""

    mismatches: list[Mismatch]
    events: int
    orders: int
    derived: int
    read_model: int
    analytics: int | None
    dead_letters: int
    accounting: dict[str, Any]
    seconds: float
    omitted: int = 0
    notes: list[str] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "mismatches": len(self.mismatches),
            "details": [m._asdict() for m in self.mismatches[:100]],
            "events": self.events,
            "orders": self.orders,
            "derived": {"order_state": self.derived},
            "read_model": {"order_state": self.read_model},
            "analytics": {"order_state": self.analytics},
            "dead_letters": self.dead_letters,
            "accounting": self.accounting,
            "omitted": self.omitted,
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


def verify(endpoints: Endpoints, *, settle_seconds: float = 60.0, omit_event: str | None = None) -> Report:
    """Recompute and compare, in this order:

    1. wait until everything published has been derived and has arrived in the copies;
    2. fold the raw events afresh, with a consumer, a registry client and rules of its own;
    3. compare the newest record of each order on the derived topic, in PostgreSQL and in ClickHouse, field by field;
    4. check that every cited input lies where it is said to lie;
    5. check the accounting equation against the records that are there.

    ClickHouse being away is a note, not a mismatch: it is no authority. Raises `UnavailableError` when another part
    is away or the platform does not come to rest within `settle_seconds`.
    """
    began = time.monotonic()
    kafka = endpoints.kafka_config()
    notes: list[str] = []
    _await_rest(endpoints, settle_seconds, notes)
    with Registry(endpoints.registry_url) as registry:
        expected = fold(
            read_all(kafka, PRODUCT_ORDERS.name), registry.schema_for_id, REFERENCE_V1, omit_event=omit_event
        )
        derived = _derived(read_all(kafka, ORDER_STATE.name), registry)
    with psycopg.connect(endpoints.database_url) as connection:
        model = dict(read_model(connection))
    analytics = _analytics(endpoints, notes)
    positions = accounting.positions(read_all(kafka, ORDER_STATE_CHANGELOG.name))
    letters = accounting.dead_letters(read_all(kafka, dead_letters_of(PRODUCT_ORDERS.name).name), CONSUMER)
    mismatches = [
        *compare("derived topic", expected.records, _canonical(derived)),
        *compare("postgres", expected.records, _canonical(model)),
        *([] if analytics is None else compare("clickhouse", expected.records, _canonical(analytics))),
        *_citations(derived, expected),
        *accounting.check(PRODUCT_ORDERS.name, positions, letters, expected),
    ]
    return Report(
        mismatches,
        events=expected.read.total(),
        orders=len(expected.records),
        derived=len(derived),
        read_model=len(model),
        analytics=None if analytics is None else len(analytics),
        dead_letters=letters.total(),
        accounting=accounting.table(PRODUCT_ORDERS.name, positions),
        seconds=time.monotonic() - began,
        omitted=expected.omitted,
        notes=notes,
    )


def _canonical(records: Mapping[str, dict[str, Any]]) -> Records:
    return {key: canonical(record) for key, record in records.items()}


def _derived(raw: Iterator[Raw], registry: Registry) -> Records:
    records: Records = {}
    for record in raw:
        key = (record.key or b"").decode()
        if record.value is None:
            records.pop(key, None)
        else:
            records[key] = decode(record.value, registry.schema_for_id).data
    return records


def _analytics(endpoints: Endpoints, notes: list[str]) -> Records | None:
    try:
        client = connect(endpoints.clickhouse_dsn)
        try:
            return dict(read_analytics(client))
        finally:
            client.close()
    except UnavailableError as error:
        notes.append(f"analytics not compared: {error.message}")
        return None


def _citations(derived: Records, expected: Expected) -> Iterator[Mismatch]:
    """Each input of each record must be the event that lies at the place it names."""
    for key, record in derived.items():
        for reference in record["derivation"]["inputs"]:
            place = (reference["partition"], reference["offset"])
            if expected.event_at.get(place) != reference["eventId"]:
                where = f"inputs.{reference['eventType']}"
                yield Mismatch("derived topic", key, where, expected.event_at.get(place), reference["eventId"])


def in_flight(endpoints: Endpoints) -> dict[str, int]:
    """How many records each consumer has yet to read; all zero at rest.

    ClickHouse being away leaves its entry out.
    """
    directory = TopicDirectory(endpoints.kafka_config())
    committed = directory.committed(CONSUMER, PRODUCT_ORDERS.name)
    behind = {CONSUMER: sum(directory.lag(PRODUCT_ORDERS.name, committed).values())}
    with PostgresSink(endpoints.database_url) as model:
        behind["sink-postgres"] = sum(directory.lag(ORDER_STATE.name, model.positions(ORDER_STATE.name)).values())
    try:
        with ClickHouseSink(endpoints.clickhouse_dsn) as analytics:
            positions = analytics.positions(ORDER_STATE.name)
        behind["sink-clickhouse"] = sum(directory.lag(ORDER_STATE.name, positions).values())
    except UnavailableError:
        pass
    return behind


def _await_rest(endpoints: Endpoints, settle_seconds: float, notes: list[str]) -> None:
    deadline = time.monotonic() + settle_seconds
    while any((behind := in_flight(endpoints)).values()):
        if time.monotonic() > deadline:
            told = ", ".join(f"{name}: {count}" for name, count in behind.items() if count)
            message = f"The platform is not at rest after {settle_seconds:g} s; still to be read: {told}."
            raise UnavailableError(
                message,
                remediation="Start `ordertruth worker order-state sink-postgres sink-clickhouse`, and verify again.",
            )
        time.sleep(POLL_SECONDS)
    if "sink-clickhouse" not in behind:
        notes.append("ClickHouse is away.")
