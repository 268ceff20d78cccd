"""A product's billing told through the real aggregates, and the rows a fold makes of it."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.aggregate import AggregateType
from domain.billing_handoff.aggregate import BILLING_HANDOFF
from domain.billing_handoff.commands import WithdrawBillingActivation
from domain.billing_handoff.delivery import billing_requests
from domain.billing_handoff.states import BillingEffect
from domain.billing_verdict.fold import BillingHandoffs
from domain.charge import commands as c
from domain.charge.aggregate import CHARGE
from domain.command import Actor, Command, Origin
from domain.fold.fold import Row
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from domain.money import Money
from domain.non_billing_reason import commands as n
from domain.non_billing_reason.aggregate import NON_BILLING_REASON
from domain.non_billing_reason.states import NonBillingCode
from domain.order_state.states import Action
from domain.product_order import commands as o
from domain.product_order.aggregate import PRODUCT_ORDER
from domain.product_order.order import ProductOrder
from domain.product_order.structure import OrderItem
from domain.product_order.validation import ValidationContext
from tests.domain.orders import creation, item

FIRST = "acme:order-1/a"
MONTHLY = f"{FIRST}/monthly"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OMS = Origin(Actor(actor_id="oms-1", role="oms", system="oms"), "corr-1")


def at(month: int, day: int, hour: int = 9, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


class Story:
    """Orders, handoffs, charges and reasons, every event as a fold hears it."""

    def __init__(self) -> None:
        self.standing: dict[tuple[str, str], Any] = {}
        self.heard: list[Heard] = []
        self.now = at(1, 1)
        self.sent = 0
        self.asked: list[Any] = []

    def carry_out(self, kind: AggregateType[Any], command: Command) -> tuple[Any, ...]:
        self.now += timedelta(minutes=1)
        key = (kind.name, command.aggregate_id)
        events = kind.decide(self.standing.get(key), command, self.now)
        for event in events:
            self.standing[key] = kind.evolve(self.standing.get(key), event)
            self.heard.append(heard(kind.name, command.aggregate_id, event, self.now, len(self.heard)))
        return events

    def send(self, kind: AggregateType[Any], command: type[Command], role: str, identity: str, **fields: Any) -> Any:
        self.sent += 1
        base = {"aggregate_id": identity, "command_id": f"command-{self.sent}", "correlation_id": "corr-1"}
        actor = Actor(actor_id=fields.pop("actor_id", f"{role}-1"), role=role, system=role)
        return self.carry_out(kind, command(**base, actor=actor, **fields))[-1]

    def order(self, number: int, *items: OrderItem, when: datetime, **fields: Any) -> None:
        """An accepted order."""
        self.now = when
        identity = f"acme:order-{number}"
        self.carry_out(PRODUCT_ORDER, creation(items, f"create {number}", aggregate_id=identity, **fields))
        self.says(number, o.SubmitProductOrder)
        self.says(number, o.AcceptProductOrder, context=ValidationContext(checked_at=self.now))
        self.says(number, o.CompleteProductOrderDecomposition, plan_id=f"plan-{number}", rules_version="1")

    def says(self, number: int, command: type[Command], **fields: Any) -> Any:
        return self.send(PRODUCT_ORDER, command, "order-manager", f"acme:order-{number}", **fields)

    def hand_over(self, number: int, item_id: str = "a") -> None:
        """Ask billing for what follows from an item that is delivered now."""
        order: ProductOrder = self.standing[PRODUCT_ORDER.name, f"acme:order-{number}"]
        handoffs = {key[1]: value for key, value in self.standing.items() if key[0] == BILLING_HANDOFF.name}
        for request in billing_requests(order, item_id, self.now, handoffs, _OMS):
            self.asked += self.carry_out(BILLING_HANDOFF, request)

    def withdraw(self, number: int, handoff_id: str = MONTHLY, item_id: str = "a") -> None:
        about = {"order_id": f"acme:order-{number}", "item_id": item_id}
        why = {"evidence_ref": "check-1", "reason_code": "PAPERS_MISSING"}
        self.send(BILLING_HANDOFF, WithdrawBillingActivation, "oms", handoff_id, **about, **why)

    def deliver(self, number: int, when: datetime, *item_ids: str, handed_over: bool = True) -> None:
        """Deliver items of an order, hand them over, and complete them."""
        for item_id in item_ids or ("a",):
            self.now = when
            self.says(number, o.StartProductOrderItem, item_id=item_id)
            live = self.now
            if handed_over:
                self.hand_over(number, item_id)
            self.says(number, o.CompleteProductOrderItem, item_id=item_id, service_activation_date=live)

    def sold(self, *prices: Any, when: datetime, number: int = 1, **fields: Any) -> Story:
        """A product that was ordered and delivered on one day."""
        self.order(number, item("a", price_components=prices), when=when, **fields)
        self.deliver(number, when + timedelta(hours=1))
        return self

    def changed(self, number: int, action: Action, *prices: Any, when: datetime, **fields: Any) -> Story:
        """The first product, changed by an order of one day."""
        named = (
            {"product_instance_id": FIRST} if action is not Action.REPLACE else {"replaces_product_instance_id": FIRST}
        )
        self.order(number, item("a", action, price_components=prices, **named), when=when, **fields)
        self.deliver(number, when + timedelta(hours=1))
        return self

    def answered(self, **changes: Any) -> Story:
        """Billing does what it was asked to; `changes` is what it does otherwise when it begins or amends."""
        asked, self.asked = self.asked, []
        for request in asked:
            self._answer(request, changes)
        return self

    def _answer(self, request: Any, changes: dict[str, Any]) -> None:
        identity = f"{request.handoff_id}/charge"
        item_of = {"order_id": request.order_id, "item_id": request.item_id}
        match request.effect:
            case BillingEffect.BEGIN:
                about = {"product_instance_id": request.product_instance_id, "account_id": request.account_id}
                self.charge(c.ActivateCharge, identity, **{**terms(request), **about, **changes})
            case BillingEffect.AMEND | BillingEffect.RENEW:
                self.charge(c.AmendCharge, identity, **{**terms(request), **changes})
            case BillingEffect.SUSPEND:
                self.charge(c.SuspendCharge, identity, effective_from=request.billing_trigger_date, **item_of)
            case BillingEffect.RESUME:
                self.charge(c.ResumeCharge, identity, effective_from=request.billing_trigger_date, **item_of)
            case BillingEffect.END:
                self.charge(c.TerminateCharge, identity, effective_until=request.billing_end_date, **item_of)

    def charge(self, command: type[Command], identity: str = f"{MONTHLY}/charge", **fields: Any) -> Any:
        role = "billing-supervisor" if command is c.CorrectCharge else "billing"
        return self.send(CHARGE, command, role, identity, **fields)

    def excuse(self, when: datetime, until: datetime | None = None) -> None:
        """An approved reason not to bill the monthly price of the first product."""
        amount = Money(amount=100, currency="EUR")
        self.send(
            NON_BILLING_REASON,
            n.RequestNonBillingReason,
            "billing-operator",
            MONTHLY,
            order_id="acme:order-1",
            item_id="a",
            product_instance_id=FIRST,
            component_id="monthly",
            code=NonBillingCode.TRIAL,
            valid_from=when,
            valid_until=until,
            amount_per_period=amount,
            justification="a trial",
        )
        limit = {"authority_limit": Money(amount=1000, currency="EUR")}
        self.send(NON_BILLING_REASON, n.ApproveNonBillingReason, "finance-approver", MONTHLY, **limit)

    def rows(self, until: datetime, fold: BillingHandoffs | None = None) -> dict[tuple[str, str], Row]:
        return rows_of(fold or BillingHandoffs(), self.heard, us(until))

    def row(self, until: datetime, key: str = MONTHLY, fold: BillingHandoffs | None = None) -> dict[str, Any]:
        return dict(self.rows(until, fold)["BillingHandoffVerdict", key].data)

    def verdict(self, until: datetime, key: str = MONTHLY) -> str:
        return str(self.row(until, key)["verdict"])

    def findings(self, until: datetime) -> list[dict[str, Any]]:
        return [dict(row.data) for (record, _), row in self.rows(until).items() if record == "DriftFinding"]

    def without(self, *kinds: str) -> Story:
        """As if some events had never come."""
        self.heard = [event for event in self.heard if event.kind not in kinds]
        return self


def terms(request: Any) -> dict[str, Any]:
    """What billing is handed over, as it charges it."""
    return {
        "order_id": request.order_id,
        "item_id": request.item_id,
        "component": request.terms.component,
        "billing_account_id": request.terms.billing_account_id,
        "handoff_id": request.handoff_id,
        "billing_trigger_date": request.billing_trigger_date,
        "effective_from": request.billing_trigger_date,
    }


def heard(aggregate: str, subject: str, event: Any, when: datetime, offset: int = 0) -> Heard:
    """An event as it is on the wire."""
    kind, data = type(event).__name__, event.model_dump(by_alias=True)
    content = zlib.crc32(repr(sorted(data.items(), key=lambda one: one[0])).encode())
    identity = f"{subject}/{data['version']}/{content}"
    return Heard(
        kind, subject, aggregate, data["version"], identity, content, us(when), us(when), data, aggregate, 0, offset
    )
