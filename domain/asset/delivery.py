"""Which commands bring assets in line with a delivered order item (R305, R459-R466)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.asset import commands as c
from domain.billing_handoff.policy import BILLABLE_INTENTS, bills_by_itself
from domain.command import Command, Origin
from domain.errors import Refusal
from domain.order_state.states import Action
from domain.product_order.order import ProductOrder
from domain.product_order.structure import OrderItem


def asset_commands(order: ProductOrder, item_id: str, effective_date: datetime, origin: Origin) -> tuple[Command, ...]:
    """What inventory records for an item whose service was delivered at `effective_date`.

    A REPLACE first activates the new product, then terminates the old one (R476); a NO_CHANGE records nothing. Sent
    twice, the commands are answered from memory. Raises `Refusal` for an item without the product it acts on.
    """
    item = order.items[item_id]
    return tuple(_command(order, item, effective_date, origin, *step) for step in _STEPS[item.action](order, item))


_Step = tuple[type[Command], str | None, dict[str, Any]]


def _command(
    order: ProductOrder,
    item: OrderItem,
    effective_date: datetime,
    origin: Origin,
    kind: type[Command],
    instance: str | None,
    fields: Mapping[str, Any],
) -> Command:
    if instance is None:
        message = f"Item {item.item_id} of order {order.order_id} names no installed product."
        raise Refusal("STATE_NOT_ACCEPTED", message, remediation="Accept the order first.", stage="FULFILLMENT")
    about = {"order_id": order.order_id, "item_id": item.item_id, "effective_date": effective_date}
    return kind(**origin.envelope(instance, kind, order.order_id, item.item_id), **about, **fields)


def _activation(order: ProductOrder, item: OrderItem) -> _Step:
    fields = {
        "account_id": order.account_id,
        "offering_id": item.offering_id,
        "action": item.action,
        "configuration": item.configuration,
        "configuration_fingerprint": _fingerprint(order, item),
        "billable": _bills(order, item),
        "replaces_product_instance_id": item.replaces_product_instance_id,
    }
    return c.ActivateAsset, item.product_instance_id, fields


def _bills(order: ProductOrder, item: OrderItem) -> bool:
    return order.intent in BILLABLE_INTENTS and any(bills_by_itself(p) for p in item.price_components)


def _fingerprint(order: ProductOrder, item: OrderItem) -> str:
    """The accepted fingerprint; it is carried, not computed, so that a difference from what was sold shows (R96)."""
    if item.configuration_fingerprint is None:
        message = f"Item {item.item_id} of order {order.order_id} has no configuration fingerprint."
        raise Refusal(
            "STRUCTURAL_CONFIGURATION_FINGERPRINT",
            message,
            remediation="Order it with the fingerprint of its configuration.",
            stage="FULFILLMENT",
        )
    return item.configuration_fingerprint


def _replacement(order: ProductOrder, item: OrderItem) -> tuple[_Step, ...]:
    ended = {"replaced_by_product_instance_id": item.product_instance_id}
    return _activation(order, item), (c.TerminateAsset, item.replaces_product_instance_id, ended)


def _modification(order: ProductOrder, item: OrderItem) -> _Step:
    fields = {
        "offering_id": item.offering_id,
        "configuration": item.configuration,
        "configuration_fingerprint": _fingerprint(order, item),
        # A change that states no price of its own leaves open whether the product bills.
        "billable": True if _bills(order, item) else None,
    }
    return c.ModifyAsset, item.product_instance_id, fields


def _plain(kind: type[Command]) -> Callable[[ProductOrder, OrderItem], tuple[_Step, ...]]:
    return lambda _, item: ((kind, item.product_instance_id, {}),)


_STEPS: Mapping[Action, Callable[[ProductOrder, OrderItem], tuple[_Step, ...]]] = {
    Action.ADD: lambda order, item: (_activation(order, item),),
    Action.REPLACE: _replacement,
    Action.MODIFY: lambda order, item: (_modification(order, item),),
    Action.RENEW: _plain(c.RenewAsset),
    Action.SUSPEND: _plain(c.SuspendAsset),
    Action.RESUME: _plain(c.ResumeAsset),
    Action.DELETE: _plain(c.TerminateAsset),
    Action.NO_CHANGE: lambda _, __: (),
}
