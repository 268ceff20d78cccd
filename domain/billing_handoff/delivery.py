"""Which requests to billing follow from a delivered order item (R305, R459-R470, R477)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from domain.billing_handoff import commands as c
from domain.billing_handoff.handoff import BillingHandoff, handoff_id_of
from domain.billing_handoff.policy import BILLABLE_INTENTS, bills_by_itself
from domain.billing_handoff.states import NEXT, BillingEffect, HandoffState
from domain.billing_handoff.terms import BillingTerms, terms_of
from domain.command import Origin
from domain.commercial import ChargeKind
from domain.errors import Refusal
from domain.order_state.states import Action, ItemState
from domain.product_order.order import ProductOrder
from domain.product_order.structure import OrderItem

_DELIVERED = frozenset({ItemState.IN_PROGRESS, ItemState.PENDING_EXTERNAL, ItemState.COMPLETED})
_RUNNING = frozenset({HandoffState.BILLING, HandoffState.SUSPENDED})

_CHANGES: Mapping[Action, BillingEffect] = {
    Action.MODIFY: BillingEffect.AMEND,
    Action.SUSPEND: BillingEffect.SUSPEND,
    Action.RESUME: BillingEffect.RESUME,
    Action.RENEW: BillingEffect.RENEW,
    Action.DELETE: BillingEffect.END,
}
_BEGINNING = frozenset({Action.ADD, Action.REPLACE})
_RESTATING = frozenset({Action.MODIFY, Action.RENEW})
"""Actions whose prices are all there is from now on: a component they leave out has ended."""


class _Wish(NamedTuple):
    """What is to be asked about one component of one product."""

    instance: str
    effect: BillingEffect
    terms: BillingTerms


def billing_requests(
    order: ProductOrder,
    item_id: str,
    activated_at: datetime,
    standing: Mapping[str, BillingHandoff],
    origin: Origin,
) -> tuple[c.BillingRequest, ...]:
    """What the OMS asks of billing for an item whose service was delivered at `activated_at`.

    `standing` are the handoffs there are, by id, at least those of the products the item acts on. The terms are those
    of the order, or where the item states no price those that were handed over before; nothing is inferred (R262).

    - ADD begins its components; REPLACE those of the new product and ends those of the old one;
    - MODIFY amends, begins what is new and ends what it leaves out, RENEW likewise; without prices MODIFY asks nothing;
    - SUSPEND, RESUME and DELETE ask that of whatever recurs; a one-time price they state is a fee and begins;
    - an intent or component that does not bill ends what it must and asks nothing else (R469, R470).

    An item that was handed over already asks nothing more (R542). Raises `Refusal` for one that is not delivered.
    """
    item = order.items[item_id]
    if item.action is Action.NO_CHANGE:
        return ()
    if order.work_state(item_id) not in _DELIVERED:
        message = f"Item {item_id} of order {order.order_id} is {order.work_state(item_id)}; nothing of it is billed."
        raise Refusal("STATE_ITEM", message, remediation="Deliver it first.", stage="FULFILLMENT")
    wishes = _beginning(order, item, standing) if item.action in _BEGINNING else _changing(order, item, standing)
    requests = (_request(order, item, wish, activated_at, standing, origin) for wish in wishes)
    return tuple(request for request in requests if request is not None)


def _stated(order: ProductOrder, item: OrderItem) -> dict[str, BillingTerms]:
    """The terms of the components an item is charged for by itself."""
    return {p.component_id: terms_of(order, item, p) for p in item.price_components if bills_by_itself(p)}


def _beginning(order: ProductOrder, item: OrderItem, standing: Mapping[str, BillingHandoff]) -> Iterator[_Wish]:
    if order.intent in BILLABLE_INTENTS:
        for terms in _stated(order, item).values():
            yield _Wish(str(item.product_instance_id), BillingEffect.BEGIN, terms)
    if item.replaces_product_instance_id is not None:
        yield from _ends(_running(standing, item.replaces_product_instance_id).values())


def _changing(order: ProductOrder, item: OrderItem, standing: Mapping[str, BillingHandoff]) -> Iterator[_Wish]:
    instance, change = str(item.product_instance_id), _CHANGES[item.action]
    bills = order.intent in BILLABLE_INTENTS
    known = {h.component_id: h for h in standing.values() if h.product_instance_id == instance}
    stated = _stated(order, item)
    for component_id, terms in stated.items():
        effect = _effect(change, terms, known.get(component_id), first=not known)
        if effect is not None and (bills or effect is BillingEffect.END):
            yield _Wish(instance, effect, terms)
    left_out = [h for component_id, h in _running(standing, instance).items() if component_id not in stated]
    if item.action in _RESTATING and item.price_components:
        yield from _ends(left_out)
    elif item.action is not Action.MODIFY and (bills or change is BillingEffect.END):
        for handoff in left_out:
            if change in NEXT[handoff.state]:
                yield _Wish(instance, change, handoff.requests[-1].terms)


def _effect(
    change: BillingEffect, terms: BillingTerms, handoff: BillingHandoff | None, *, first: bool
) -> BillingEffect | None:
    """What a stated component asks for; `first` when nothing of its product was handed over before.

    Then the product has been billed since before the platform, and what recurs is changed, not begun.
    """
    running = handoff is not None and handoff.state in _RUNNING
    if terms.component.kind is ChargeKind.ONE_TIME:
        if not running:
            return BillingEffect.BEGIN
        assert handoff is not None
        same = handoff.requests[-1].terms.component == terms.component
        return BillingEffect.AMEND if change is BillingEffect.AMEND and not same else None
    if running:
        assert handoff is not None
        return change if change in NEXT[handoff.state] else None
    if first:
        return change
    return BillingEffect.BEGIN if change in (BillingEffect.AMEND, BillingEffect.RENEW) else None


def _running(standing: Mapping[str, BillingHandoff], instance: str) -> dict[str, BillingHandoff]:
    """The components of a product that are charged again and again, by id."""
    return {
        h.component_id: h
        for h in standing.values()
        if h.product_instance_id == instance
        and h.state in _RUNNING
        and h.requests[-1].terms.component.kind is not ChargeKind.ONE_TIME
    }


def _ends(handoffs: Iterable[BillingHandoff]) -> Iterator[_Wish]:
    for handoff in handoffs:
        yield _Wish(handoff.product_instance_id, BillingEffect.END, handoff.requests[-1].terms)


def _request(
    order: ProductOrder,
    item: OrderItem,
    wish: _Wish,
    activated_at: datetime,
    standing: Mapping[str, BillingHandoff],
    origin: Origin,
) -> c.BillingRequest | None:
    """The command for a wish, or None when the item asked already (R397, R542)."""
    handoff_id = handoff_id_of(wish.instance, wish.terms.component.component_id)
    handoff = standing.get(handoff_id)
    newest = handoff.newest if handoff else None
    if newest is not None and (newest.order_id, newest.item_id) == (order.order_id, item.item_id):
        return None
    kind = c.RequestBillingActivation if handoff is None else c.RequestBillingChange
    seen = handoff.version if handoff else 0
    return kind(
        **origin.envelope(handoff_id, kind, order.order_id, item.item_id, seen),
        order_id=order.order_id,
        item_id=item.item_id,
        account_id=order.account_id,
        product_instance_id=wish.instance,
        action=item.action,
        effect=wish.effect,
        intent=order.intent,
        terms=wish.terms,
        service_activation_date=activated_at,
        billing_trigger_date=_trigger(order, wish.effect, activated_at),
        billing_end_date=activated_at if wish.effect is BillingEffect.END else None,
    )


def _trigger(order: ProductOrder, effect: BillingEffect, activated_at: datetime) -> datetime:
    """Billing begins with the service, or with the contract where that takes effect later (R275)."""
    agreed = order.dates.contract_effective
    return max(activated_at, agreed) if effect is BillingEffect.BEGIN and agreed is not None else activated_at
