"""Events of real aggregates as they lie on the owner topic, and a registry that is a dict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from avro.codec import Decoded, WriterSchema, decode, encode_body, frame, writer_schema
from avro.contract import contract
from avro.headers import to_headers
from avro.plain import to_avro
from compose.demo.stories import stories
from domain.catalogue import RECORDS
from domain.envelope import Envelope, event_id, event_type, tenant_of
from domain.errors import RecordError
from domain.product_order.events import ProductOrderEvent
from streams.engine.batch import Headers, RecordBatch
from tests.domain.event_streams import carried_out
from topics.catalogue import PRODUCT_ORDERS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOPIC = PRODUCT_ORDERS.name
SCHEMA_IDS = {record.name: number for number, record in enumerate(RECORDS, 100)}


class Raw(NamedTuple):
    """A record before it has a place in a topic."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class DictContracts:
    """What the registry would answer, from a dict; `extra` holds the schemas of other people's producers."""

    def __init__(self, **extra: str) -> None:
        self.schemas: dict[int, WriterSchema] = {
            number: writer_schema(contract(name).text) for name, number in SCHEMA_IDS.items()
        }
        self.schemas |= {int(number.removeprefix("id_")): writer_schema(text) for number, text in extra.items()}

    def decode(self, value: bytes) -> Decoded:
        """What the reference codec reads."""
        return decode(value, self.schema_for_id)

    def schema_for_id(self, schema_id: int) -> WriterSchema:
        if schema_id not in self.schemas:
            message = f"No schema has the id {schema_id}."
            raise RecordError("UNKNOWN_SCHEMA_ID", message, stage="decode", remediation="Register it.")
        return self.schemas[schema_id]

    def id_for(self, topic: str, record_name: str) -> int:
        return SCHEMA_IDS[record_name]


def envelope(event: ProductOrderEvent) -> Envelope:
    """The envelope the store would give it."""
    order_id, name = event.order_id, type(event).__name__
    return Envelope(
        event_id=event_id(order_id, event.version, "command"),
        event_type=event_type("oms", "ProductOrder", name),
        source="oms",
        subject=order_id,
        time=event.occurred_at,
        recorded_time=event.occurred_at,
        data_schema=f"urn:avro:{contract(name).full_name}",
        correlation_id=order_id,
        causation_id="command",
        tenant_id=tenant_of(order_id),
        actor_id="robin",
        actor_role="order-manager",
        policy_version="reference.v1",
        aggregate_type="ProductOrder",
        aggregate_version=event.version,
        command_id="command",
    )


def raw(event: ProductOrderEvent, schema_id: int | None = None) -> Raw:
    """An event as the relay publishes it."""
    name = type(event).__name__
    number = SCHEMA_IDS[name] if schema_id is None else schema_id
    return Raw(event.order_id.encode(), frame(number, encode_body(name, to_avro(event))), to_headers(envelope(event)))


def histories(orders: int, seed: int) -> Iterator[list[ProductOrderEvent]]:
    """The events of each order of the demonstration's stories; its tenant is `sim-<seed>`."""
    return (events for _, events in map(carried_out, stories(orders, seed)) if events)


def batch(
    records: Sequence[Raw], *, offset: int = 0, partition: int = 0, epoch: int = 1, topic: str = TOPIC
) -> RecordBatch:
    """Records as one poll brings them."""
    return RecordBatch(
        topic,
        partition,
        epoch,
        range(offset, offset + len(records)),
        [1_700_000_000_000 + i for i in range(len(records))],
        [r.key for r in records],
        [r.value for r in records],
        [r.headers for r in records],
    )


def with_header(record: Raw, name: str, *values: bytes) -> Raw:
    """The record with other values of one header; without it when none is given."""
    others = [(n, v) for n, v in record.headers if n != name]
    return record._replace(headers=[*others, *((name, value) for value in values)])
