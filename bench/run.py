"""All sides over the same events, in one run, as ratios."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from avro.codec import decode
from avro.registry import Registry
from bench.measure import PARTITIONS, Measurement, create_topics, measure
from bench.workload import Shape, messages, publish
from compose.stack.endpoints import Endpoints
from compose.verify.raw import read_all
from domain.errors import ConfigurationError
from domain.order_state.build import canonical
from topics.catalogue import PRODUCT_ORDERS

OURS = "ordertruth"
SIDES = {OURS: "bench.order_state", "plain_faust": "bench.plain_faust"}
WARM_UP_SHARE = 0.2


def run(endpoints: Endpoints, state_dir: Path, *, events: int, peers: list[str]) -> dict[str, Any]:
    """Measure every side on both shapes.

    `tables_equal` says that the last record of each order is the same on every side, so that nobody skips work.
    Raises `ConfigurationError` for an unknown peer.
    """
    unknown = [peer for peer in peers if peer not in SIDES]
    if unknown:
        message = f"Unknown peers: {', '.join(unknown)}."
        raise ConfigurationError(message, remediation=f"Choose from {', '.join(s for s in SIDES if s != OURS)}.")
    sides = [OURS, *(peer for peer in peers if peer != OURS)]
    result: dict[str, Any] = {"events": events, "partitions": PARTITIONS}
    for shape in Shape:
        result[shape.value] = _one_shape(endpoints, state_dir, shape, events, sides)
    result["ratio"] = {
        side: min(result[shape.value]["ratio"][side] for shape in Shape) for side in sides if side != OURS
    }
    return result


def _one_shape(endpoints: Endpoints, state_dir: Path, shape: Shape, events: int, sides: list[str]) -> dict[str, Any]:
    token = uuid.uuid4().hex[:8]
    source = f"bench.{token}.{shape}.events"
    kafka = endpoints.kafka_config()
    create_topics(kafka, {source: {}})
    with Registry(endpoints.registry_url) as registry:
        total = publish(kafka, registry, source, PRODUCT_ORDERS.name, messages(events, 1, shape))
    measured: dict[str, Measurement] = {}
    tables: list[dict[str, Any]] = []
    for side in sides:
        plan: dict[str, Any] = {
            "group": f"bench-{token}-{shape}-{side}",
            "input": source,
            "output": f"bench.{token}.{shape}.{side}.states",
            "changelog": f"bench.{token}.{shape}.{side}.changelog",
            "dead_letters": f"bench.{token}.{shape}.{side}.dead-letters",
            "kafka": kafka,
            "registry_url": endpoints.registry_url,
            "data_dir": str(state_dir / "bench" / f"{token}-{shape}-{side}"),
            "partitions": PARTITIONS,
        }
        log_path = state_dir / "logs" / f"bench-{side}-{shape}.log"
        measured[side] = measure(side, SIDES[side], plan, total, int(total * WARM_UP_SHARE), log_path=log_path)
        tables.append(_table(endpoints, plan["output"]))
    ours = measured[OURS]
    return {
        "events": total,
        "sides": {side: m.to_plain() for side, m in measured.items()},
        "ratio": {s: round(ours.events_per_second / m.events_per_second, 2) for s, m in measured.items() if s != OURS},
        "tables_equal": all(table == tables[0] for table in tables),
        "orders": len(tables[0]),
    }


def _table(endpoints: Endpoints, topic: str) -> dict[str, Any]:
    """The last record of each order, as far as arrival and clock do not show in it."""
    with Registry(endpoints.registry_url) as registry:
        return {
            (record.key or b"").decode(): canonical(decode(record.value, registry.schema_for_id).data)
            for record in read_all(endpoints.kafka_config(), topic)
            if record.value is not None
        }
