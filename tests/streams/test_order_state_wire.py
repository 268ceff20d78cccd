"""The fast writer gives, byte for byte, what the contract's own encoder gives for the domain's record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.codec import encode_body
from domain.order_state.build import build
from domain.order_state.derive import derive
from domain.order_state.facts import Fact, OrderFacts
from domain.order_state.policy import MEF123_V1, POLICIES, REFERENCE_V1
from domain.product_order.events import ProductOrderEvent
from streams.order_state_wire import write
from tests.streams.wire import TOPIC, histories

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


HISTORIES = list(histories(120, seed=77))


def _fact(event: ProductOrderEvent, offset: int, content: int) -> Fact:
    at = (event.occurred_at - EPOCH) // timedelta(microseconds=1)
    payload = event.model_dump(by_alias=True, mode="json")
    return Fact(
        type(event).__name__,
        event.version,
        f"id-é-{event.version}",
        content,
        at,
        at + offset,
        payload,
        TOPIC,
        offset % 12,
        offset,
    )


@settings(max_examples=300, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda p: p.policy_id)
def test_written_bytes_equal_the_encoded_record(data: st.DataObject, policy: object) -> None:
    chosen = REFERENCE_V1 if policy is REFERENCE_V1 else MEF123_V1
    history = data.draw(st.sampled_from(HISTORIES))
    kept = data.draw(st.lists(st.sampled_from(history), min_size=1, max_size=2 * len(history)))
    facts = OrderFacts()
    for event in kept:
        facts.apply(_fact(event, data.draw(st.integers(0, 2**40)), data.draw(st.integers(0, 3))))
    calculated_us = data.draw(st.integers(0, 4 * 10**15))
    order_id = data.draw(st.text(min_size=1, max_size=300))
    record = build(order_id, facts, chosen, EPOCH + timedelta(microseconds=calculated_us))
    assert write(order_id, facts, derive(facts, chosen), chosen, calculated_us) == encode_body("OrderState", record)
