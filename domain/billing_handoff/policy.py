"""Which intents and items bill (R469, R470)."""

from __future__ import annotations

from domain.commercial import PriceComponent
from domain.order_state.states import Action
from domain.product_order.structure import OrderIntent, OrderItem

BILLABLE_INTENTS = frozenset(OrderIntent) - {OrderIntent.INTERNAL_MIGRATION}
ENDING_ACTIONS = frozenset({Action.DELETE, Action.REPLACE})
"""Actions that end an installed product; whatever is billed for it ends with it, under any intent."""

CARRYING_ON = frozenset({Action.SUSPEND, Action.RESUME, Action.RENEW})
"""Actions that concern what is billed already, also where they state no price."""


def bills_by_itself(component: PriceComponent) -> bool:
    """Whether a component is charged; what is billed through another item is in that item's price (R470)."""
    return component.billed_through_item_id is None


def concerns_billing(intent: OrderIntent, item: OrderItem) -> bool:
    """Whether billing has to hear of an item once it is delivered."""
    if item.action in ENDING_ACTIONS:
        return True
    if item.action is Action.NO_CHANGE or intent not in BILLABLE_INTENTS:
        return False
    if not item.price_components:
        return item.action in CARRYING_ON
    return any(bills_by_itself(component) for component in item.price_components)
