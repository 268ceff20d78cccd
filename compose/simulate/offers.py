"""What the enterprise sells, in which bundles, and what it costs in each currency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from domain.commercial import ChargeKind, Period
from domain.currency import rounded
from domain.pricing.price_book import DiscountPolicy, PriceBook, PriceEntry, Promotion, VolumeDiscount, VolumeStep
from domain.product_order.structure import Cutoff

DISCOUNT_LIMIT_PERCENT = Decimal(15)
PROMOTION = "year-one"
SUCCESSOR = "fibre"
"""What takes the place of a line that is no longer sold."""


class Market(NamedTuple):
    """A country the enterprise sells in; prices are those of the list times `factor`."""

    country: str
    region: str
    currency: str
    factor: str
    utc_offset_hours: int
    weight: int


MARKETS: tuple[Market, ...] = (
    Market("DE", "central", "EUR", "1", 1, 40),
    Market("US", "america", "USD", "1.1", -5, 25),
    Market("GB", "islands", "GBP", "0.85", 0, 15),
    Market("CH", "central", "CHF", "0.95", 1, 8),
    Market("SE", "north", "SEK", "11.5", 1, 7),
    Market("JP", "asia", "JPY", "160", 9, 5),
)


class Offer(NamedTuple):
    """Something that is sold. Amounts are in euro; `policy` says how it is fulfilled.

    `setup` is a one-time price that is asked for with a new product only. An offer with neither price is included in
    that of the line above it.
    """

    code: str
    name: str
    recurring: str | None = None
    setup: str | None = None
    policy: str = "standard.v1"
    period: Period = Period.MONTH
    usage: str | None = None
    cutoff: Cutoff = Cutoff.COMPLETED
    options: tuple[str, ...] = ()
    """Values of the configuration's `tier`; the price doubles from one to the next."""


OFFERS: dict[str, Offer] = {
    offer.code: offer
    for offer in (
        Offer("access", "Business Internet", "349.00", "199.00", "on-site.v1", options=("500", "1000", "2000")),
        Offer("router", "Managed Router", "29.00", "120.00", "shipped.v1", cutoff=Cutoff.PENDING_EXTERNAL),
        Offer("static-ip", "Static Address Block", policy="standard.v1"),
        Offer("support", "Premium Support", "79.90", policy="digital.v1"),
        Offer("maintenance", "Preventive Maintenance", "240.00", policy="digital.v1", period=Period.QUARTER),
        Offer("plan", "Mobile Plan", "39.95", policy="digital.v1", options=("50", "100")),
        Offer("device", "Smartphone", setup="899.00", policy="shipped.v1", cutoff=Cutoff.PENDING_EXTERNAL),
        Offer("roaming", "Roaming Traffic", usage="0.05", policy="digital.v1"),
        Offer("workspace", "Analytics Workspace", "50.00", policy="digital.v1"),
        Offer("telephony", "Cloud Telephony", "12.40", "49.00", "standard.v1"),
        Offer("numbers", "Number Block", "49.00", "75.00", "standard.v1"),
        Offer("recording", "Call Recording", "4.35", policy="digital.v1"),
        Offer("copper", "Copper Line", "24.90", "59.00", "on-site.v1"),
        Offer("fibre", "Fibre Line", "34.90", "89.00", "on-site.v1"),
    )
}


class Member(NamedTuple):
    """A line of a bundle: under its root, after the members it depends on."""

    code: str
    after: tuple[str, ...] = ()
    included: bool = False
    chance_percent: int = 100


class Bundle(NamedTuple):
    """What is sold together: a root and the members a customer may choose."""

    root: str
    members: tuple[Member, ...]
    weight: int
    quantity: int = 1
    until_publication: int | None = None


BUNDLES: tuple[Bundle, ...] = (
    Bundle(
        "access",
        (
            Member("router", ("access",), chance_percent=85),
            Member("static-ip", ("access",), included=True, chance_percent=60),
            Member("support", ("access",), chance_percent=50),
            Member("maintenance", ("access",), chance_percent=20),
        ),
        35,
    ),
    Bundle("plan", (Member("device", chance_percent=60), Member("roaming", ("plan",), chance_percent=30)), 25, 2),
    Bundle("workspace", (), 15, 20),
    Bundle("telephony", (Member("numbers", ("telephony",)), Member("recording", ("telephony",), False, 40)), 15, 5),
    Bundle("fibre", (), 7),
    Bundle("copper", (), 7, until_publication=1),
)


def offering_id(tenant: str, code: str) -> str:
    """Identity of an offering."""
    return f"{tenant}:offering-{code}"


def on_sale(publication_number: int) -> frozenset[str]:
    """Codes of what a publication offers."""
    gone = {b.root for b in BUNDLES if b.until_publication is not None and b.until_publication < publication_number}
    return frozenset(OFFERS) - gone


@lru_cache(maxsize=64)
def price_book(tenant: str, number: int, publication_id: str, effective_from: datetime, market: Market) -> PriceBook:
    """The prices of a publication in one currency."""
    rule = {"rule_version": str(number), "effective_from": effective_from}
    return PriceBook(
        price_book_id=f"book-{market.currency}",
        version=f"{number}.0",
        catalog_publication_id=publication_id,
        effective_from=effective_from,
        entries=tuple(_entries(tenant, number, effective_from, market)),
        included_offerings=frozenset({offering_id(tenant, "static-ip")}),
        volume_discounts=(
            VolumeDiscount(
                rule_id="workspace-volume",
                **rule,
                offering_id=offering_id(tenant, "workspace"),
                steps=(
                    VolumeStep(quantity_min=25, percent=Decimal(5)),
                    VolumeStep(quantity_min=75, percent=Decimal(12)),
                ),
            ),
        ),
        promotions=(
            Promotion(
                rule_id=PROMOTION,
                **rule,
                offerings=frozenset({offering_id(tenant, "access"), offering_id(tenant, "plan")}),
                percent=Decimal(10),
                periods=12,
            ),
        ),
        discount_policy=DiscountPolicy(rule_id="seller-discount", **rule, limit_percent=DISCOUNT_LIMIT_PERCENT),
    )


def _entries(tenant: str, number: int, effective_from: datetime, market: Market) -> Iterator[PriceEntry]:
    def entry(
        offer: Offer, component: str, amount: str, kind: ChargeKind, times: int = 1, **more: object
    ) -> PriceEntry:
        exact = Decimal(amount) * Decimal(market.factor) * times
        # A unit of usage costs less than the smallest coin, so its price is not rounded to one.
        usage = kind is ChargeKind.USAGE
        priced = exact.quantize(Decimal("0.0001")) if usage else rounded(Fraction(exact), market.currency)
        return PriceEntry.model_validate(
            {
                "rule_id": f"{offer.code}-{component}-{times}",
                "rule_version": str(number),
                "effective_from": effective_from,
                "offering_id": offering_id(tenant, offer.code),
                "component_id": component,
                "kind": kind,
                "currency": market.currency,
                "amount": priced,
                **more,
            }
        )

    for offer in OFFERS.values():
        for times, option in enumerate(offer.options or (None,)):
            if offer.recurring is not None:
                when = {"tier": option} if option else {}
                kind = ChargeKind.RECURRING
                yield entry(offer, "recurring", offer.recurring, kind, 2**times, period=offer.period, when=when)
        if offer.setup is not None:
            yield entry(offer, "setup", offer.setup, ChargeKind.ONE_TIME, when={"setup": "yes"})
        if offer.usage is not None:
            yield entry(offer, "traffic", offer.usage, ChargeKind.USAGE)
