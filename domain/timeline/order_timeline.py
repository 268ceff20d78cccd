"""The timeline of an order: everything that names it, from capture to charge (R203, R207, R208, R219)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home, text
from domain.timeline.delivering import ASSETS, FULFILLMENT_EVENTS, SETTLEMENT
from domain.timeline.entry import register_of, remembered
from domain.timeline.ordering import GOVERNANCE, ORDERS
from domain.timeline.paging import TOLD, month_of, pages

_QUOTE = "quote"


class OrderTimelineFold:
    """Events by the order they name; what came before it is the timeline of its quote (`trace`)."""

    space = "order"
    rule_id = "order-timeline"
    rule_version = "1"
    records = frozenset({"OrderTimeline"})
    kinds = frozenset({*ORDERS, *GOVERNANCE, *FULFILLMENT_EVENTS, *ASSETS, *SETTLEMENT})

    def places(self, event: Heard) -> Iterable[Place]:
        """A month of the order; governance is about an order when its subject is one."""
        if event.kind in GOVERNANCE:
            about_order = event.data.get("subjectAggregate") == "ProductOrder"
            named = event.data.get("subjectId") if about_order else None
        else:
            named = event.data.get("orderId")
        return home(self.space, event, named, month_of(event))

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """Its entry, and the quote an order event names."""
        said: list[tuple[str, Any]] = [(TOLD + register_of(event), remembered(event))]
        if event.aggregate == "ProductOrder" and (quote := text(event.data, "quoteId")):
            said.append((_QUOTE, quote))
        return said

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """The pages of the month."""
        quote = next((entry.value for _, entry in own.each(_QUOTE)), None)
        return Derived(
            pages("OrderTimeline", "orderId", dweller(self.space, place), place.member, own, {"quoteId": quote})
        )
