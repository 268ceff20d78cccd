"""What a delivered order item asks of billing: the right effect for each of the eight actions (R305, R459-R470)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from domain.billing_handoff import commands as c
from domain.billing_handoff.aggregate import BILLING_HANDOFF, decide
from domain.billing_handoff.delivery import billing_requests
from domain.billing_handoff.handoff import BillingHandoff, evolve
from domain.billing_handoff.policy import concerns_billing
from domain.billing_handoff.states import BillingEffect, HandoffState
from domain.billing_handoff.terms import terms_of
from domain.command import Actor, Origin
from domain.commercial import ChargeKind, PriceComponent
from domain.errors import Refusal
from domain.order_state.states import Action
from domain.product_order.commands import CompleteProductOrderItem
from domain.product_order.order import ProductOrder
from domain.product_order.structure import Commercial, OrderIntent, Parties, RequestedDates
from tests.domain.orders import NOW, ORDER_ID, Desk, item, price

OMS = Origin(Actor(actor_id="oms-1", role="oms", system="oms"), "corr-1", "event-1")
INSTANCE = "acme:installed/a"
MONTHLY = price("349.00")
SETUP = price("120.00", "setup", kind=ChargeKind.ONE_TIME, period=None)
E, H = BillingEffect, HandoffState
LIVE = NOW + timedelta(days=2)
Asked = dict[str, tuple[str, BillingEffect]]


def delivered(
    action: Action, *prices: PriceComponent, order_id: str = ORDER_ID, complete: bool = True, **fields: Any
) -> ProductOrder:
    """An order whose item a is delivered."""
    lines = item("a", action, price_components=prices), item("b")
    desk = Desk(*lines, aggregate_id=order_id, **fields).planned()
    if desk.standing.items["a"].executable:
        desk.start("a")
        if complete:
            desk.send(CompleteProductOrderItem, item_id="a")
    return desk.standing


class Billing:
    """The handoffs there are."""

    def __init__(self) -> None:
        self.standing: dict[str, BillingHandoff] = {}
        self.number = 0

    def requests(self, order: ProductOrder) -> tuple[c.BillingRequest, ...]:
        return billing_requests(order, "a", LIVE, self.standing, OMS)

    def hear(self, requests: Iterable[c.BillingRequest]) -> Asked:
        asked: Asked = {}
        for request in requests:
            (event,) = decide(self.standing.get(request.aggregate_id), request, LIVE)
            self.standing[request.aggregate_id] = evolve(self.standing.get(request.aggregate_id), event)
            asked[request.aggregate_id] = (request.name, request.effect)
            assert event.action is request.action
        return asked

    def deliver(self, action: Action, *prices: PriceComponent, **fields: Any) -> dict[str, BillingEffect]:
        """Deliver an item of an order of its own; the effects it asks for, by product and component."""
        self.number += 1
        order = delivered(action, *prices, order_id=f"acme:order-{self.number}", **fields)
        return {handoff_id: effect for handoff_id, (_, effect) in self.hear(self.requests(order)).items()}

    def begun(self, *prices: PriceComponent) -> Billing:
        """The product acme:installed/a, sold and handed over before."""
        order = delivered(Action.MODIFY, *prices, order_id="acme:order-0")
        self.hear(self.requests(order))
        return self


def test_add_begins_its_components() -> None:
    """R459."""
    billing = Billing()
    assert billing.deliver(Action.ADD, MONTHLY, SETUP) == {
        "acme:order-1/a/monthly": E.BEGIN,
        "acme:order-1/a/setup": E.BEGIN,
    }


def test_modify_amends_begins_what_is_new_and_ends_what_it_leaves_out() -> None:
    """R460."""
    billing = Billing().begun(MONTHLY, price("5.00", "backup"), SETUP)
    asked = billing.deliver(Action.MODIFY, price("499.00"), price("9.00", "static-ip"), SETUP)
    assert asked == {f"{INSTANCE}/monthly": E.AMEND, f"{INSTANCE}/static-ip": E.BEGIN, f"{INSTANCE}/backup": E.END}
    amended = billing.standing[f"{INSTANCE}/monthly"].requests[-1].terms
    assert str(amended.component.price.amount) == "499.00"
    again = billing.deliver(Action.MODIFY, price("499.00"), price("9.00", "static-ip"), price("5.00", "backup"))
    assert again[f"{INSTANCE}/backup"] is E.BEGIN
    assert billing.deliver(Action.MODIFY) == {}


def test_a_one_time_price_is_asked_for_once() -> None:
    billing = Billing().begun(MONTHLY, SETUP)
    assert f"{INSTANCE}/setup" not in billing.deliver(Action.MODIFY, MONTHLY, SETUP)
    dearer = price("150.00", "setup", kind=ChargeKind.ONE_TIME, period=None)
    assert billing.deliver(Action.MODIFY, MONTHLY, dearer)[f"{INSTANCE}/setup"] is E.AMEND
    assert billing.deliver(Action.DELETE) == {f"{INSTANCE}/monthly": E.END}
    assert billing.standing[f"{INSTANCE}/setup"].state is H.BILLING


def test_suspend_and_resume_concern_what_recurs() -> None:
    """R462, R463: under the terms handed over before, where the item states none."""
    billing = Billing().begun(MONTHLY, SETUP)
    before = billing.standing[f"{INSTANCE}/monthly"].requests[-1].terms
    assert billing.deliver(Action.RESUME) == {}
    assert billing.deliver(Action.SUSPEND) == {f"{INSTANCE}/monthly": E.SUSPEND}
    assert billing.deliver(Action.SUSPEND) == {}
    assert billing.deliver(Action.RESUME, MONTHLY) == {f"{INSTANCE}/monthly": E.RESUME}
    fee = price("30.00", "fee", kind=ChargeKind.ONE_TIME, period=None)
    assert billing.deliver(Action.SUSPEND, fee) == {f"{INSTANCE}/fee": E.BEGIN, f"{INSTANCE}/monthly": E.SUSPEND}
    assert billing.standing[f"{INSTANCE}/monthly"].requests[-1].terms.component == before.component


def test_renew_goes_on_under_the_new_terms() -> None:
    """R464, R535."""
    billing = Billing().begun(MONTHLY, price("5.00", "backup"))
    assert billing.deliver(Action.RENEW) == {f"{INSTANCE}/monthly": E.RENEW, f"{INSTANCE}/backup": E.RENEW}
    asked = billing.deliver(Action.RENEW, price("299.00"))
    assert asked == {f"{INSTANCE}/monthly": E.RENEW, f"{INSTANCE}/backup": E.END}


def test_delete_ends_what_recurs_and_may_charge_a_fee() -> None:
    """R461."""
    billing = Billing().begun(MONTHLY)
    fee = price("99.00", "termination-fee", kind=ChargeKind.ONE_TIME, period=None)
    asked = billing.deliver(Action.DELETE, fee)
    assert asked == {f"{INSTANCE}/termination-fee": E.BEGIN, f"{INSTANCE}/monthly": E.END}
    assert billing.deliver(Action.DELETE) == {}


def test_replace_begins_the_new_and_ends_the_old() -> None:
    """R465, R476."""
    billing = Billing().begun(MONTHLY)
    asked = billing.deliver(Action.REPLACE, price("399.00"))
    assert asked == {"acme:order-1/a/monthly": E.BEGIN, f"{INSTANCE}/monthly": E.END}


def test_no_change_asks_nothing() -> None:
    """R466."""
    assert Billing().begun(MONTHLY).deliver(Action.NO_CHANGE, MONTHLY) == {}


@pytest.mark.parametrize(
    ("action", "effect"),
    [
        (Action.MODIFY, E.AMEND),
        (Action.SUSPEND, E.SUSPEND),
        (Action.RESUME, E.RESUME),
        (Action.RENEW, E.RENEW),
        (Action.DELETE, E.END),
    ],
)
def test_a_product_billed_since_before_the_platform_is_changed_not_begun(action: Action, effect: BillingEffect) -> None:
    """R553."""
    assert Billing().deliver(action, MONTHLY) == {f"{INSTANCE}/monthly": effect}
    assert Billing().deliver(action) == {}


def test_an_internal_migration_ends_and_asks_nothing_else() -> None:
    """R469."""
    migration = {"intent": OrderIntent.INTERNAL_MIGRATION}
    for action in (Action.ADD, Action.MODIFY, Action.SUSPEND, Action.RENEW):
        assert Billing().begun(MONTHLY).deliver(action, MONTHLY, **migration) == {}
    assert Billing().begun(MONTHLY).deliver(Action.DELETE, **migration) == {f"{INSTANCE}/monthly": E.END}
    replaced = Billing().begun(MONTHLY).deliver(Action.REPLACE, MONTHLY, **migration)
    assert replaced == {f"{INSTANCE}/monthly": E.END}


def test_what_its_parent_is_billed_for_asks_nothing() -> None:
    """R470."""
    included = price("5.00", "support", billed_through_item_id="b")
    assert Billing().deliver(Action.ADD, MONTHLY, included) == {"acme:order-1/a/monthly": E.BEGIN}


def test_a_replayed_item_asks_nothing_more() -> None:
    """R397, R542: with what is known now, and with what was known before."""
    billing = Billing()
    order = delivered(Action.ADD, MONTHLY)
    first = billing.requests(order)
    assert billing.requests(order) == first
    claims = [BILLING_HANDOFF.claims(request) for request in first]
    assert all(claims)
    billing.hear(first)
    assert billing.requests(order) == ()


def test_the_accepted_terms_are_handed_over_unchanged() -> None:
    """R262, R263, R274, R275, R408: no role of the parties is put for another, and the date is not the submission."""
    parties = Parties(
        customer_id="acme:cust-1",
        account_id="acme:acc-1",
        billing_account_id="acme:bill-9",
        payer_id="acme:payer-1",
        bill_to_id="acme:bill-to-1",
    )
    later = LIVE + timedelta(days=10)
    order = delivered(
        Action.ADD,
        MONTHLY,
        parties=parties,
        commercial=Commercial(currency="EUR", term_months=36, contract_ref="contract-1"),
        dates=RequestedDates(contract_effective=later),
    )
    (request,) = Billing().requests(order)
    assert request.terms == terms_of(order, order.items["a"], MONTHLY)
    assert (request.terms.billing_account_id, request.terms.payer_id) == ("acme:bill-9", "acme:payer-1")
    assert (request.terms.bill_to_id, request.terms.term_months) == ("acme:bill-to-1", 36)
    assert (request.service_activation_date, request.billing_trigger_date) == (LIVE, later)
    assert (request.account_id, request.intent) == ("acme:acc-1", order.intent)


def test_nothing_is_billed_before_it_is_delivered() -> None:
    """R477."""
    order = Desk(item("a", price_components=(MONTHLY,))).planned().standing
    with pytest.raises(Refusal) as caught:
        billing_requests(order, "a", LIVE, {}, OMS)
    assert caught.value.code == "STATE_ITEM"
    assert billing_requests(delivered(Action.ADD, MONTHLY, complete=False), "a", LIVE, {}, OMS)


@pytest.mark.parametrize("intent", sorted(OrderIntent))
@pytest.mark.parametrize("action", sorted(Action))
@pytest.mark.parametrize("priced", [True, False])
def test_the_plan_has_a_billing_task_where_billing_may_be_asked(
    action: Action, intent: OrderIntent, priced: bool
) -> None:
    """R469, R477: nothing is asked of billing without a task for it."""
    prices = (MONTHLY,) if priced else ()
    line = item("a", action, price_components=prices)
    asked = Billing().begun(MONTHLY).deliver(action, *prices, intent=intent)
    if asked:
        assert concerns_billing(intent, line)
