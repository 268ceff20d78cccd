"""Commands on product orders, as short as they can be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.command import Actor, Command
from domain.commercial import ChargeKind, Period, PriceComponent
from domain.money import Money
from domain.order_state.states import Action
from domain.product_order import commands as c
from domain.product_order.structure import Commercial, OrderIntent, OrderItem, OrderType, Parties
from domain.product_order.validation import ValidationContext

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
ACTOR = Actor(actor_id="robin", role="order-manager", system="portal", channel="web")


def at(moment: datetime, commands: Iterable[Command]) -> list[tuple[Command, datetime]]:
    """Commands that are all sent at one moment."""
    return [(command, moment) for command in commands]


def item(item_id: str = "1", amount: str = "19.9000") -> OrderItem:
    price = PriceComponent(
        component_id="monthly",
        kind=ChargeKind.RECURRING,
        price=Money(amount=Decimal(amount), currency="EUR"),
        period=Period.MONTH,
    )
    return OrderItem(
        item_id=item_id, line_number=1, action=Action.ADD, offering_id="fibre-500", price_components=(price,)
    )


def create(
    order_id: str,
    command_id: str,
    *,
    key: str | None = None,
    items: tuple[OrderItem, ...] | None = None,
    quote: str | None = None,
    expected_version: int | None = None,
) -> c.CreateProductOrder:
    return c.CreateProductOrder(
        aggregate_id=order_id,
        command_id=command_id,
        idempotency_key=f"key of {order_id}" if key is None else key or None,
        expected_version=expected_version,
        actor=ACTOR,
        correlation_id=f"corr-{order_id}",
        order_number=order_id.upper(),
        order_type=OrderType.PROVIDE,
        intent=OrderIntent.CUSTOMER_PURCHASE,
        quote_id=quote,
        quote_version=1 if quote else None,
        commercial=Commercial(currency="EUR"),
        parties=Parties(customer_id="cust", account_id="acc-1", billing_account_id="bill-1"),
        items=(item(),) if items is None else items,
    )


def submit(order_id: str, command_id: str, *, expected_version: int | None = None) -> c.SubmitProductOrder:
    return c.SubmitProductOrder(
        aggregate_id=order_id,
        command_id=command_id,
        expected_version=expected_version,
        actor=ACTOR,
        correlation_id=f"corr-{order_id}",
    )


def note(order_id: str, command_id: str, text: str = "Ring twice", key: str | None = None) -> c.AddOrderNote:
    return c.AddOrderNote(
        aggregate_id=order_id,
        command_id=command_id,
        idempotency_key=key,
        actor=ACTOR,
        correlation_id=f"corr-{order_id}",
        note=text,
    )


def life(order_id: str) -> list[Command]:
    """An order from capture to completion: nine commands."""
    envelope = {"aggregate_id": order_id, "actor": ACTOR, "correlation_id": f"corr-{order_id}"}
    context = ValidationContext(checked_at=START)
    return [
        create(order_id, f"{order_id}/c1"),
        submit(order_id, f"{order_id}/c2"),
        c.StartProductOrderValidation(command_id=f"{order_id}/c3", **envelope),
        c.CompleteProductOrderValidation(command_id=f"{order_id}/c4", context=context, **envelope),
        c.AcceptProductOrder(command_id=f"{order_id}/c5", **envelope),
        c.StartProductOrderDecomposition(command_id=f"{order_id}/c6", **envelope),
        c.CompleteProductOrderDecomposition(
            command_id=f"{order_id}/c7", plan_id=f"{order_id}/plan", rules_version="1", **envelope
        ),
        c.StartProductOrderItem(command_id=f"{order_id}/c8", item_id="1", **envelope),
        c.CompleteProductOrderItem(
            command_id=f"{order_id}/c9", item_id="1", service_activation_date=START + timedelta(days=1), **envelope
        ),
    ]
