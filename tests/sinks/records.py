"""Order-state records as the decoder gives them, and the rows and batches made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sinks.contract import Sink, SinkBatch, SinkRecord, SinkRow, Span, TopicIdentity
from sinks.tables import ORDER_STATE

if TYPE_CHECKING:
    from collections.abc import Sequence

T0 = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TOPIC = ORDER_STATE.topic
IDENTITY = TopicIdentity("cluster-1", TOPIC, "topic-id-1")
KEEP = object()


def order_state(order_id: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    """A full record: every optional field given, nested times included."""
    record = {
        "orderId": order_id,
        "orderNumber": "N-1 \\ 'quoted' — ü",
        "accountId": "t:account",
        "quoteId": "t:quote",
        "quoteVersion": 3,
        "state": "Fallout",
        "declaredState": "InProgress",
        "publishedState": "InProgress",
        "policyId": "reference.v1",
        "clause": "fallout",
        "tmf622V4State": "held",
        "tmf622V5State": "held",
        "progressPercent": 50,
        "cancelledItems": 0,
        "items": [
            {
                "itemId": "i1",
                "state": "FALLOUT",
                "action": "ADD",
                "parentItemId": None,
                "offeringId": "o1",
                "productInstanceId": None,
                "since": T0,
                "causedBy": "e7",
            },
            {
                "itemId": "i2",
                "state": "NOT_STARTED",
                "action": None,
                "parentItemId": "i1",
                "offeringId": None,
                "productInstanceId": "p2",
                "since": None,
                "causedBy": None,
            },
        ],
        "blockers": [{"kind": "FALLOUT", "itemId": "i1", "code": "X", "repair": "HUMAN", "since": T0}],
        "version": version,
        "versionGaps": [2, 4],
        "conflictingVersions": [],
        "lastEventAt": T0,
        "derivation": {
            "inputs": [
                {
                    "eventId": "e7",
                    "eventType": "ProductOrderItemFailed",
                    "version": version,
                    "topic": "oms.product-orders.v1",
                    "partition": 1,
                    "offset": 2**40,
                }
            ],
            "ruleId": "header-state",
            "ruleVersion": "reference.v1",
            "calculatedAt": T0,
            "validUntil": None,
            "authority": "INFORMATIONAL",
            "authoritativeFor": ["orderSearch"],
            "notAuthoritativeFor": ["orderState"],
            "sourceLagMs": 12,
        },
    }
    return {**record, **changes}


def row(
    sink: Sink, key: str, offset: int, *, version: int = 1, partition: int = 0, record: Any = KEEP, topic: str = TOPIC
) -> SinkRow:
    """A row of `order_state`, or of `record` (None is a tombstone), published at `T0`."""
    content = order_state(key, version) if record is KEEP else record
    return sink.prepare(topic, SinkRecord(key, content, partition, offset, T0))


def batch(
    rows: Sequence[SinkRow], *, start: int = 0, end: int | None = None, identity: TopicIdentity = IDENTITY
) -> SinkBatch:
    """A batch of partition 0 from `start` to `end`, by default just past its last row."""
    last = max((r.offset + 1 for r in rows), default=start) if end is None else end
    return SinkBatch(identity, {0: Span(start, last)}, tuple(rows))
