"""What peers are given to derive with says the same as the shipped processor, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from avro.codec import frame
from avro.registry import Registry
from bench.derivation import Derivation
from bench.schemas import write_schemas
from bench.templates import histories, told
from compose.platform import prepare
from compose.settings import Settings
from compose.stack.endpoints import Endpoints
from domain.order_state.facts import OrderFacts
from domain.order_state.policy import REFERENCE_V1
from streams.engine.batch import RecordBatch
from streams.engine.processor import Output
from streams.engine.store import MemoryStore
from streams.order_state import OrderStateProcessor
from topics.catalogue import ORDER_STATE, PRODUCT_ORDERS

ORDERS = 6


@pytest.mark.stack
def test_it_writes_what_the_shipped_processor_writes(
    stack: Endpoints, stack_settings: Settings, tmp_path: Path
) -> None:
    prepare(stack_settings, stack)
    schemas = tmp_path / "schemas.json"
    write_schemas(stack.registry_url, schemas)
    with Registry(stack.registry_url) as registry:
        shipped = OrderStateProcessor(registry, REFERENCE_V1, ORDER_STATE.name)
        theirs = Derivation(schemas)
        store = MemoryStore()
        messages = [m for number, history in enumerate(histories(ORDERS, 1)) for m in told(history, number)]
        orders: dict[bytes, OrderFacts] = {}
        for offset, message in enumerate(messages):
            value = frame(registry.id_for(PRODUCT_ORDERS.name, message.kind), message.body)
            batch = RecordBatch("in", 0, 1, [offset], [0], [message.key], [value], [message.headers])
            out: list[Output] = []
            shipped.process(batch, datetime.now(UTC), store, out)
            fact = theirs.fact(message.key, value, message.headers, ("in", 0, offset))
            facts = orders.setdefault(message.key, OrderFacts())
            facts.apply(fact)
            record, headers = theirs.record(message.key, facts, fact.recorded_us)
            assert (record, headers) == (out[0].value, out[0].headers)
    assert len(orders) == ORDERS
