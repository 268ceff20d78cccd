"""BillingHandoff: its machine, and that it hands over what was accepted and nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.billing_handoff import commands as c
from domain.billing_handoff import events as e
from domain.billing_handoff.aggregate import BILLING_HANDOFF, MACHINE
from domain.billing_handoff.handoff import BillingHandoff, evolve, handoff_id_of
from domain.billing_handoff.states import EFFECTS_OF, FIRST, NEXT, BillingEffect, HandoffState
from domain.billing_handoff.terms import BillingTerms
from domain.command import Actor, Command
from domain.commercial import ChargeKind, Discount, Period, PriceComponent
from domain.errors import Refusal
from domain.order_state.states import Action
from domain.product_order.structure import OrderIntent
from tests.domain.machine_walk import (
    NOW,
    Choose,
    Subject,
    check_beginning,
    check_emissions,
    check_matrix,
    check_roles,
    check_table,
    envelope,
    walk,
)
from tests.domain.orders import ORDER_ID, price

INSTANCE = f"{ORDER_ID}/a"
HANDOFF = handoff_id_of(INSTANCE, "monthly")
H, E = HandoffState, BillingEffect


def terms(component: PriceComponent | None = None, **fields: Any) -> BillingTerms:
    base = {
        "component": component or price("349.00"),
        "currency": "EUR",
        "customer_id": "acme:cust-1",
        "billing_account_id": "acme:bill-1",
        "offering_id": "acme:offering-a",
        "item_quantity": 1,
    }
    return BillingTerms(**{**base, **fields})


REQUEST: dict[str, Any] = {
    "order_id": ORDER_ID,
    "item_id": "a",
    "account_id": "acme:acc-1",
    "product_instance_id": INSTANCE,
    "action": Action.ADD,
    "effect": E.BEGIN,
    "intent": OrderIntent.CUSTOMER_PURCHASE,
    "terms": terms(),
    "service_activation_date": NOW,
    "billing_trigger_date": NOW,
}
ACTION_OF = {
    E.BEGIN: Action.MODIFY,
    E.AMEND: Action.MODIFY,
    E.SUSPEND: Action.SUSPEND,
    E.RESUME: Action.RESUME,
    E.RENEW: Action.RENEW,
    E.END: Action.DELETE,
}


def sample(handoff: BillingHandoff | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    base = envelope(MACHINE, kind, HANDOFF, command_id, choose)
    order_id = choose((ORDER_ID, *(f"acme:order-{n}" for n in range(2, 9))))
    newest = handoff.newest if handoff else None
    if kind is c.WithdrawBillingActivation:
        named = newest.order_id if newest and choose((True, True, False)) else order_id
        return kind(**base, order_id=named, item_id="a", evidence_ref="ticket-1")
    effect = choose(tuple(BillingEffect) if handoff is None or choose((True, False)) else tuple(NEXT[handoff.state]))
    fields = {
        **REQUEST,
        "order_id": order_id,
        "effect": effect,
        "action": choose((*(ACTION_OF[effect],) * 3, *Action)),
        "intent": choose((OrderIntent.CUSTOMER_PURCHASE,) * 5 + (OrderIntent.INTERNAL_MIGRATION,)),
        "billing_end_date": NOW if effect is E.END else choose((None,) * 5 + (NOW,)),
    }
    return kind(**base, **fields)


SUBJECT = Subject(MACHINE, e.EVENTS, HandoffState, sample)
TestWalk = walk(SUBJECT)


class HandoffDesk:
    """Sends commands to one handoff, each request for an order of its own."""

    def __init__(self, **fields: Any) -> None:
        self.handoff: BillingHandoff | None = None
        self.events: list[Any] = []
        if fields.pop("begun", True):
            self.request(E.BEGIN, c.RequestBillingActivation, action=Action.ADD, **fields)

    @property
    def state(self) -> HandoffState:
        assert self.handoff is not None
        return self.handoff.state

    def command(self, kind: type[Command], role: str, /, **fields: Any) -> Command:
        actor = Actor(actor_id=f"{role}-1", role=role, system="oms")
        command_id = f"command-{len(self.events)}"
        identity = {"aggregate_id": HANDOFF, "command_id": command_id, "correlation_id": "corr-1", "actor": actor}
        return kind(**{**identity, **fields})

    def _request(self, effect: BillingEffect, kind: type[Command], fields: dict[str, Any]) -> Command:
        end = {"billing_end_date": NOW} if effect is E.END else {}
        about = {"effect": effect, "action": ACTION_OF[effect], "order_id": f"acme:order-{len(self.events) + 1}"}
        return self.command(kind, "oms", **{**REQUEST, **about, **end, **fields})

    def carry_out(self, command: Command) -> Any:
        (event,) = MACHINE.decide(self.handoff, command, NOW)
        self.handoff = evolve(self.handoff, event)
        self.events.append(event)
        return event

    def request(self, effect: BillingEffect, kind: type[Command] = c.RequestBillingChange, /, **fields: Any) -> Any:
        return self.carry_out(self._request(effect, kind, fields))

    def refused(self, effect: BillingEffect, kind: type[Command] = c.RequestBillingChange, /, **fields: Any) -> str:
        return self.refusal(self._request(effect, kind, fields))

    def withdraw(self, number: int, role: str = "oms", **fields: Any) -> Command:
        about = {"order_id": f"acme:order-{number}", "item_id": "a", "evidence_ref": "ticket-1"}
        return self.command(c.WithdrawBillingActivation, role, **{**about, "reason_code": "CANCELLED", **fields})

    def refusal(self, command: Command) -> str:
        with pytest.raises(Refusal) as caught:
            MACHINE.decide(self.handoff, command, NOW)
        assert caught.value.remediation
        return caught.value.code


def test_the_table_and_the_machine_agree() -> None:
    """R153-R162."""
    check_table(SUBJECT, c)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)
    assert set(BILLING_HANDOFF.events) == {event.__name__ for event in e.EVENTS}
    assert set(NEXT) == set(HandoffState)
    assert set(FIRST) == set(BillingEffect)
    assert set(EFFECTS_OF) == set(Action)


def test_a_component_is_handed_over_with_everything_billing_needs() -> None:
    """R262, R263, R273, R275: exactly the accepted terms, the discount's duration and two distinct dates."""
    discount = Discount(percent=Decimal(10), periods=12, evidence_ref="promo-year-one")
    agreed = terms(price("349.00", quantity=3, discounts=(discount,), price_fingerprint="fp-price"), term_months=36)
    event = HandoffDesk(terms=agreed, billing_trigger_date=NOW + timedelta(days=3)).events[0]
    assert event.terms == agreed
    assert event.terms.component.discounts == (discount,)
    assert (event.terms.component.quantity, event.terms.component.period) == (3, Period.MONTH)
    assert event.service_activation_date == NOW
    assert event.billing_trigger_date == NOW + timedelta(days=3)
    assert (event.product_instance_id, event.component_id) == (INSTANCE, "monthly")
    assert event.terms_fingerprint == agreed.fingerprint() != terms().fingerprint()


