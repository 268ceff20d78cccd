"""Orders that only wait: every state of theirs is what the shipped processor stores."""

from __future__ import annotations

import pytest

from avro.registry import Registry
from bench.live_orders import STAND_IN, live_order
from bench.templates import DIGITS, told
from compose.platform import prepare
from compose.settings import Settings
from compose.stack.endpoints import Endpoints
from streams.order_state_stored import from_bytes

VERSIONS = 6


@pytest.mark.stack
def test_states_go_on_from_version_to_version(stack: Endpoints, stack_settings: Settings) -> None:
    prepare(stack_settings, stack)
    with Registry(stack.registry_url) as registry:
        order = live_order(registry, VERSIONS)
    assert len(order.history) == order.live_from + VERSIONS
    kinds = [message.kind for message in told(order.history, 7)]
    assert set(kinds[order.live_from :]) == {"ProductOrderItemPendingExternal"}
    digits = b"%0*d" % (DIGITS, 7)
    for version in range(1, len(order.history) + 1):
        state = order.state(digits, version)
        assert str(STAND_IN).encode() not in state
        facts = from_bytes(state)
        assert sorted(facts.versions) == list(range(1, version + 1))
        assert facts.newest is not None
        assert facts.newest.order_number.endswith("00000007")
