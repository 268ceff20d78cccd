"""From an accepted quote to an accepted order (R52, R293, R295, R309, R313, R317, R318, R446-R451, R486, R539)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import Refusal
from domain.order_state.states import HeaderState
from domain.product_order import commands as oc
from domain.product_order.aggregate import claims as order_claims
from domain.product_order.aggregate import decide as decide_order
from domain.product_order.order import ProductOrder
from domain.product_order.order import evolve as evolve_order
from domain.product_order.structure import OrderIntent, OrderItem
from domain.product_order.validation import ValidationContext, line_total, validate
from domain.quote import commands as c
from domain.quote.conversion import CONVERSION, Strategy, accepted_quote, order_command
from domain.quote.events import EVENTS
from domain.quote.machine import ROWS
from domain.quote.quote import Quote
from domain.quote.states import QuoteState
from tests.domain.machine_walk import NOW
from tests.domain.orders import actor
from tests.domain.orders import envelope as order_envelope
from tests.domain.quotes import CASE, DAY, PARTIES, QuoteDesk, draft, quote_in

ORDER = "acme:order-77"
AT = NOW + timedelta(hours=1)


def converting(quote: Quote, order_id: str = ORDER, at: datetime = AT, **more: Any) -> oc.CreateProductOrder:
    base: dict[str, Any] = {
        "order_id": order_id,
        "order_number": "PO-77",
        "command_id": f"convert/{order_id}",
        "actor": actor("sales", "cpq"),
        "correlation_id": "corr-1",
        "at": at,
    }
    return order_command(quote, **{**base, **more})


class Orders:
    """Sends commands to one order."""

    def __init__(self, creation: oc.CreateProductOrder) -> None:
        self.order: ProductOrder | None = None
        self.names: list[str] = []
        self.carry_out(creation)

    def carry_out(self, command: Any) -> None:
        for event in decide_order(self.order, command, AT):
            self.order = evolve_order(self.order, event)
            self.names.append(type(event).__name__)

    def send(self, kind: Any, **fields: Any) -> None:
        base = order_envelope(f"{kind.__name__}-{len(self.names)}") | {"aggregate_id": ORDER}
        self.carry_out(kind(**base, **fields))


def test_a_quote_becomes_an_order_that_its_own_validation_accepts() -> None:
    """R52, R446-R451, R539: by a command of its own, checked against what CPQ says, recorded on the quote after."""
    desk = quote_in(QuoteState.ACCEPTED)
    orders = Orders(converting(desk.quote))
    assert orders.names == ["ProductOrderCreated"]
    orders.send(oc.SubmitProductOrder)
    context = ValidationContext(checked_at=AT, quote=accepted_quote(desk.quote, AT, ORDER))
    orders.send(oc.StartProductOrderValidation)
    orders.send(oc.CompleteProductOrderValidation, context=context)
    orders.send(oc.AcceptProductOrder)
    assert orders.order is not None
    assert orders.order.state is HeaderState.ACCEPTED
    assert "ProductOrderRejected" not in orders.names
    desk.now = AT + timedelta(minutes=1)
    desk.send(c.ConvertQuoteToOrder, order_id=ORDER, converted_at=AT)
    assert (desk.last.order_id, desk.quote.order_id, desk.quote.state) == (ORDER, ORDER, QuoteState.CONVERTED)
    assert desk.last.price_fingerprint == desk.quote.accepted.price_fingerprint  # type: ignore[union-attr]
    assert validate(orders.order, context.model_copy(update={"quote": accepted_quote(desk.quote, AT, ORDER)})) == ()


def test_acceptance_alone_makes_no_order() -> None:
    """R52: conversion is a command; the table says so, and no event of the acceptance names an order."""
    assert "conversion" in ROWS["AcceptQuote"].side_effects
    assert {name for name, row in ROWS.items() if "QuoteConvertedToOrder" in {e.__name__ for e in row.emits}} == {
        "ConvertQuoteToOrder"
    }
    assert quote_in(QuoteState.ACCEPTED).quote.order_id is None


def test_the_order_carries_what_was_accepted_and_nothing_from_today() -> None:
    """R295, R309, R317, R318: prices, configuration and structure as they were; ids of its own."""
    quote = quote_in(QuoteState.ACCEPTED).quote
    command = converting(quote)
    assert quote.accepted is not None
    by_line = {line.line_id: line for line in quote.accepted.lines}
    for item in command.items:
        line = by_line[item.quote_line_id or ""]
        assert (item.configuration, item.configuration_fingerprint) == (
            line.configuration,
            line.configuration_fingerprint,
        )
        assert (item.offering_id, item.offering_name, item.quantity) == (
            line.offering_id,
            line.offering_name,
            line.quantity,
        )
        assert [x.price for x in item.price_components] == [x.price for x in line.price_components]
        assert [x.discounts for x in item.price_components] == [x.discounts for x in line.price_components]
        assert {x.price_fingerprint for x in item.price_components} <= {line.price_fingerprint}
    access, router, address, traffic, seat = command.items
    assert (router.parent_item_id, router.root_item_id, address.depends_on) == ("item-1", "item-1", ("item-1",))
    assert line_total(access) == Decimal("448.00")  # 349.00 + 99.00
    assert traffic.price_components[0].tiers == by_line["line-traffic"].price_components[0].tiers
    assert seat.product_instance_id == "acme:installed/seat"
    assert command.commercial.deal_desk_case_ref == CASE
    assert command.commercial.proposal_document_hash == quote.accepted.proposal_document_hash
    assert (command.commercial.term_months, command.commercial.contract_ref) == (36, "acme:contract-1")
    assert command.parties == PARTIES
    assert command.catalog_publication_id == quote.accepted.catalog_publication_id
    assert not command.aggregate_id.startswith(quote.quote_id)


def test_what_another_line_pays_for_is_billed_through_its_item() -> None:
    """R470."""
    lines = (draft("access", 1), draft("router", 2, parent_line_id="line-access", billed_through_line_id="line-access"))
    desk = quote_in(QuoteState.ACCEPTED, lines=lines)
    access, router = converting(desk.quote).items
    assert {x.billed_through_item_id for x in access.price_components} == {None}
    assert {x.billed_through_item_id for x in router.price_components} == {"item-1"}
    monthly = next(charge for charge in desk.last.charges if charge.period)
    assert str(monthly.amount.amount) == "349.00"


def test_a_deeper_bundle_names_its_top() -> None:
    """R549."""
    lines = (
        draft("access", 1),
        draft("router", 2, parent_line_id="line-access"),
        draft("static-ip", 3, parent_line_id="line-router"),
    )
    items = converting(quote_in(QuoteState.ACCEPTED, lines=lines).quote).items
    assert [(i.parent_item_id, i.root_item_id) for i in items] == [
        (None, None),
        ("item-1", "item-1"),
        ("item-2", "item-1"),
    ]


@pytest.mark.parametrize("state", sorted(set(QuoteState) - {QuoteState.ACCEPTED}))
def test_only_an_accepted_revision_converts(state: QuoteState) -> None:
    """R293, R410: expired, cancelled, superseded and converted ones do not, nor what was never accepted."""
    desk = quote_in(state)
    with pytest.raises(Refusal) as caught:
        converting(desk.quote)
    assert caught.value.code == "STATE_QUOTE_NOT_CONVERTIBLE"
    assert state.value in caught.value.message
    assert desk.refused(c.ConvertQuoteToOrder).code == "STATE_ILLEGAL_TRANSITION"
    assert desk.refused(c.FailQuoteConversion).code == "STATE_ILLEGAL_TRANSITION"


def test_a_superseded_revision_does_not_convert() -> None:
    """R289, R293."""
    desk = quote_in(QuoteState.ACCEPTED)
    first = desk.quote
    desk.go(c.ReviseQuote)
    with pytest.raises(Refusal, match="Draft"):
        converting(desk.quote)
    with pytest.raises(Refusal) as caught:
        accepted_quote(desk.quote, AT, ORDER)
    assert caught.value.code == "STATE_QUOTE_NOT_CONVERTIBLE"
    stale = quote_in(QuoteState.ACCEPTED)
    assert stale.refused(c.ConvertQuoteToOrder, quote_version=2).code == "STALENESS_QUOTE_VERSION"
    assert stale.refused(c.ConvertQuoteToOrder, price_fingerprint="x").code == "STALENESS_PRICE_FINGERPRINT"
    assert first.quote_version == 1


def test_after_its_time_a_quote_does_not_convert() -> None:
    """R293, R323: to the microsecond."""
    desk = quote_in(QuoteState.ACCEPTED)
    last = desk.quote.terms.valid_until
    assert converting(desk.quote, at=last)
    with pytest.raises(Refusal) as caught:
        converting(desk.quote, at=last + timedelta(microseconds=1))
    assert caught.value.code == "STALENESS_QUOTE_EXPIRED"
    desk.now = last + DAY
    late = {"converted_at": last + timedelta(microseconds=1)}
    assert desk.refused(c.ConvertQuoteToOrder, **late).code == "STALENESS_QUOTE_EXPIRED"
    assert desk.refused(c.ConvertQuoteToOrder, converted_at=last + 2 * DAY).code == "STRUCTURAL_TIME_AHEAD"
    assert desk.send(c.ConvertQuoteToOrder, converted_at=last) == ["QuoteConvertedToOrder"]


def test_converting_again_is_the_same_request() -> None:
    """R307, R313, R394: whoever tries, under whatever order id; a new revision is another."""
    desk = quote_in(QuoteState.ACCEPTED)
    claims = [
        [
            (claim.kind, claim.key, claim.fingerprint)
            for claim in order_claims(converting(desk.quote, f"acme:order-{n}"))
        ]
        for n in (1, 2)
    ]
    assert claims[0] == claims[1]
    other = order_claims(converting(desk.quote, intent=OrderIntent.RETENTION))
    assert {claim.key for claim in other} == {key for _, key, _ in claims[0]}
    assert {claim.fingerprint for claim in other}.isdisjoint({print_ for _, _, print_ in claims[0]})


def test_a_failed_conversion_leaves_the_quote_accepted() -> None:
    """R170, R358: it is tried again."""
    desk = quote_in(QuoteState.ACCEPTED)
    assert desk.send(c.FailQuoteConversion) == ["QuoteConversionFailed"]
    assert (desk.last.failure_code, desk.last.stage) == ("FEASIBILITY_NOT_DELIVERABLE", "FEASIBILITY")
    assert desk.quote.state is QuoteState.ACCEPTED
    assert converting(desk.quote)
    assert desk.refused(c.FailQuoteConversion, quote_version=2).code == "STALENESS_QUOTE_VERSION"
    assert desk.send(c.ConvertQuoteToOrder) == ["QuoteConvertedToOrder"]


def findings(desk: QuoteDesk, at: datetime = AT, order_id: str = ORDER, **order: Any) -> list[str]:
    """What order management finds wrong with an order of this quote, changed by `order`."""
    created = Orders(converting(desk.quote).model_copy(update=order)).order
    assert created is not None
    context = ValidationContext(checked_at=at, quote=accepted_quote(desk.quote, at, order_id))
    return [f.code for f in validate(created, context)]


def cheaper(item: OrderItem) -> OrderItem:
    first, *rest = item.price_components
    price = first.price.model_copy(update={"amount": Decimal(1)})
    return item.model_copy(update={"price_components": (first.model_copy(update={"price": price}), *rest)})


def test_order_management_checks_what_it_is_sent_against_the_quote() -> None:
    """R409, R411, R446-R451: a changed price, structure, line or proposal is found."""
    desk = quote_in(QuoteState.ACCEPTED)
    command = converting(desk.quote)
    access, router, *rest = command.items
    assert findings(desk) == []
    assert findings(desk, items=(cheaper(access), router, *rest)) == ["CONFLICT_LINE_TOTAL"]
    flat = router.model_copy(update={"parent_item_id": None, "root_item_id": None})
    assert findings(desk, items=(access, flat, *rest)) == ["CONFLICT_HIERARCHY"]
    assert findings(desk, items=command.items[:-1]) == ["CONFLICT_QUOTE_LINE_COUNT"]
    other = command.commercial.model_copy(update={"proposal_document_hash": "other"})
    assert findings(desk, commercial=other) == ["CONFLICT_PROPOSAL_HASH"]
    assert findings(desk, quote_version=2) == ["STALENESS_QUOTE_VERSION_MISMATCH"]
    assert findings(desk, at=NOW + 16 * DAY) == ["STALENESS_APPROVAL"]
    late = findings(desk, at=NOW + 21 * DAY)
    assert late == ["STALENESS_QUOTE_EXPIRED", "STALENESS_APPROVAL"]


def test_a_quote_converted_to_another_order_is_not_accepted_for_this_one() -> None:
    """R313."""
    desk = quote_in(QuoteState.ACCEPTED)
    desk.send(c.ConvertQuoteToOrder, order_id=ORDER)
    assert accepted_quote(desk.quote, AT, ORDER).state == "Accepted"
    assert accepted_quote(desk.quote, AT, "acme:order-78").state == "Converted"
    within = quote_in(QuoteState.ACCEPTED, "10")
    assert accepted_quote(within.quote, NOW + 16 * DAY, ORDER).approval_valid


def test_the_conversion_matrix_treats_ten_kinds_of_data() -> None:
    """R486: nothing agreed is looked up again, nothing technical is decided before the order."""
    assert len(CONVERSION) == 10
    assert CONVERSION["price result"].strategies == CONVERSION["configuration"].strategies == (Strategy.SNAPSHOT,)
    assert CONVERSION["fulfillment plan"].strategies == CONVERSION["tax estimate"].strategies == (Strategy.DERIVE,)
    revalidated = {kind for kind, found in CONVERSION.items() if Strategy.REVALIDATE in found.strategies}
    assert revalidated == {"customer identity", "eligibility result", "qualification result"}
    assert {strategy for found in CONVERSION.values() for strategy in found.strategies} == set(Strategy)
    assert len(EVENTS) == 19