def test_requests_follow_on_one_another() -> None:
    desk = HandoffDesk()
    assert desk.refused(E.RESUME) == "STATE_BILLING_EFFECT"
    desk.request(E.AMEND)
    desk.request(E.SUSPEND)
    assert desk.refused(E.SUSPEND) == "STATE_BILLING_EFFECT"
    desk.request(E.RENEW)
    assert desk.state is H.SUSPENDED
    desk.request(E.RESUME)
    assert desk.request(E.END).to_state is H.ENDED
    assert desk.refused(E.RENEW) == "STATE_BILLING_EFFECT"
    assert [event.supersedes_version for event in desk.events] == [None, 1, 2, 3, 4, 5]


def test_a_product_billed_since_before_the_platform_begins_with_its_first_change() -> None:
    """R553."""
    for effect, state in FIRST.items():
        desk = HandoffDesk(begun=False)
        desk.request(effect, c.RequestBillingActivation)
        assert desk.state is state


def test_an_item_is_handed_over_once() -> None:
    """R397, R542: under another command id, too."""
    desk = HandoffDesk()
    again = {"order_id": "acme:order-1"}
    assert desk.refused(E.AMEND, **again) == "CONFLICT_ALREADY_HANDED_OVER"
    assert desk.refused(E.BEGIN, c.RequestBillingActivation, action=Action.ADD, **again).endswith("HANDOFF_EXISTS")


