"""The schemas a side needs, fetched once and handed over as a file."""

from __future__ import annotations

import json
from pathlib import Path

from avro.registry import Registry
from domain.order_state.record import OrderState
from streams.order_events import KINDS
from topics.catalogue import ORDER_STATE, PRODUCT_ORDERS


def write_schemas(registry_url: str, path: Path) -> None:
    """Write `events`, the texts of the owner topic's schemas by id, and `state`, the id for the records written.

    Raises `UnavailableError` when the registry does not answer or lacks one.
    """
    with Registry(registry_url) as registry:
        numbers = [registry.id_for(PRODUCT_ORDERS.name, kind) for kind in sorted(KINDS)]
        found = {
            "events": {number: registry.schema_for_id(number).text for number in numbers},
            "state": registry.id_for(ORDER_STATE.name, OrderState.__name__),
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found), encoding="utf-8")
