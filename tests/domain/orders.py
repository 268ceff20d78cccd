"""A desk that sends commands to one order, and shorthands for orders in every state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.command import Actor, Command
from domain.commercial import ChargeKind, Period, PriceComponent
from domain.errors import Refusal
from domain.money import Money
from domain.order_state.states import Action, HeaderState, ItemState, Repair
from domain.product_order import commands as c
from domain.product_order import events as e
from domain.product_order.aggregate import decide
from domain.product_order.order import ProductOrder, evolve
from domain.product_order.structure import (
    Commercial,
    Contact,
    DocumentRef,
    OrderIntent,
    OrderItem,
    OrderType,
    Parties,
    RequestedDates,
)
from domain.product_order.validation import ValidationContext
from streams.order_state_stored import to_bytes

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
ORDER_ID = "acme:order-1"
NEEDS_PRODUCT = frozenset({Action.MODIFY, Action.DELETE, Action.SUSPEND, Action.RESUME, Action.RENEW})


def actor(role: str = "order-manager", system: str = "oms") -> Actor:
    return Actor(actor_id=f"{role}-1", role=role, system=system, channel="direct")


def item(item_id: str, action: Action = Action.ADD, **fields: Any) -> OrderItem:
    """A well-formed line of the given action."""
    if action in NEEDS_PRODUCT:
        fields.setdefault("product_instance_id", f"acme:installed/{item_id}")
    if action is Action.REPLACE:
        fields.setdefault("replaces_product_instance_id", f"acme:installed/{item_id}")
    fields.setdefault("line_number", int.from_bytes(item_id.encode(), "big") + 1)
    fields.setdefault("quote_line_id", f"line-{item_id}")
    return OrderItem(item_id=item_id, action=action, offering_id=f"acme:offering-{item_id}", **fields)


def price(amount: str, component_id: str = "monthly", currency: str = "EUR", **fields: Any) -> PriceComponent:
    money = Money(amount=Decimal(amount), currency=currency)
    fields.setdefault("kind", ChargeKind.RECURRING)
    fields.setdefault("period", Period.MONTH)
    return PriceComponent(component_id=component_id, price=money, **fields)


PARTIES = Parties(customer_id="acme:cust-1", account_id="acme:acc-1", billing_account_id="acme:bill-1")


def envelope(command_id: str, role: str = "order-manager", **fields: Any) -> dict[str, Any]:
    base = {"aggregate_id": ORDER_ID, "command_id": command_id, "actor": actor(role), "correlation_id": "corr-1"}
    return {**base, **fields}


def creation(items: Iterable[OrderItem] = (), command_id: str = "create", **fields: Any) -> c.CreateProductOrder:
    role = fields.pop("role", "sales")
    base: dict[str, Any] = {
        "idempotency_key": "key-1",
        "order_number": "PO-1",
        "order_type": OrderType.PROVIDE,
        "intent": OrderIntent.CUSTOMER_PURCHASE,
        "commercial": Commercial(currency="EUR"),
        "parties": PARTIES,
        "items": tuple(items) or (item("a"), item("b")),
    }
    if fields.pop("no_items", False):
        base["items"] = ()
    return c.CreateProductOrder(**{**envelope(command_id, role), **base, **fields})


class Desk:
    """Sends commands to one order and keeps every event it leaves."""

    def __init__(self, *items: OrderItem, **fields: Any) -> None:
        self.order: ProductOrder | None = None
        self.events: list[e.ProductOrderEvent] = []
        self.now = NOW
        self.sent = 0
        self.carry_out(creation(items, **fields))

    @property
    def standing(self) -> ProductOrder:
        assert self.order is not None
        return self.order

    @property
    def state(self) -> HeaderState:
        return self.standing.state

    def command(self, kind: type[Command], role: str = "order-manager", **fields: Any) -> Command:
        self.sent += 1
        return kind(**envelope(f"command-{self.sent}", role, aggregate_id=self.standing.order_id), **fields)

    def carry_out(self, command: Command) -> list[str]:
        """Decide and evolve; the names of the events without `ProductOrder`."""
        self.now += timedelta(minutes=1)
        decided = decide(self.order, command, self.now)
        for event in decided:
            self.order = evolve(self.order, event)
        self.events += decided
        return [type(event).__name__.removeprefix("ProductOrder") for event in decided]

    def send(self, kind: type[Command], role: str = "order-manager", **fields: Any) -> list[str]:
        return self.carry_out(self.command(kind, role, **fields))

    def refused(self, kind: type[Command], role: str = "order-manager", **fields: Any) -> Refusal:
        """The refusal of a command that must change nothing."""
        command = self.command(kind, role, **fields)
        before = self.standing
        facts = to_bytes(before.facts)
        with pytest.raises(Refusal) as caught:
            decide(before, command, self.now)
        assert self.standing is before
        assert to_bytes(before.facts) == facts
        return caught.value

    def item(self, item_id: str) -> ItemState:
        return self.standing.item_state(item_id)

    def submitted(self) -> Desk:
        self.send(c.SubmitProductOrder)
        return self

    def validating(self) -> Desk:
        self.submitted().send(c.StartProductOrderValidation)
        return self

    def accepted(self) -> Desk:
        self.submitted().send(c.AcceptProductOrder, context=ValidationContext(checked_at=self.now))
        return self

    def planned(self) -> Desk:
        self.accepted().send(c.StartProductOrderDecomposition)
        self.send(c.CompleteProductOrderDecomposition, plan_id="plan-1", rules_version="rules.v1")
        return self

    def start(self, *item_ids: str) -> Desk:
        for item_id in item_ids:
            self.send(c.StartProductOrderItem, item_id=item_id)
        return self

    def complete(self, *item_ids: str) -> Desk:
        for item_id in item_ids:
            self.start(item_id).send(c.CompleteProductOrderItem, item_id=item_id)
        return self

    def fail(self, item_id: str, repair: Repair) -> list[str]:
        return self.send(c.FailProductOrderItem, item_id=item_id, repair=repair, failure_code="BROKEN")


def desk_in(state: HeaderState) -> Desk:
    """An order of the lines a and b in each of the header states."""
    desk = Desk(item("a"), item("b"))
    match state:
        case HeaderState.DRAFT:
            return desk
        case HeaderState.SUBMITTED:
            return desk.submitted()
        case HeaderState.VALIDATING:
            return desk.validating()
        case HeaderState.ACCEPTED:
            return desk.planned()
        case HeaderState.REJECTED:
            desk.submitted().send(c.RejectProductOrder, reason_code="NOT_WANTED")
            return desk
        case HeaderState.CANCELLED:
            desk.send(c.CancelProductOrder)
            return desk
        case HeaderState.COMPLETED:
            return desk.planned().complete("a", "b")
    desk.planned().start("a")
    match state:
        case HeaderState.FALLOUT:
            desk.fail("a", Repair.HUMAN)
        case HeaderState.CANCELLING:
            desk.send(c.CancelProductOrder)
        case HeaderState.PARTIALLY_COMPLETED:
            desk.send(c.CompleteProductOrderItem, item_id="a")
            desk.start("b").fail("b", Repair.NONE)
        case HeaderState.FAILED_CLOSED:
            desk.start("b").fail("a", Repair.NONE)
            desk.fail("b", Repair.NONE)
    assert desk.state is state
    return desk


CONTEXT = ValidationContext(checked_at=NOW)
SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.AmendProductOrder: {"items": (item("a"), item("b"), item("c"))},
    c.SubmitProductOrder: {},
    c.StartProductOrderValidation: {},
    c.CompleteProductOrderValidation: {"context": CONTEXT},
    c.AcceptProductOrder: {"context": CONTEXT},
    c.RejectProductOrder: {"reason_code": "NOT_WANTED"},
    c.StartProductOrderDecomposition: {},
    c.CompleteProductOrderDecomposition: {"plan_id": "plan-2", "rules_version": "rules.v1"},
    c.FailProductOrderDecomposition: {"rules_version": "rules.v1", "failure_code": "NO_RULE"},
    c.StartProductOrderItem: {"item_id": "a"},
    c.HoldProductOrderItem: {"item_id": "a", "waiting_for": "carrier"},
    c.CompleteProductOrderItem: {"item_id": "a"},
    c.FailProductOrderItem: {"item_id": "a", "repair": Repair.AUTO, "failure_code": "BROKEN"},
    c.RaiseProductOrderFallout: {"fallout_id": "f-9", "repair": Repair.HUMAN, "failure_code": "BROKEN"},
    c.ResolveProductOrderFallout: {"fallout_id": "f-9", "repair_ref": "ticket-1"},
    c.CancelProductOrder: {},
    c.RefuseProductOrderCancellation: {"reason_code": "TOO_LATE"},
    c.CancelProductOrderItem: {"item_id": "a"},
    c.AddOrderNote: {"note": "Ring twice"},
    c.AttachOrderDocument: {"document": DocumentRef(document_id="d-1", kind="plan", content_hash="00")},
    c.UpdateRequestedDate: {"dates": RequestedDates(requested_completion=NOW)},
    c.UpdateContactDetails: {"contact": Contact(name="Site contact")},
    c.CloseProductOrderAsFailed: {"reason_code": "NOT_DELIVERABLE"},
}
"""Well-formed fields of every command that acts on a standing order."""
