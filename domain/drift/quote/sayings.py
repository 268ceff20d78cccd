"""What is remembered of a quote's events, and of the orders that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domain.drift.space import Saying, saying
from domain.drift.terms import components_of
from domain.drift.values import micros, number, records
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.quote.events import EVENTS as QUOTE_EVENTS

Fields = Callable[[Mapping[str, Any]], list[Any]]


def _price(data: Mapping[str, Any]) -> list[Any]:
    """What every event that rests on a price says of it: fingerprint, discount, limit."""
    limits = (number(data.get(name)) for name in ("discountPercent", "discountLimitPercent"))
    return [data.get("priceFingerprint"), *limits]


def _evidence(data: Mapping[str, Any]) -> list[Any]:
    evidence = data.get("evidence") or {}
    return [evidence.get("priceFingerprint"), number(evidence.get("discountPercent")), evidence.get("outcome")]


def _accepted(data: Mapping[str, Any]) -> list[Any]:
    ends = [micros(data.get("validUntil")), micros((data.get("terms") or {}).get("validUntil"))]
    lines = {line["lineId"]: components_of(line) for line in records(data, "lines") if line.get("lineId")}
    document, valid_until = data.get("proposalDocumentHash"), min((e for e in ends if e is not None), default=None)
    return [*_price(data), document, valid_until, lines]


_OF_REVISION: Mapping[str, tuple[str, Fields]] = {
    "QuotePriced": ("priced", lambda data: [*_price(data), micros(data.get("priceExpiresAt"))]),
    "QuotePresented": ("presented", lambda data: [*_price(data), data.get("proposalDocumentHash")]),
    "QuoteApproved": ("approved", _evidence),
    "QuoteAccepted": ("accepted", _accepted),
    "QuoteConvertedToOrder": ("converted", lambda data: [data.get("orderId"), micros(data.get("convertedAt"))]),
    "QuoteExpired": ("ended", lambda data: ["EXPIRED"]),
    "QuoteCancelled": ("ended", lambda data: ["CANCELLED"]),
}
"""What is remembered for each revision, by event: the register's name, and its fields."""


def _quote(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    yield "about", [data.get("accountId"), data.get("quoteVersion")]
    if event.kind in _OF_REVISION:
        name, fields = _OF_REVISION[event.kind]
        yield f"{name}/{data.get('quoteVersion')}", fields(data)
    elif event.kind == "QuoteSuperseded" and data.get("supersededVersion") is not None:
        yield f"ended/{data['supersededVersion']}", ["SUPERSEDED"]


def _order(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    """An order as it was captured or accepted: what it costs by the lines of the quote it names."""
    data = event.data
    lines = {i["quoteLineId"]: components_of(i) for i in records(data, "items") if i.get("quoteLineId")}
    document = (data.get("commercial") or {}).get("proposalDocumentHash")
    yield "captured" if event.kind == "ProductOrderCreated" else "agreed", [data.get("quoteVersion"), document, lines]


def _over(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "over", event.kind


SAYINGS: Mapping[str, Saying] = saying(
    {
        tuple(event.__name__ for event in QUOTE_EVENTS): _quote,
        ("ProductOrderCreated", "ProductOrderAccepted"): _order,
        ("ProductOrderCancelled", "ProductOrderRejected", "ProductOrderFailedClosed"): _over,
    }
)
