"""The aggregate hands the fold the fields it reads, and comes to what folding whole events comes to."""

from __future__ import annotations

from typing import Any

import pytest

from domain.order_state.facts import OrderFacts
from domain.product_order.events import EVENTS, ProductOrderEvent
from domain.product_order.order import evolve
from tests.domain.event_streams import fact_of, real_orders
from tests.domain.sample_events import filled

_ELSEWHERE = {"event_id", "content_hash", "caused_by", "stored", "topic", "partition", "offset", "versions"}


def remembered(value: Any) -> Any:
    """Registers as plain values, apart from where and as which bytes an event was read."""
    if isinstance(value, dict):
        return {key: remembered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [remembered(inner) for inner in value]
    if isinstance(value, (str, int)) or value is None:
        return value
    told = {name: getattr(value, name) for name in dir(value) if not name.startswith("_") and name not in _ELSEWHERE}
    return {name: remembered(inner) for name, inner in told.items() if not callable(inner)}


def test_what_is_left_out_makes_no_difference() -> None:
    for events in real_orders():
        order, whole = None, OrderFacts()
        for event in events:
            order = evolve(order, event)
            whole.apply(fact_of(event))
            assert remembered(order.facts) == remembered(whole)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_no_kind_of_event_loses_anything(kind: type[ProductOrderEvent]) -> None:
    created = real_orders(1)[0][0]
    event = filled(kind).model_copy(update={"version": 2})
    whole = OrderFacts()
    for each in (created, event):
        whole.apply(fact_of(each))

    assert remembered(evolve(evolve(None, created), event).facts) == remembered(whole)
