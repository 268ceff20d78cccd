"""The whole enterprise: customers one after the other, the catalog, and whoever watches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from compose.simulate.billing import Billing
from compose.simulate.catalog import AHEAD, EVERY, Catalog
from compose.simulate.chance import Chance, business_hours
from compose.simulate.clock import Process, Simulation
from compose.simulate.customers import Customer, keep_account, lose_prospect, meet, merge_duplicate, open_account
from compose.simulate.faults.truth import Faults
from compose.simulate.governing import Governing
from compose.simulate.lines import Installation, change_lines, choose_bundle, installed_by, purchase_lines
from compose.simulate.offers import OFFERS, offering_id
from compose.simulate.ordering import Ordering
from compose.simulate.quoting import Quoting
from compose.simulate.voice import Scene, Voice
from compose.simulate.world import Happened, World
from domain.order_state.states import Action
from domain.product_order.structure import OrderItem

BEGINNING = datetime(2026, 1, 5, 8, tzinfo=UTC)
ORDERS_EACH = 4
"""Matters of one customer: a purchase, and further ones that may be about what is installed."""
COHORT = 1_000
"""Customers who come in one season; the next cohort comes in the next, so that memory stays bounded."""
SEASON = timedelta(days=50)
STORY = timedelta(days=200)
"""How long a customer is followed at most."""
CHANGES = {
    Action.MODIFY: 30,
    Action.SUSPEND: 20,
    Action.RENEW: 15,
    Action.REPLACE: 12,
    Action.DELETE: 23,
}
ACTION_OF_FAULT = {
    "charge-not-suspended": Action.SUSPEND,
    "charge-not-ended": Action.DELETE,
    "asset-not-ended": Action.DELETE,
    "asset-unknown": Action.SUSPEND,
}
"""Faults that only a certain change can show."""
FAULTS_OF_PURCHASES = frozenset({"catalog-outdated", "cancelled-late"})
"""Faults that only a purchase can show: what is installed may be of an offering that is sold no more, and no change of
it is cancelled in work."""
_WITH_QUOTE = frozenset({Action.MODIFY, Action.RENEW, Action.REPLACE})


class Enterprise:
    """A run of `orders` matters; the same seed gives the same commands, ids, times and payloads."""

    def __init__(self, orders: int, seed: int, faults: Faults | None = None) -> None:
        self.world = World()
        self.simulation = Simulation(BEGINNING - AHEAD)
        self.scene = Scene(self.simulation, self.world, seed, f"sim-{seed}", faults or Faults(seed))
        self.catalog = Catalog(self.scene, BEGINNING)
        self._orders = orders
        self._customers = -(-orders // ORDERS_EACH)
        self._done = 0
        self.orders_done = 0

    def run(self) -> Iterator[Happened]:
        """Everything that happens, in the order in which it does."""
        self.simulation.spawn(self._seasons())
        self.simulation.spawn(self._catalog())
        self.simulation.spawn(Governing(self.scene).run(lambda: self._done < self._customers))
        for _ in self.simulation.run():
            yield from self.world.take()

    def _seasons(self) -> Process:
        """Customers come spread over their season."""
        for first in range(0, self._customers, COHORT):
            for number in range(first, min(first + COHORT, self._customers)):
                arrival = Chance(self.scene.seed, "arrival", number).minutes(0, SEASON / timedelta(minutes=1))
                self.simulation.spawn(self._customer(number), AHEAD * 2 + arrival)
            yield SEASON

    def _catalog(self) -> Process:
        number = 0
        while self._done < self._customers:
            number += 1
            self.simulation.spawn(self.catalog.publish(number))
            yield EVERY

    def _customer(self, number: int) -> Process:
        """A customer's story: the account, and one matter after the other."""
        voice = Voice(self.scene, "account", number)
        customer = meet(voice.tenant, number, self.scene.seed)
        yield business_hours(voice.now, customer.market.utc_offset_hours)
        open_account(voice, customer)
        if voice.chance.happens(6):
            voice.spawn(merge_duplicate(voice, customer))
        if voice.chance.happens(5):
            voice.spawn(lose_prospect(voice, customer))
        billing = Billing(self.scene, customer)
        voice.spawn(billing.run(voice.now + STORY))
        first = number * ORDERS_EACH + 1
        for deal in range(first, min(first + ORDERS_EACH, self._orders + 1)):
            if customer.closed:
                break
            yield voice.chance.about(timedelta(hours=6) if deal == first else timedelta(days=12), 0.5)
            if voice.chance.happens(25):
                keep_account(voice, customer, deal - first + 1)
            yield business_hours(voice.now, customer.market.utc_offset_hours)
            yield self.simulation.spawn(self._deal(deal, customer, billing))
            self.orders_done += 1
        self._done += 1

    def _deal(self, number: int, customer: Customer, billing: Billing) -> Process:
        """One matter: a purchase, or something done to what is installed."""
        voice = Voice(self.scene, "deal", number)
        changeable = [
            i
            for i in customer.installations
            if i.billed_from < voice.now
            and not i.suffered
            and not any(p.instance in billing.excused for p in i.products)
        ]
        fault = self.scene.faults.of(number)
        if not changeable or voice.chance.happens(15) or fault in FAULTS_OF_PURCHASES:
            yield from self._purchase(voice, customer, billing)
            return
        installation = changeable[voice.chance.whole(0, len(changeable) - 1)]
        chosen = ACTION_OF_FAULT.get(fault or "", voice.chance.one(CHANGES))
        action = Action.RESUME if installation.root.suspended else chosen
        installation.suffered = fault is not None
        if action in _WITH_QUOTE:
            yield from self._changed_by_quote(voice, customer, billing, installation, action)
        else:
            yield from self._changed_at_once(voice, customer, billing, installation, action)

    def _purchase(self, voice: Voice, customer: Customer, billing: Billing) -> Process:
        number = self.catalog.number_at(voice.now)
        days_left = (self.catalog.effective_from(number + 1) - voice.now).days
        bundle = choose_bundle(voice.chance, number, days_left)
        discount = voice.chance.one({Decimal(0): 66, Decimal(8): 12, Decimal(15): 7, Decimal(25): 9, Decimal(45): 6})
        discount = Decimal(25) if voice.suffers("authority-exceeded") else discount
        lines = purchase_lines(voice.chance, voice.tenant, number, bundle, discount)
        quoting = Quoting(voice, customer, self.catalog, lines)
        accepted = yield from quoting.run()
        if not accepted:
            return
        ordering = Ordering(voice, customer, Action.ADD, billing)
        yield from ordering.convert(quoting.quote_id)
        if ordering.followed and self.scene.faults.of(voice.number) is None:  # a fault is left to stand
            customer.installations.append(installed_by(lines, ordering.order_id, bundle, ordering.billed_from))

    def _changed_by_quote(
        self, voice: Voice, customer: Customer, billing: Billing, installation: Installation, action: Action
    ) -> Process:
        number = self.catalog.number_at(voice.now)
        lines = change_lines(voice.chance, voice.tenant, number, installation, action)
        quoting = Quoting(voice, customer, self.catalog, lines)
        accepted = yield from quoting.run()
        if not accepted:
            return
        ordering = Ordering(voice, customer, action, billing)
        yield from ordering.convert(quoting.quote_id)
        root, line = installation.root, lines[0]
        root.quantity, root.tier = line.quantity, line.configuration.get("tier")
        if action is Action.REPLACE:
            root.instance, root.code = f"{ordering.order_id}/item-1", line.line_id.removeprefix("line-")

    def _changed_at_once(
        self, voice: Voice, customer: Customer, billing: Billing, installation: Installation, action: Action
    ) -> Process:
        """Suspend, resume or end everything that was installed together."""
        items = tuple(_item(voice.tenant, installation, position, action) for position in _positions(installation))
        ordering = Ordering(voice, customer, action, billing)
        yield from ordering.capture(items, self.catalog.publication_id(self.catalog.number_at(voice.now)))
        for product in installation.products:
            product.suspended = action is Action.SUSPEND
        if action is Action.DELETE:
            customer.installations.remove(installation)


def _positions(installation: Installation) -> range:
    return range(len(installation.products))


def _item(tenant: str, installation: Installation, position: int, action: Action) -> OrderItem:
    product: Any = installation.products[position]
    offer = OFFERS[product.code]
    return OrderItem(
        item_id=f"item-{position + 1}",
        line_number=position + 1,
        action=action,
        quantity=product.quantity,
        offering_id=offering_id(tenant, product.code),
        offering_name=offer.name,
        parent_item_id="item-1" if position else None,
        root_item_id="item-1" if position else None,
        product_instance_id=product.instance,
        fulfillment_policy_ref=offer.policy,
    )
