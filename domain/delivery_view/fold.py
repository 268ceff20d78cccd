"""The fold of a delivery: plan, fallout and what needs somebody, from the facts of all systems that deliver."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.delivery_view.exceptions import exception_rows
from domain.delivery_view.facts import KINDS, remembered
from domain.delivery_view.fallout import fallout_rows
from domain.delivery_view.plan import plan_rows
from domain.delivery_view.tasks import Delivery
from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home


class DeliveryViewFold:
    """Plan, reservations, network and fallout of an order; three kinds of records from one set of facts."""

    space = "order"
    rule_id = "delivery-view"
    rule_version = "1"
    records = frozenset({"FulfillmentPlanView", "FalloutView", "FulfillmentException"})
    kinds = KINDS

    def places(self, event: Heard) -> Iterable[Place]:
        """The order it names."""
        return home(self.space, event, event.data.get("orderId"))

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """See `facts.remembered`."""
        return remembered(event)

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """Pages of the plan, fallout, exceptions."""
        delivery = Delivery(dweller(self.space, place), shared)
        fallout = fallout_rows(delivery.order_id, shared)
        return Derived((*plan_rows(delivery), *fallout, *exception_rows(delivery, fallout)))
