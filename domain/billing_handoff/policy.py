"""Which intents and items bill (R469, R470)."""

from __future__ import annotations

from domain.commercial import PriceComponent
from domain.order_state.states import Action
from domain.product_order.structure import OrderIntent, OrderItem

BILLABLE_INTENTS = frozenset(OrderIntent) - {OrderIntent.INTERNAL_MIGRATION}
ENDING_ACTIONS = frozenset({Action.DELETE, Action.REPLACE})
"""Actions that end an installed product; whatever is billed for it ends with it, under any intent."""


def bills_by_itself(component: PriceComponent) -> bool:
    """Whether a component is charged; what is billed through another item is in that item's price (R470)."""
    return component.billed_through_item_id is None


def concerns_billing(intent: OrderIntent, item: OrderItem) -> bool:
    """Whether billing has to hear of an item once it is delivered."""
    if item.action is Action.NO_CHANGE:
        return False
    if item.action in ENDING_ACTIONS:
        return True
    billed = item.price_components
    # A change without prices of its own still stops, resumes or prolongs what is billed already.
    return intent in BILLABLE_INTENTS and (not billed or any(bills_by_itself(c) for c in billed))
