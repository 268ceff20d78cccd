"""A small price book with one of everything, and shorthands for requests on it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from domain.commercial import ChargeKind, Period, UsageTier
from domain.money import Money
from domain.pricing.calculate import calculate
from domain.pricing.price_book import (
    BundleDiscount,
    DiscountPolicy,
    PriceBook,
    PriceEntry,
    Promotion,
    VolumeDiscount,
    VolumeStep,
)
from domain.pricing.terms import PriceRequest, PriceRequestLine, PriceResult

START = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
PUBLICATION = "acme:publication-7"
ACCOUNT = "acme:acc-1"


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def entry(
    offering: str, component: str, amount: str, kind: ChargeKind = ChargeKind.RECURRING, **more: Any
) -> PriceEntry:
    """An entry; recurring ones are monthly unless told otherwise."""
    more.setdefault("period", Period.MONTH if kind is ChargeKind.RECURRING else None)
    more.setdefault("currency", "EUR")
    more.setdefault("rule_id", "-".join(filter(None, (offering, component, more.get("region"), more["currency"]))))
    return PriceEntry(
        offering_id=offering,
        component_id=component,
        kind=kind,
        amount=Decimal(amount),
        **{"rule_version": "1", "effective_from": START, **more},
    )


ONE_TIME, USAGE, RECURRING = ChargeKind.ONE_TIME, ChargeKind.USAGE, ChargeKind.RECURRING
TIERS = (
    UsageTier(up_to=100, price=eur("0.10")),
    UsageTier(up_to=500, price=eur("0.08")),
    UsageTier(up_to=None, price=eur("0.05")),
)

ENTRIES = (
    entry("access", "monthly", "349.00"),
    entry("access", "install", "99.00", ONE_TIME),
    entry("access", "monthly", "329.00", region="north"),
    entry("access", "monthly", "1500000", currency="JPY"),
    entry("access", "monthly", "120.505", currency="KWD"),
    entry("router", "monthly", "12.50"),
    entry("support", "yearly", "1188.00", period=Period.YEAR),
    entry("seat", "monthly", "7.35"),
    entry("traffic", "gigabytes", "0.10", USAGE, tiers=TIERS),
    entry("calls", "minutes", "0.0125", USAGE),
    entry("half", "monthly", "0.05"),
    entry("line", "monthly", "40.00", rule_id="line-100", when={"speed": "100"}),
    entry("line", "monthly", "90.00", rule_id="line-1000", when={"speed": "1000"}),
    entry("access", "monthly", "300.00", rule_id="contract-9", account_id="acme:acc-9"),
)


def policy(**more: Any) -> DiscountPolicy:
    base = {"rule_id": "discount-policy", "rule_version": "3", "effective_from": START}
    return DiscountPolicy(**{**base, "limit_percent": Decimal(20), **more})


def promotion(name: str, percent: str, *offerings: str, **more: Any) -> Promotion:
    base = {"rule_id": name, "rule_version": "1", "effective_from": START}
    return Promotion(**{**base, "percent": Decimal(percent), "offerings": frozenset(offerings), **more})


VOLUME = VolumeDiscount(
    rule_id="seats",
    rule_version="2",
    effective_from=START,
    offering_id="seat",
    steps=(
        VolumeStep(quantity_min=10, percent=Decimal(5)),
        VolumeStep(quantity_min=50, percent=Decimal("12.5")),
    ),
)
BUNDLE = BundleDiscount(
    rule_id="access-and-router",
    rule_version="1",
    effective_from=START,
    together=frozenset({"access", "router"}),
    reduces=frozenset({"router"}),
    percent=Decimal(20),
)
PROMOTIONS = (
    promotion("first-year", "10", "access", periods=12, rank=10),
    promotion("spring", "5", "access", "router", rank=20),
    promotion("free-install", "100", "access", kinds=frozenset({ONE_TIME}), rank=30),
    promotion("winback", "25", "access", rank=5, excludes=frozenset({"first-year"})),
    promotion("loyalty-a", "3", "access", rank=40, group="loyalty"),
    promotion("loyalty-b", "8", "access", rank=41, group="loyalty"),
    promotion("christmas", "50", "access", effective_until=datetime(2026, 1, 7, tzinfo=UTC)),
)


def book(**more: Any) -> PriceBook:
    base: dict[str, Any] = {
        "price_book_id": "book-eu",
        "version": "2026.1",
        "catalog_publication_id": PUBLICATION,
        "effective_from": START,
        "entries": ENTRIES,
        "included_offerings": frozenset({"static-ip"}),
        "volume_discounts": (VOLUME,),
        "bundle_discounts": (BUNDLE,),
        "promotions": PROMOTIONS,
        "discount_policy": policy(),
    }
    return PriceBook(**{**base, **more})


BOOK = book()


def ask(offering: str, line_id: str = "", **more: Any) -> PriceRequestLine:
    return PriceRequestLine(line_id=line_id or f"line-{offering}", offering_id=offering, **more)


def request(*lines: PriceRequestLine, **more: Any) -> PriceRequest:
    base: dict[str, Any] = {"currency": "EUR", "effective_date": AT, "account_id": ACCOUNT}
    return PriceRequest(**{**base, "lines": lines, **more})


def price(*lines: PriceRequestLine, price_book: PriceBook = BOOK, **more: Any) -> PriceResult:
    return calculate(request(*lines, **more), price_book)
