"""The facts of orders in bulk, as the order-state application gathers them."""

from __future__ import annotations

from avro.aliases import canonical_event
from avro.batch import BatchDecoder
from avro.codec import SchemaForId
from avro.essentials import essentials
from domain.errors import RecordError
from domain.order_state.facts import Fact, OrderFacts
from streams.engine.batch import RecordBatch
from streams.order_events import KINDS, WANTED
from streams.order_state import as_fact, content_hash


class OrderReader:
    """Gathers facts by order id; a record that cannot be read is left out, as it is a dead letter."""

    def __init__(self, schema_for_id: SchemaForId) -> None:
        self._decoder = BatchDecoder(schema_for_id, WANTED)
        self._kinds: dict[str, str] = {}
        self.orders: dict[str, OrderFacts] = {}
        self.count = 0

    def read(self, batch: RecordBatch) -> None:
        """Take in a batch. Raises `UnavailableError` when the registry is away."""
        self.count += len(batch)
        decoded = self._decoder.decode(batch.values)
        for index, (record, data) in enumerate(zip(decoded.records, decoded.data, strict=True)):
            if data is None:
                continue
            try:
                fact = self._fact(batch, index, record, data)
            except (RecordError, LookupError, TypeError, ValueError, AttributeError):
                continue  # the others are what a schema of somebody else's making can lead to
            order_id = fact.payload["orderId"]
            facts = self.orders.get(order_id)
            if facts is None:
                facts = self.orders[order_id] = OrderFacts()
            facts.apply(fact)

    def _fact(self, batch: RecordBatch, index: int, record: str, data: dict[str, object]) -> Fact:
        key, value = batch.keys[index], batch.values[index]
        kind = self._kinds.get(record)
        if kind is None:
            kind = self._kinds[record] = canonical_event(record.rpartition(".")[2]).value
        if not key or value is None or kind not in KINDS:
            raise RecordError("WRONG_RECORD", f"{record} is no event of a product order.", stage="apply")
        envelope = essentials(batch.headers[index])
        content = content_hash(value, envelope.event_id)
        return as_fact(kind, key, envelope, data, content, batch.topic, batch.partition, batch.offsets[index])
