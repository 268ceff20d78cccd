"""What is remembered of a quote's events, and of the orders that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domain.drift.space import Saying, saying
from domain.drift.terms import components_of
from domain.drift.values import number
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.reading import Data, part, parts, text, time_us, whole
from domain.quote.events import EVENTS as QUOTE_EVENTS

Fields = Callable[[Data], list[Any]]


def _price(data: Data) -> list[Any]:
    """What every event that rests on a price says of it: fingerprint, discount, limit."""
    limits = (number(data.get(name)) for name in ("discountPercent", "discountLimitPercent"))
    return [text(data, "priceFingerprint"), *limits]


def _priced(data: Data) -> list[Any]:
    return [*_price(data), time_us(data, "priceExpiresAt"), text(data, "calculationId")]


def _evidence(data: Data) -> list[Any]:
    evidence = part(data, "evidence")
    return [text(evidence, "priceFingerprint"), number(evidence.get("discountPercent")), text(evidence, "outcome")]


def _accepted(data: Data) -> list[Any]:
    ends = [end for end in (time_us(data, "validUntil"), time_us(part(data, "terms"), "validUntil")) if end is not None]
    return [*_price(data), text(data, "proposalDocumentHash"), min(ends, default=None), _lines(data, "lines", "lineId")]


def _lines(data: Data, holder: str, key: str) -> dict[str, dict[str, list[Any]]]:
    """Price components by line of the quote; the fields of each are those of `Terms`."""
    return {line_id: components_of(line) for line in parts(data, holder) if (line_id := text(line, key))}


_OF_REVISION: Mapping[str, tuple[str, Fields]] = {
    "QuotePriced": ("priced", _priced),
    "QuotePresented": ("presented", lambda data: [*_price(data), text(data, "proposalDocumentHash")]),
    "QuoteApproved": ("approved", _evidence),
    "QuoteAccepted": ("accepted", _accepted),
    "QuoteConvertedToOrder": ("converted", lambda data: [text(data, "orderId"), time_us(data, "convertedAt")]),
    "QuoteExpired": ("ended", lambda data: ["EXPIRED"]),
    "QuoteCancelled": ("ended", lambda data: ["CANCELLED"]),
}
"""What is remembered for each revision, by event: the register's name, and its fields."""


def _quote(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    revision, superseded = whole(data, "quoteVersion"), whole(data, "supersededVersion")
    yield "about", [text(data, "accountId"), revision]
    if event.kind in _OF_REVISION:
        name, read = _OF_REVISION[event.kind]
        yield f"{name}/{revision}", read(data)
    elif event.kind == "QuoteSuperseded" and superseded is not None:
        yield f"ended/{superseded}", ["SUPERSEDED"]


def _calculated(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "calculated", True


def _order(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    """An order as it was captured or accepted: what it costs by the lines of the quote it names."""
    data = event.data
    document = text(part(data, "commercial"), "proposalDocumentHash")
    name = "captured" if event.kind == "ProductOrderCreated" else "agreed"
    yield name, [whole(data, "quoteVersion"), document, _lines(data, "items", "quoteLineId")]


def _over(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "over", event.kind


SAYINGS: Mapping[str, Saying] = saying(
    {
        tuple(event.__name__ for event in QUOTE_EVENTS): _quote,
        ("PriceCalculated", "PriceCalculationFailed"): _calculated,
        ("ProductOrderCreated", "ProductOrderAccepted"): _order,
        ("ProductOrderCancelled", "ProductOrderRejected", "ProductOrderFailedClosed"): _over,
    }
)
