"""Bodies written from models in one walk are those the reference codec writes, and refuse what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.body import body_of
from avro.body_plan import body_plan
from avro.codec import encode_body, encode_model
from avro.contract import contract
from avro.plain import to_avro
from avro.shape import (
    ArrayShape,
    DecimalShape,
    EnumShape,
    MapShape,
    OptionalShape,
    RecordShape,
    Scalar,
    Shape,
    fields_of,
)
from avro.walk import UnusualError
from domain.catalogue import RECORDS, RecordType
from domain.errors import ContractError
from domain.model import Model
from domain.order_capture.events import OrderCaptureAttempted
from domain.product_order.events import ProductOrderCreated
from tests.avro.schemas import LONGS, TIMES
from tests.domain.sample_events import filled

_SCALARS: dict[type, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: LONGS,
    bool: st.booleans(),
    datetime: TIMES.flatmap(lambda at: st.sampled_from([at, at.astimezone(timezone(timedelta(hours=5, minutes=30)))])),
}


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Whatever a field of this shape may hold."""
    match shape:
        case Scalar(kind):
            return _SCALARS[kind]
        case DecimalShape(precision, scale):
            return st.integers(1 - 10**precision, 10**precision - 1).map(lambda n: Decimal(n).scaleb(-scale))
        case EnumShape(kind):
            return st.sampled_from(list(kind))
        case RecordShape(model):
            return models(model)
        case ArrayShape(items):
            return st.lists(values(items), max_size=3).map(tuple)
        case MapShape():
            return st.dictionaries(st.text(), st.text(), max_size=3)
        case OptionalShape(inner):
            return st.none() | values(inner)


def models(model: type[Model]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({f.attribute: values(f.shape) for f in fields_of(model)}).map(
        lambda found: model.model_construct(**found)
    )


@pytest.mark.parametrize("each", RECORDS, ids=lambda r: r.name)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_the_bytes_are_those_of_the_reference(each: RecordType, data: st.DataObject) -> None:
    plan = body_plan(each.model, contract(each.name).parsed)
    event = data.draw(models(each.model))

    assert plan is not None
    assert body_of(plan, event) == encode_model(event) == encode_body(each.name, to_avro(event))


_AT = datetime(2026, 3, 1, tzinfo=UTC)
_ATTEMPT = {"version": 1, "occurred_at": _AT}
_WRONG = [
    (OrderCaptureAttempted, {"attempt_id": "\ud800"}),
    (OrderCaptureAttempted, {"attempt_id": None}),
    (OrderCaptureAttempted, {"attempt_id": 7}),
    (OrderCaptureAttempted, {"quote_version": True}),
    (OrderCaptureAttempted, {"quote_version": 1 << 63}),
    (OrderCaptureAttempted, {"quote_version": "1"}),
    (OrderCaptureAttempted, {"occurred_at": datetime(2026, 3, 1)}),  # noqa: DTZ001 - that is what is wrong
    (OrderCaptureAttempted, {"occurred_at": 0}),
    (ProductOrderCreated, {"external_references": {"a": 1}}),
    (ProductOrderCreated, {"external_references": {1: "a"}}),
    (ProductOrderCreated, {"changed_item_ids": ("1", 2)}),
]


@pytest.mark.parametrize(("model", "wrong"), _WRONG)
def test_what_does_not_fit_is_refused_by_name(model: type[Model], wrong: dict[str, Any]) -> None:
    event = filled(model).model_copy(update=wrong)
    plan = body_plan(model, contract(model.__name__).parsed)
    assert plan is not None

    with pytest.raises(UnusualError):
        body_of(plan, event)
    with pytest.raises(ContractError, match="does not fit its schema"):
        encode_model(event)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1.00001", "100000000000000000", "1e400"])
def test_an_amount_that_does_not_fit_is_refused(amount: str) -> None:
    created = filled(ProductOrderCreated)
    line = created.items[0]
    price = line.price_components[0].price.model_copy(update={"amount": Decimal(amount)})
    component = line.price_components[0].model_copy(update={"price": price})
    lines = (line.model_copy(update={"price_components": (component,)}),)

    with pytest.raises(ContractError, match="amount does not fit its schema"):
        encode_model(created.model_copy(update={"items": lines}))


@pytest.mark.parametrize("amount", ["0", "-0.0000", "-0.0128", "1e3", "9999999999999999.9999", "-0.0129", "0.0127"])
def test_amounts_take_as_few_bytes_as_the_reference_uses(amount: str) -> None:
    created = filled(ProductOrderCreated)
    line = created.items[0]
    price = line.price_components[0].price.model_copy(update={"amount": Decimal(amount)})
    component = line.price_components[0].model_copy(update={"price": price})
    event = created.model_copy(update={"items": (line.model_copy(update={"price_components": (component,)}),)})

    assert encode_model(event) == encode_body("ProductOrderCreated", to_avro(event))


@pytest.mark.parametrize("wrong", [{"external_references": ["a"]}, {"changed_item_ids": "12"}, {"items": ("a",)}])
def test_a_value_of_another_shape_is_left_to_the_reference(wrong: dict[str, Any]) -> None:
    plan = body_plan(ProductOrderCreated, contract("ProductOrderCreated").parsed)
    assert plan is not None

    with pytest.raises(UnusualError):
        body_of(plan, filled(ProductOrderCreated).model_copy(update=wrong))


def test_a_model_that_is_not_its_contract_has_no_plan() -> None:
    class OtherField(Model):
        name: str

    parsed = contract("OrderCaptureAttempted").parsed

    assert body_plan(OtherField, parsed) is None
    assert body_plan(OrderCaptureAttempted, {**parsed, "fields": parsed["fields"][:-1]}) is None
    assert body_plan(OrderCaptureAttempted, ["null", parsed]) is None
