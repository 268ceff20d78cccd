"""The fold of space `offering`: an offering, the publications that have it, and the deals that sell it (R235, R269).

A member is a deal: the quote, with the order that came of it, or the order where there is no quote. An event says what
it says of the offerings it names and of no others, so an offering that is taken out of a draft stays remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from domain.drift.mismatch import Apart, Mismatch
from domain.drift.rules import Rule, RuleSet
from domain.drift.space import Check, Saying, Space, group_of, named, saying
from domain.drift.values import at, fields
from domain.fold.facts import Entry, Facts
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.reading import parts, text, time_us, whole
from domain.order_state.states import Action

SPACE = "offering"
_OF_CATALOG = frozenset({"CatalogPublished", "OfferingRetired"})
SELLS = frozenset({Action.ADD.value, Action.REPLACE.value})
"""Actions that sell an offering newly; what is installed may outlive its sale (R284)."""


class Sold(NamedTuple):
    """An order of a deal, as far as it is about this offering."""

    order_id: str
    captured: Entry
    publication_id: str | None
    quote_id: str | None
    account_id: str | None
    first: bool
    items: list[list[str]]


class Sale(NamedTuple):
    """One deal about one offering."""

    offering_id: str
    offering: Facts
    own: Facts

    @property
    def orders(self) -> Iterator[Sold]:
        """The orders of the deal, each by what it said when it was captured, or else accepted."""
        for order_id, newest in self.own.each("order"):
            yield Sold(order_id, self.own.entry(order_id, "captured") or newest, *newest.value)

    @property
    def agreed(self) -> Entry | None:
        """When the customer said yes to this offering; None for what is ordered without a quote."""
        return next((entry for _, entry in self.own.each("agreed")), None)

    def agreed_us(self, order: Sold) -> int:
        """When it was sold: when the customer said yes, or else when the order was captured."""
        return self.agreed.time_us if self.agreed else order.captured.time_us

    def mismatch(
        self, order: Sold, since_us: int, apart: Apart, *evidence: Entry | None, about: str, **names: str
    ) -> Mismatch:
        """Something about an order."""
        known = {"order": order.order_id, "quote": order.quote_id, "account": order.account_id}
        return Mismatch(
            entity_type="ProductOrder",
            entity_id=order.order_id,
            since_us=since_us,
            apart=(apart,),
            evidence=(order.captured, *evidence),
            names={"publication": order.publication_id, **known, "offering": self.offering_id, **names},
            about=about,
        )


def _places(event: Heard) -> Iterable[Place]:
    data = event.data
    if event.kind == "OfferingRetired":
        offerings = [text(data, "offeringId")]
    else:
        holder = {"CatalogPublished": "offerings", "QuoteAccepted": "lines"}.get(event.kind, "items")
        offerings = [text(one, "offeringId") for one in parts(data, holder)]
    member = "" if event.kind in _OF_CATALOG else text(data, "quoteId") or event.subject
    return tuple(Place(group_of(event, SPACE, one), member) for one in dict.fromkeys(offerings) if one)


def _published(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "published", [time_us(event.data, "effectiveFrom") or event.time_us, text(event.data, "catalogId")]


def _retired(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "retired", time_us(event.data, "effectiveFrom") or event.time_us


def _agreed(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "agreed", whole(event.data, "quoteVersion")


def _ordered(event: Heard, place: Place) -> Iterator[tuple[str, Any]]:
    data, offering_id = event.data, named(place)
    items = parts(data, "items")
    about = [[text(i, "itemId") or "", text(i, "action") or ""] for i in items if text(i, "offeringId") == offering_id]
    first = text(items[0], "offeringId") == offering_id
    yield "order", [*fields(data, ("catalogPublicationId", "quoteId", "accountId")), first, about]
    if event.kind == "ProductOrderCreated":
        yield "captured", None


def _view(place: Place, shared: Facts, own: Facts) -> Sale | None:
    return Sale(named(place), shared, own) if place.member else None


def _unknown(sale: Sale, _: Rule) -> Iterator[Mismatch]:
    """An order is for an offering that no publication has."""
    if sale.offering:
        return
    for order in sale.orders:
        items = ", ".join(item_id for item_id, _ in order.items)
        apart = Apart(f"items.{items}.offeringId", "an offering that is published", sale.offering_id)
        yield sale.mismatch(order, order.captured.time_us, apart, about=sale.offering_id, item=order.items[0][0])


def _retired_sold(sale: Sale, _: Rule) -> Iterator[Mismatch]:
    """An offering is sold that was retired before, and has not been published again since."""
    retired = max((e for _, e in sale.offering.each("retired")), key=_value, default=None)
    for order in sale.orders:
        sold_us = sale.agreed_us(order)
        items = [item_id for item_id, action in order.items if action in SELLS]
        if retired is None or not items or retired.value > sold_us:
            continue
        again = any(retired.value < e.value[0] <= sold_us for _, e in sale.offering.each("published"))
        if not again:
            apart = Apart(f"items.{', '.join(items)}.offeringId", f"sold until {at(retired.value)}", at(sold_us))
            since_us = max(sold_us, retired.time_us)
            yield sale.mismatch(order, since_us, apart, retired, about=sale.offering_id, item=items[0])


def _value(entry: Entry) -> tuple[int, str]:
    return entry.value, entry.event_id


def _outdated(sale: Sale, _: Rule) -> Iterator[Mismatch]:
    """An older publication than was in force when the customer said yes; told once, by the order's first item."""
    for order in sale.orders:
        named_one = sale.offering.entry(order.publication_id or "", "published")
        if named_one is None or not order.first:
            continue
        effective_us, catalog = named_one.value
        agreed_us = sale.agreed_us(order)
        others = [(e.value[0], p, e) for p, e in sale.offering.each("published") if e.value[1] == catalog]
        in_force = max((one for one in others if one[0] <= agreed_us), default=None)
        if in_force is not None and in_force[0] > effective_us:
            apart = Apart("catalogPublicationId", in_force[1], order.publication_id)
            since_us = max(agreed_us, order.captured.time_us)
            evidence = (named_one, in_force[2], sale.agreed)
            yield sale.mismatch(order, since_us, apart, *evidence, about="", inforce=in_force[1])


CHECKS: dict[str, Check[Sale]] = {
    "referential.offering-unknown": _unknown,
    "catalog.retired-sold": _retired_sold,
    "catalog.snapshot-outdated": _outdated,
}

SAYINGS: Mapping[str, Saying] = saying(
    {
        ("CatalogPublished",): _published,
        ("OfferingRetired",): _retired,
        ("QuoteAccepted",): _agreed,
        ("ProductOrderCreated", "ProductOrderAmended", "ProductOrderAccepted"): _ordered,
    }
)


def offering_space(rules: RuleSet) -> Space[Sale]:
    """The fold with these rules."""
    return Space(SPACE, rules, places=_places, sayings=SAYINGS, view=_view, checks=CHECKS)