def test_what_does_not_bill_is_not_handed_over() -> None:
    """R469, R470."""
    desk = HandoffDesk()
    assert desk.refused(E.AMEND, intent=OrderIntent.INTERNAL_MIGRATION) == "POLICY_NOT_BILLABLE"
    included = terms(price("1.00", billed_through_item_id="b"))
    assert desk.refused(E.AMEND, terms=included) == "POLICY_BILLED_THROUGH_PARENT"
    desk.request(E.END, intent=OrderIntent.INTERNAL_MIGRATION)
    assert desk.state is H.ENDED


def test_the_action_decides_what_is_asked() -> None:
    """R305."""
    desk = HandoffDesk(begun=False)
    kind = c.RequestBillingActivation
    for action in Action:
        for effect in BillingEffect:
            refused = effect not in EFFECTS_OF[action]
            command = desk._request(effect, kind, {"action": action})
            assert (desk.refusal(command) == "POLICY_BILLING_EFFECT") if refused else MACHINE.decide(None, command, NOW)
    once = price("450.00", kind=ChargeKind.ONE_TIME, period=None)
    assert desk.refused(E.END, kind, terms=terms(once)) == "POLICY_BILLING_EFFECT"
    assert desk.request(E.BEGIN, kind, terms=terms(once), action=Action.DELETE).state is H.BILLING


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"terms": terms(price("1.00", period=None))}, "STRUCTURAL_PERIOD"),
        ({"terms": terms(price("1.00", kind=ChargeKind.USAGE))}, "STRUCTURAL_PERIOD"),
        ({"terms": terms(price("1.00"), currency="USD")}, "CONFLICT_CURRENCY"),
        ({"terms": terms(price("1.00", component_id="setup"))}, "STRUCTURAL_HANDOFF_ID"),
        ({"billing_trigger_date": NOW - timedelta(seconds=1)}, "POLICY_BILLED_BEFORE_ACTIVATION"),
        ({"billing_end_date": NOW}, "STRUCTURAL_BILLING_END"),
        ({"account_id": "other:acc-1"}, "AUTHORIZATION_TENANT"),
        (
            {"service_activation_date": NOW + timedelta(1), "billing_trigger_date": NOW + timedelta(2)},
            "STRUCTURAL_TIME_AHEAD",
        ),
    ],
)
def test_incomplete_terms_are_refused(fields: dict[str, Any], code: str) -> None:
    """R262, R274, R477: billing must not have to guess, nor bill before the service is live."""
    assert HandoffDesk(begun=False).refused(E.BEGIN, c.RequestBillingActivation, **fields) == code
    assert HandoffDesk().refused(E.AMEND, **fields) == code


def test_a_withdrawal_restores_what_held_before() -> None:
    """R124, R399: nothing is overwritten, and the newest request goes first."""
    desk = HandoffDesk()
    desk.request(E.SUSPEND)
    assert desk.refusal(desk.withdraw(1)) == "CONFLICT_NOT_THE_NEWEST"
    assert desk.refusal(desk.withdraw(2, reason_code=None)) == "STRUCTURAL_REASON_MISSING"
    event = desk.carry_out(desk.withdraw(2, "order-manager"))
    assert (event.withdrawn_version, event.restored_version, event.effect) == (2, 1, E.SUSPEND)
    assert (event.from_state, event.to_state) == (H.SUSPENDED, H.BILLING)
    last = desk.carry_out(desk.withdraw(1))
    assert (last.withdrawn_version, last.restored_version, last.state) == (1, None, H.WITHDRAWN)
    assert desk.refusal(desk.withdraw(1)) == "STATE_ILLEGAL_TRANSITION"
    desk.request(E.BEGIN, action=Action.ADD, order_id="acme:order-1")
    assert desk.state is H.BILLING
    assert [event.version for event in desk.events] == [1, 2, 3, 4, 5]


def test_a_handoff_begins_with_a_request() -> None:
    desk = HandoffDesk()
    event = desk.carry_out(desk.withdraw(1))
    with pytest.raises(ValueError, match="is a withdrawal"):
        evolve(None, event)
    with pytest.raises(TypeError, match="no event"):
        evolve(desk.handoff, desk.withdraw(1))
