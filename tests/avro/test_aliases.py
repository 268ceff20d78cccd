from __future__ import annotations

import pytest

from avro.aliases import EVENT_ALIASES, canonical_actions, canonical_event, canonical_event_type
from domain.catalogue import RECORDS


def test_the_aliases_are_those_of_the_contract() -> None:
    assert dict(EVENT_ALIASES) == {
        "OrderCompleted": "ProductOrderCompleted",
        "OrderFulfilled": "ProductOrderCompleted",
        "OrderFalloutDetected": "ProductOrderFalloutRaised",
        "OrderEnteredFallout": "ProductOrderFalloutRaised",
        "OrderFulfillmentFailed": "ProductOrderFalloutRaised",
        "OrderCreated": "ProductOrderCreated",
        "OrderSubmitted": "ProductOrderSubmitted",
        "OrderValidated": "ProductOrderValidated",
        "OrderDecomposed": "ProductOrderDecomposed",
        "QuoteSubmitted": "QuoteSubmittedForApproval",
    }


@pytest.mark.parametrize("alias", EVENT_ALIASES)
def test_an_alias_is_put_right_and_reported(alias: str) -> None:
    found = canonical_event(alias)
    assert (found.value, found.aliases) == (EVENT_ALIASES[alias], (alias,))


def test_no_alias_is_the_name_of_a_record() -> None:
    assert not {r.name for r in RECORDS} & set(EVENT_ALIASES)
    assert canonical_event("ProductOrderCompleted").aliases == ()


@pytest.mark.parametrize(
    ("given", "wanted", "alias"),
    [
        ("oms.order.order-fulfilled.v1", "oms.product-order.product-order-completed.v1", "OrderFulfilled"),
        ("cpq.quote.quote-submitted.v2", "cpq.quote.quote-submitted-for-approval.v2", "QuoteSubmitted"),
    ],
)
def test_event_types_are_put_right(given: str, wanted: str, alias: str) -> None:
    found = canonical_event_type(f"com.ordertruth.{given}")
    assert (found.value, found.aliases) == (f"com.ordertruth.{wanted}", (alias,))


@pytest.mark.parametrize("kind", ["com.ordertruth.oms.product-order.product-order-completed.v1", "v1", ""])
def test_other_event_types_stay(kind: str) -> None:
    assert (canonical_event_type(kind).value, canonical_event_type(kind).aliases) == (kind, ())


def test_actions_are_put_right_on_the_record_and_its_items() -> None:
    data = {"action": "TERMINATE", "orderType": "DISCONNECT", "items": [{"action": "DISCONNECT"}, {"action": "ADD"}]}
    found = canonical_actions(data)
    assert found.value == {
        "action": "DELETE",
        "orderType": "DISCONNECT",
        "items": [{"action": "DELETE"}, {"action": "ADD"}],
    }
    assert found.aliases == ("TERMINATE", "DISCONNECT")
    assert data["action"] == "TERMINATE", "what was read must stay as it was"


def test_a_record_without_aliases_is_given_back_itself() -> None:
    data = {"items": [{"action": "ADD"}, 5], "action": None}
    found = canonical_actions(data)
    assert found.value is data
    assert found.aliases == ()
