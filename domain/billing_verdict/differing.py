"""Fields in which two sides differ, as texts people can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from domain.commercial import PriceComponent

AMOUNT = "amount"
HANDED_OVER = "handedOver."
INSTALLED = "installed."


class Differing(NamedTuple):
    """A field in which both sides differ; `tolerated` when the difference is small enough."""

    field: str
    expected: str | None
    actual: str | None
    tolerated: bool = False


def texts_apart(expected: PriceComponent, actual: PriceComponent) -> Iterator[Differing]:
    """The terms in which two components differ; a fingerprint that was not agreed cannot differ."""
    for name, wanted, found in zip(_FIELDS, _texts(expected), _texts(actual), strict=True):
        if wanted != found and not (name == "priceFingerprint" and wanted is None):
            yield Differing(name, wanted, found)


_FIELDS = ("kind", AMOUNT, "currency", "period", "quantity", "discounts", "tiers", "priceFingerprint")


def _texts(component: PriceComponent) -> tuple[str | None, ...]:
    discounts = [f"{d.percent:f} %{'' if d.periods is None else f' for {d.periods}'}" for d in component.discounts]
    tiers = [f"{t.price.amount:f} {t.price.currency} to {t.up_to or 'the end'}" for t in component.tiers]
    return (
        component.kind.value,
        f"{component.price.amount:f}",
        component.price.currency,
        None if component.period is None else component.period.value,
        str(component.quantity),
        ", ".join(discounts) or None,
        ", ".join(tiers) or None,
        component.price_fingerprint,
    )
