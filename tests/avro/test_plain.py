from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from avro.plain import from_avro, to_avro
from domain.commercial import ChargeKind, Discount, PriceComponent
from domain.errors import RecordError
from domain.money import Money
from domain.order_state.states import Action
from domain.product_order.structure import OrderItem

PRICE = PriceComponent(
    component_id="t:c",
    kind=ChargeKind.RECURRING,
    price=Money(amount=Decimal("12.50"), currency="EUR"),
    discounts=(Discount(percent=Decimal("10")),),
)
ITEM = OrderItem(
    item_id="t:i",
    line_number=1,
    action=Action.ADD,
    offering_id="t:o",
    configuration={"speed": "fast"},
    price_components=(PRICE,),
)


def test_plain_data_uses_wire_names_and_plain_types() -> None:
    data = to_avro(ITEM)
    assert data["itemId"] == "t:i"
    assert type(data["action"]) is str
    assert data["priceComponents"][0]["price"] == {"amount": Decimal("12.50"), "currency": "EUR"}
    assert type(data["priceComponents"]) is list
    assert type(data["priceComponents"][0]["kind"]) is str
    assert data["parentItemId"] is None
    assert data == ITEM.model_dump(by_alias=True) | {"priceComponents": data["priceComponents"], "dependsOn": []}


def test_the_model_comes_back() -> None:
    assert from_avro(OrderItem, to_avro(ITEM)) == ITEM


def test_fields_of_a_newer_writer_are_left_out_and_missing_ones_take_their_default() -> None:
    data = to_avro(ITEM)
    data["invented"] = 1
    data["priceComponents"][0]["invented"] = 1
    del data["cutoff"]
    assert from_avro(OrderItem, data) == ITEM


@pytest.mark.parametrize(
    ("change", "named"),
    [({"action": "EXPLODE"}, "action"), ({"itemId": None}, "itemId"), ({"quantity": 0}, "quantity")],
)
def test_what_the_model_refuses_is_a_record_error_by_field(change: dict[str, Any], named: str) -> None:
    with pytest.raises(RecordError, match=named) as caught:
        from_avro(OrderItem, to_avro(ITEM) | change)
    assert (caught.value.code, caught.value.stage) == ("UNFIT", "decode")


def test_a_model_survives_the_whole_way() -> None:
    from domain.order_capture.events import OrderCaptureAttempted, Outcome

    attempt = OrderCaptureAttempted(
        attempt_id="t:x",
        command_id="x",
        command="SubmitProductOrder",
        order_id="t:1",
        outcome=Outcome.REFUSED,
        code="STATE_X",
        source_system="web",
        actor_id="u",
        actor_role="agent",
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    body = encode_body("OrderCaptureAttempted", to_avro(attempt))
    schema = writer_schema(contract("OrderCaptureAttempted").text)
    assert from_avro(OrderCaptureAttempted, decode_body(body, schema)) == attempt
