"""Price components as registers keep them, and where two of them differ (R233, R272, R273, R276)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from domain.drift.mismatch import Apart
from domain.drift.values import number
from domain.fold.reading import Data, part, parts, text
from domain.tolerance import Tolerance


class Terms(NamedTuple):
    """What is agreed about one price component; decimals as texts, as they are kept."""

    kind: str
    amount: str
    currency: str
    quantity: str
    period: str | None
    discounts: list[list[Any]]
    fingerprint: str | None

    @property
    def total(self) -> Decimal:
        """Undiscounted amount for the whole quantity."""
        return Decimal(self.amount) * Decimal(self.quantity)


def terms_of(component: Data) -> list[Any]:
    """A component as plain data: the fields of `Terms`. Who pays for it is not compared: line and item name it."""
    price = part(component, "price")
    return [
        text(component, "kind") or "",
        number(price.get("amount")) or "0",
        text(price, "currency") or "",
        number(component.get("quantity")) or "1",
        text(component, "period"),
        [[number(d.get("percent")) or "0", d.get("periods")] for d in parts(component, "discounts")],
        text(component, "priceFingerprint"),
    ]


def components_of(owner: Data) -> dict[str, list[Any]]:
    """The components of a line or an item by their ids."""
    known = ((text(component, "componentId"), component) for component in parts(owner, "priceComponents"))
    return {component_id: terms_of(component) for component_id, component in known if component_id}


def agree(expected: tuple[Decimal, str], actual: tuple[Decimal, str], tolerance: Tolerance) -> bool:
    """Whether two amounts count as equal; those in different currencies never do, for nothing is converted."""
    return expected[1] == actual[1] and tolerance.allows(Fraction(expected[0]), Fraction(actual[0]))


def differing(where: str, expected: Terms, actual: Terms, tolerance: Tolerance) -> Iterator[Apart]:
    """Each field on which two components differ; amounts within the tolerance do not."""
    if not agree((expected.total, expected.currency), (actual.total, actual.currency), tolerance):
        yield Apart(f"{where}amount", _amount(expected), _amount(actual))
    elif expected.fingerprint and actual.fingerprint and expected.fingerprint != actual.fingerprint:
        yield Apart(f"{where}priceFingerprint", expected.fingerprint, actual.fingerprint)
    for field in ("kind", "period"):
        if getattr(expected, field) != getattr(actual, field):
            yield Apart(f"{where}{field}", getattr(expected, field), getattr(actual, field))
    if expected.discounts != actual.discounts:
        yield Apart(f"{where}discounts", _discounts(expected.discounts), _discounts(actual.discounts))


def components_differing(
    where: str, expected: Mapping[str, list[Any]], actual: Mapping[str, list[Any]], tolerance: Tolerance
) -> Iterator[Apart]:
    """Each component that one side has alone, and each field on which both sides differ."""
    for component_id in sorted({*expected, *actual}):
        name = f"{where}{component_id}."
        if component_id not in actual:
            yield Apart(f"{name}amount", _amount(Terms(*expected[component_id])), None)
        elif component_id not in expected:
            yield Apart(f"{name}amount", None, _amount(Terms(*actual[component_id])))
        else:
            yield from differing(name, Terms(*expected[component_id]), Terms(*actual[component_id]), tolerance)


def _amount(terms: Terms) -> str:
    times = "" if terms.quantity == "1" else f"{terms.quantity} x "
    return f"{times}{terms.amount} {terms.currency}"


def _discounts(discounts: Iterable[list[Any]]) -> str:
    said = (f"{percent} percent" + (f" for {periods} periods" if periods else "") for percent, periods in discounts)
    return ", ".join(said) or "none"
