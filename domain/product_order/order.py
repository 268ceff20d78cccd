"""The state of a ProductOrder and how each event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from pydantic.alias_generators import to_camel

from domain.model import Model
from domain.order_state.derive import OrderView, derive
from domain.order_state.facts import Fact, OrderFacts
from domain.order_state.policy import REFERENCE_V1
from domain.order_state.states import TERMINAL_ITEM_STATES, HeaderState, ItemState
from domain.product_order import events as e
from domain.product_order.structure import (
    Commercial,
    Contact,
    OrderIntent,
    OrderItem,
    OrderType,
    Parties,
    RequestedDates,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FOLDED = (
    "order_number",
    "account_id",
    "quote_id",
    "quote_version",
    "state",
    "item_id",
    "item_state",
    "fallout_id",
    "failure_code",
    "repair",
    "waiting_for",
)
"""What the fold reads of events as it is; lists come on top."""


@dataclass(frozen=True, slots=True)
class ProductOrder:
    """An order as its owner knows it (R453-R458).

    Header and item states come from the same fold that everybody else derives them with; the aggregate keeps no
    state column of its own that could disagree.
    """

    order_id: str
    order_number: str
    version: int
    source_system: str
    source_channel: str
    order_type: OrderType
    intent: OrderIntent
    account_id: str
    quote_id: str | None
    quote_version: int | None
    catalog_publication_id: str | None
    commercial: Commercial
    parties: Parties
    dates: RequestedDates
    items: Mapping[str, OrderItem]
    facts: OrderFacts
    view: OrderView
    validated: bool = False
    plan_id: str | None = None
    contact: Contact | None = None

    @property
    def state(self) -> HeaderState:
        """Derived header state."""
        return self.view.state

    def item_state(self, item_id: str) -> ItemState:
        """Effective state of an item, an open cancellation included."""
        return next(item.state for item in self.view.items if item.item_id == item_id)

    def work_state(self, item_id: str) -> ItemState:
        """State of the work on an item, whatever is asked for it."""
        work = next(item.work for item in self.view.items if item.item_id == item_id)
        return work.state if work else ItemState.NOT_STARTED

    def open_fallouts(self) -> dict[str, str | None]:
        """Open fallouts and the item each is about; None for the whole order.

        The end of an item ends its fallout: mending it afterwards would bring a finished item back to life.
        """
        return {
            fallout_id: fallout.item_id
            for fallout_id, fallout in self.facts.fallouts.items()
            if fallout.is_open
            and (fallout.item_id is None or self.work_state(fallout.item_id) not in TERMINAL_ITEM_STATES)
        }


def evolve(order: ProductOrder | None, event: Model) -> ProductOrder:
    """The order after an event; pure, so the order before it stays as it was."""
    if not isinstance(event, e.ProductOrderEvent):
        message = f"{type(event).__name__} is no event of a ProductOrder"
        raise TypeError(message)
    facts = order.facts.copy() if order else OrderFacts()
    facts.apply(_fact(event))
    view = derive(facts, REFERENCE_V1)
    if order is None:
        if not isinstance(event, e.ProductOrderCreated):
            message = f"the first event of {event.order_id} is {type(event).__name__}, not ProductOrderCreated"
            raise ValueError(message)
        return _created(event, facts, view)
    return _changed(order, event, facts, view)


def _created(event: e.ProductOrderCreated, facts: OrderFacts, view: OrderView) -> ProductOrder:
    return ProductOrder(
        order_id=event.order_id,
        order_number=event.order_number,
        version=event.version,
        source_system=event.source_system,
        source_channel=event.source_channel,
        order_type=event.order_type,
        intent=event.intent,
        account_id=event.account_id,
        quote_id=event.quote_id,
        quote_version=event.quote_version,
        catalog_publication_id=event.catalog_publication_id,
        commercial=event.commercial,
        parties=event.parties,
        dates=event.dates,
        items={item.item_id: item for item in event.items},
        facts=facts,
        view=view,
    )


def _changed(order: ProductOrder, event: e.ProductOrderEvent, facts: OrderFacts, view: OrderView) -> ProductOrder:
    items, validated, plan_id, dates, contact = order.items, order.validated, order.plan_id, order.dates, order.contact
    match event:
        case e.ProductOrderAmended() | e.ProductOrderAccepted():
            items = {item.item_id: item for item in event.items}
        case e.ProductOrderValidated():
            validated = True
        case e.ProductOrderDecomposed():
            plan_id = event.plan_id
        case e.ProductOrderDetailsUpdated():
            dates, contact = event.dates or dates, event.contact or contact
    # written out because every command comes by: dataclasses.replace takes four times as long
    return ProductOrder(
        order_id=order.order_id,
        order_number=order.order_number,
        version=event.version,
        source_system=order.source_system,
        source_channel=order.source_channel,
        order_type=order.order_type,
        intent=order.intent,
        account_id=order.account_id,
        quote_id=order.quote_id,
        quote_version=order.quote_version,
        catalog_publication_id=order.catalog_publication_id,
        commercial=order.commercial,
        parties=order.parties,
        dates=dates,
        items=items,
        facts=facts,
        view=view,
        validated=validated,
        plan_id=plan_id,
        contact=contact,
    )


def _fact(event: e.ProductOrderEvent) -> Fact:
    microseconds = (event.occurred_at - _EPOCH) // _MICROSECOND
    return Fact(type(event).__name__, event.version, "", 0, microseconds, microseconds, _folded(event), "", 0, 0)


def _folded(event: e.ProductOrderEvent) -> dict[str, Any]:
    """The fields the fold reads, by wire names; a test holds it against folding all of them."""
    payload: dict[str, Any] = {wire: getattr(event, name) for name, wire in _read_from(type(event))}
    if isinstance(event, (e.ProductOrderCreated, e.ProductOrderAccepted, e.ProductOrderAmended)):
        payload["items"] = [
            {
                "itemId": item.item_id,
                "action": item.action,
                "parentItemId": item.parent_item_id,
                "offeringId": item.offering_id,
                "productInstanceId": item.product_instance_id,
            }
            for item in event.items
        ]
    elif isinstance(event, (e.ProductOrderCancellationRequested, e.ProductOrderCancellationRefused)):
        payload["itemIds"] = list(event.item_ids)
    return payload


@cache
def _read_from(event: type[e.ProductOrderEvent]) -> tuple[tuple[str, str], ...]:
    return tuple((name, to_camel(name)) for name in _FOLDED if name in event.model_fields)
