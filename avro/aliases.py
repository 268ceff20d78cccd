"""Other names for the same fact or action, put right on read and reported so that they can be counted (R51, R483)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.envelope import kebab
from domain.order_state.states import ACTION_ALIASES

EVENT_ALIASES: Mapping[str, str] = {
    "OrderCompleted": "ProductOrderCompleted",
    "OrderFulfilled": "ProductOrderCompleted",
    "OrderFalloutDetected": "ProductOrderFalloutRaised",
    "OrderEnteredFallout": "ProductOrderFalloutRaised",
    "OrderFulfillmentFailed": "ProductOrderFalloutRaised",
    "OrderCreated": "ProductOrderCreated",
    "OrderSubmitted": "ProductOrderSubmitted",
    "OrderValidated": "ProductOrderValidated",
    "OrderDecomposed": "ProductOrderDecomposed",
    "QuoteSubmitted": "QuoteSubmittedForApproval",
}
T = TypeVar("T")

_AGGREGATES = ("ProductOrder", "Quote")
_BY_KEBAB = {kebab(alias): name for alias, name in EVENT_ALIASES.items()}
_ACTION = "action"
_ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Normalised(Generic[T]):
    """A value under its canonical names, and the aliases that were replaced, each as often as it was found."""

    value: T
    aliases: tuple[str, ...] = ()


def canonical_event(name: str) -> Normalised[str]:
    """The contract's name of an event: `OrderFulfilled` is a ProductOrderCompleted."""
    canonical = EVENT_ALIASES.get(name)
    return Normalised(name) if canonical is None else Normalised(canonical, (name,))


def canonical_event_type(event_type: str) -> Normalised[str]:
    """The contract's CloudEvents type: an aliased event is put under its canonical aggregate, too.

    `com.ordertruth.oms.order.order-completed.v1` is `com.ordertruth.oms.product-order.product-order-completed.v1`.
    """
    parts = event_type.split(".")
    if len(parts) < 3:  # aggregate, event, version
        return Normalised(event_type)
    canonical = _BY_KEBAB.get(parts[-2])
    if canonical is None:
        return Normalised(event_type)
    alias = next(a for a in EVENT_ALIASES if kebab(a) == parts[-2])
    aggregate = next(a for a in _AGGREGATES if canonical.startswith(a))
    return Normalised(".".join((*parts[:-3], kebab(aggregate), kebab(canonical), parts[-1])), (alias,))


def canonical_actions(data: dict[str, Any]) -> Normalised[dict[str, Any]]:
    """A record whose own and whose items' `action` is named as in the contract (DISCONNECT, TERMINATE are DELETE).

    Only fields called `action` are looked at: DISCONNECT is also an order type, and there it stays.
    """
    found: list[str] = []
    changed = _action(data, found)
    items = data.get(_ITEMS)
    if isinstance(items, list):
        renamed = [_action(i, found) if isinstance(i, dict) else i for i in items]
        if any(new is not old for new, old in zip(renamed, items, strict=True)):
            changed = {**changed, _ITEMS: renamed}
    return Normalised(changed, tuple(found))


def _action(data: dict[str, Any], found: list[str]) -> dict[str, Any]:
    word = data.get(_ACTION)
    canonical = ACTION_ALIASES.get(word) if isinstance(word, str) else None
    if canonical is None:
        return data
    found.append(str(word))
    return {**data, _ACTION: canonical.value}
