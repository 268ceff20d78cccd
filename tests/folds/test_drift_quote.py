"""Rules of space `quote`, each by events that break it and by events that almost do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.drift.quote.space import quote_space
from domain.drift.rulebook import RULES
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from domain.tolerance import Tolerance
from tests.folds.drift_events import BEGUN_US, DAY, MINUTE_US, assert_rule, at, event, found, money, name

Events = list[Heard]
QUOTE = name("quote-1")
PRICE = {"priceFingerprint": "price-1", "discountPercent": Decimal(5), "discountLimitPercent": Decimal(15)}
BEYOND = {"discountPercent": Decimal(25)}


def component(amount: str = "10", currency: str = "EUR", **more: Any) -> dict[str, Any]:
    agreed = {"componentId": "recurring", "kind": "RECURRING", "price": money(amount, currency), "quantity": 1}
    return {**agreed, "period": "MONTH", "discounts": [], "priceFingerprint": "line-1", **more}


def quote(kind: str, version: int, minute: float, **data: Any) -> Heard:
    about = {"quoteId": QUOTE, "quoteVersion": 1, "accountId": name("account-1")}
    return event(f"Quote{kind}", "quote-1", version, minute, **{**about, **data})


def priced(**more: Any) -> Heard:
    return quote("Priced", 2, 1, **{**PRICE, "priceExpiresAt": at(DAY), **more})


def presented(**more: Any) -> Heard:
    return quote("Presented", 3, 2, **{**PRICE, "proposalDocumentHash": "document-1", **more})


def accepted(minute: float = 10, **more: Any) -> Heard:
    lines = [{"lineId": "line-1", "priceComponents": [component()]}]
    ends = {"validUntil": at(20 * DAY), "terms": {"validUntil": at(20 * DAY)}}
    return quote(
        "Accepted", 5, minute, **{**PRICE, **ends, "proposalDocumentHash": "document-1", "lines": lines, **more}
    )


def converted(minute: float = 30) -> Heard:
    return quote("ConvertedToOrder", 6, minute, orderId=name("order-1"), convertedAt=at(minute))


def agreed(**more: Any) -> Events:
    return [quote("Created", 1, 0), priced(), presented(), accepted(**more)]


def captured(number: int = 1, minute: float = 30, price: dict[str, Any] | None = None, **more: Any) -> Heard:
    items = [{"itemId": "item-1", "quoteLineId": "line-1", "priceComponents": [price or component()]}]
    about = {"orderId": name(f"order-{number}"), "quoteId": QUOTE, "quoteVersion": 1, "items": items}
    commercial = {"proposalDocumentHash": "document-1"}
    return event("ProductOrderCreated", f"order-{number}", 1, minute, **{**about, "commercial": commercial, **more})


def over(number: int, minute: float) -> Heard:
    return event("ProductOrderCancelled", f"order-{number}", 2, minute, quoteId=QUOTE, orderId=name(f"order-{number}"))


def approved(percent: int = 25, fingerprint: str = "price-1") -> Heard:
    evidence = {"priceFingerprint": fingerprint, "discountPercent": Decimal(percent), "outcome": "APPROVED"}
    return quote("Approved", 3, 1.5, evidence=evidence)


CASES: dict[str, tuple[tuple[str, str], Callable[[], Events], Callable[[], Events]]] = {
    "referential.quote-unknown": (
        ("ProductOrder", "order-1"),
        lambda: [captured()],
        lambda: [captured(), quote("Created", 1, 0)],
    ),
    "referential.calculation-unknown": (
        ("Quote", "quote-1"),
        lambda: [priced(calculationId=name("price-1"))],
        lambda: [
            priced(calculationId=name("price-1")),
            event("PriceCalculated", "price-1", 1, 3, quoteId=QUOTE, quoteVersion=1),
        ],
    ),
    "referential.conversion-unknown": (
        ("ProductOrder", "order-1"),
        lambda: [*agreed(), captured()],
        lambda: [*agreed(), captured(), converted(39)],
    ),
    "state.duplicate-order": (
        ("ProductOrder", "order-1"),
        lambda: [*agreed(), captured(), captured(2, 31)],
        lambda: [*agreed(), captured(), captured(2, 31), over(2, 40)],
    ),
    "state.expired-quote-converted": (
        ("Quote", "quote-1"),
        lambda: [*agreed(terms={"validUntil": at(20)}), captured(), converted()],
        lambda: [*agreed(terms={"validUntil": at(31)}), captured(), converted()],
    ),
    "state.stale-fingerprint-accepted": (
        ("Quote", "quote-1"),
        lambda: agreed(priceFingerprint="price-0"),
        lambda: [*agreed(), quote("Priced", 7, 40, **{**PRICE, "priceFingerprint": "price-2"})],
    ),
    "state.unapproved-discount": (
        ("Quote", "quote-1"),
        lambda: [priced(**BEYOND), presented()],
        lambda: [priced(**BEYOND), presented(**BEYOND), approved()],
    ),
    "state.proposal-hash-mismatch": (
        ("Quote", "quote-1"),
        lambda: agreed(proposalDocumentHash="document-2"),
        lambda: [*agreed(), captured()],
    ),
    "financial.quote-vs-order": (
        ("ProductOrder", "order-1"),
        lambda: [*agreed(), captured(price=component("12"))],
        lambda: [*agreed(), captured(price=component("10.00", billedThroughItemId="item-1"))],
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_broken_rule_is_found_and_an_honoured_one_is_not(rule: str) -> None:
    entity, bad, good = CASES[rule]
    assert_rule("quote", rule, entity, bad(), good())


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("state.expired-quote-converted", [*agreed(), quote("Expired", 6, 20), replace(converted(), version=7)]),
        ("state.expired-quote-converted", [*agreed(terms={"validUntil": at(20)}), captured()]),
        ("state.stale-fingerprint-accepted", [priced(priceExpiresAt=at(5)), accepted()]),
        ("state.unapproved-discount", [priced(**BEYOND), approved(20), presented()]),
        ("state.unapproved-discount", [priced(**BEYOND), approved(25, "price-0"), presented()]),
        ("state.unapproved-discount", [priced(), presented(**BEYOND)]),
        ("state.proposal-hash-mismatch", [*agreed(), captured(commercial={"proposalDocumentHash": "other"})]),
        ("financial.quote-vs-order", [*agreed(), captured(price=component(currency="USD"))]),
        ("financial.quote-vs-order", [*agreed(), captured(price=component(priceFingerprint="line-2"))]),
        ("financial.quote-vs-order", [*agreed(), captured(price=component(period="YEAR"))]),
        (
            "financial.quote-vs-order",
            [*agreed(), captured(price=component(discounts=[{"percent": Decimal(10), "periods": 12}]))],
        ),
        ("financial.quote-vs-order", [*agreed(), captured(price=component(componentId="setup"))]),
    ],
)
def test_further_ways_to_break_a_rule(rule: str, events: Events) -> None:
    assert [f.rule for f in found("quote", events) if f.rule == rule] == [rule]


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("referential.quote-unknown", [captured(quoteId=None, quoteVersion=None, idempotencyKeyHash="key-1")]),
        ("referential.quote-unknown", [captured(), over(1, 35)]),
        ("state.expired-quote-converted", [*agreed(), converted(), quote("Expired", 7, 40)]),
        ("state.unapproved-discount", [priced(**BEYOND)]),
        ("state.proposal-hash-mismatch", [priced(), accepted(proposalDocumentHash="document-2")]),
        ("financial.quote-vs-order", [*agreed(), captured(price=component("12")), over(1, 35)]),
        ("financial.quote-vs-order", [*agreed(), captured(price=component("12"), quoteVersion=2)]),
    ],
)
def test_what_looks_alike_and_is_right(rule: str, events: Events) -> None:
    assert not [f for f in found("quote", events) if f.rule == rule]


def test_an_order_without_a_quote_is_made_once_for_a_request() -> None:
    bare = {"quoteId": None, "quoteVersion": None}
    one, two, other = (
        captured(1, 30, **bare, idempotencyKeyHash="key-1"),
        captured(2, 31, **bare, idempotencyKeyHash="key-1"),
        captured(3, 32, **bare, idempotencyKeyHash="key-2"),
    )
    assert [(f.rule, f.entity_id) for f in found("quote", [one, two, other])] == [
        ("state.duplicate-order", name("order-1"))
    ]


def test_of_three_orders_two_are_too_many() -> None:
    (one,) = found("quote", [*agreed(), captured(), converted(), captured(2, 31), captured(3, 32)])
    assert one.data["summary"] == f"What order {name('order-1')} is for was ordered 3 times."
    assert [d["actual"] for d in one.data["differences"]] == [name("order-2"), name("order-3")]


def test_a_difference_within_the_tolerance_is_none() -> None:
    rules = RULES.changed({"financial.quote-vs-order": {"tolerance": Tolerance(above_percent=Fraction(20))}})
    events = [*agreed(), converted(), captured(price=component("12"))]
    assert not rows_of(quote_space(rules), events, BEGUN_US + DAY * MINUTE_US)
    events = [*agreed(), converted(), captured(price=component("12.01"))]
    assert rows_of(quote_space(rules), events, BEGUN_US + DAY * MINUTE_US)


def test_a_producer_that_says_little_leads_to_no_finding_and_no_error() -> None:
    bare = [event(e.kind, "quote-1", e.version, 1, quoteId=QUOTE) for e in [*agreed(), converted()]]
    bare.append(event("ProductOrderCreated", "order-1", 1, 2, quoteId=QUOTE))
    assert not found("quote", bare)
