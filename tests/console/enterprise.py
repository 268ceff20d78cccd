"""A small enterprise as the read model shows it: its events folded by the real folds, its rows by the real sink."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from typing import Any

from avro.codec import decode, decode_body, encode_body, writer_schema
from avro.contract import contract
from compose.contracts.cases import RULE, mismatch
from compose.derivations import DERIVATIONS
from domain.drift.finding import DriftFinding, finding_id
from domain.fold.facts import Facts
from domain.order_state.build import build
from domain.order_status.fold import OrderStatusFold, order_of
from domain.order_status.known import known
from sinks.contract import SinkBatch, SinkRecord, Span, TopicIdentity
from sinks.postgres.sink import PostgresSink
from sinks.tables import DRIFT_FINDINGS as DRIFT_TABLE
from sinks.tables import ORDER_STATE, RECONCILIATION_CASES, TABLES
from streams.cases import CasesProcessor
from streams.testing import Harness, MemoryContracts, event
from tests.folds.enterprise import told
from tests.folds.published import NOW, all_published
from topics.catalogue import CASE_DECISIONS, DRIFT_FINDINGS

SEED = 24
RUN = told(12, SEED, "mixed")
"""Some of it goes wrong, so that there is fallout, an exception that stands, and an order that is stuck."""
PUBLISHED_AT = datetime(2026, 7, 1, tzinfo=UTC)

Records = dict[str, list[dict[str, Any]]]


@cache
def records() -> Records:
    """Every record of the enterprise by the name of its table."""
    events, until_us = RUN.events, RUN.end_us
    by_model: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for folds in DERIVATIONS.values():
        for fold in folds:
            for row, record in all_published(fold, events, until_us):
                by_model[row.record].append(record)
    by_model["OrderState"] = _order_states()
    found = {table.name: by_model[table.model.__name__] for table in TABLES}
    finding = _finding(found[ORDER_STATE.name][0]["orderId"])
    found[DRIFT_TABLE.name] = [finding.model_dump(by_alias=True)]
    found[RECONCILIATION_CASES.name] = [_open_case(finding)]
    return found


def _order_states() -> list[dict[str, Any]]:
    """What the order-state application says, from the events the status fold remembers."""
    fold = OrderStatusFold()
    groups: dict[str, Facts] = defaultdict(Facts)
    for heard in RUN.events:
        if heard.kind in fold.kinds:
            for place in fold.places(heard):
                groups[order_of(place)].hear(heard, fold.says(heard, place))
    orders = (known(order_id, facts, fold.policy) for order_id, facts in sorted(groups.items()))
    return [build(order.order_id, order.facts, fold.policy, NOW) for order in orders if order is not None]


def _finding(order_id: str) -> DriftFinding:
    entity = f"{order_id}/1"
    return mismatch().model_copy(
        update={
            "finding_id": finding_id(RULE, "OrderItem", entity),
            "entity_id": entity,
            "order_id": order_id,
            "account_id": f"{order_id.partition(':')[0]}:account-000000",
            "product_instance_id": entity,
        }
    )


def _open_case(found: DriftFinding) -> dict[str, Any]:
    """What the cases application makes of a finding."""
    contracts = MemoryContracts()
    harness = Harness(lambda: CasesProcessor(contracts), inputs=(DRIFT_FINDINGS.name, CASE_DECISIONS.name))
    arriving = event(found, contracts, subject=found.finding_id, at=found.settle_deadline)
    outputs = harness.run(arriving, topic=DRIFT_FINDINGS.name)
    (value,) = [output.value for output in outputs if output.topic == RECONCILIATION_CASES.topic]
    assert value is not None
    return dict(decode(value, contracts.schema_for_id).data)


def write(sink: PostgresSink, table_name: str, found: list[dict[str, Any]], start: int = 0) -> None:
    """Write records as the sink does after reading them from their topic."""
    table = next(t for t in TABLES if t.name == table_name)
    schema = writer_schema(contract(table.model.__name__).text)
    rows = []
    for offset, record in enumerate(found, start):
        decoded = decode_body(encode_body(table.model.__name__, record), schema)
        key = decoded[table.wire_names[table.key]]
        rows.append(sink.prepare(table.topic, SinkRecord(key, decoded, 0, offset, PUBLISHED_AT)))
    identity = TopicIdentity("cluster-1", table.topic, "topic-id-1")
    sink.write(SinkBatch(identity, {0: Span(start, start + len(rows))}, tuple(rows)))
