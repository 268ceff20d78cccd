"""Fingerprints of what was configured, priced, approved and proposed (R95-R98).

Two values have one fingerprint exactly when they say the same: the order of keys, the spelling of a number (`10`,
`10.0`, `10.00`), the offset a time is written with and fields that are absent or null make no difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from pydantic import BaseModel

from domain.commercial import PriceComponent


def canonical(value: object) -> str:
    """The one text of a value: JSON with sorted keys, plain numbers and UTC times.

    Raises `TypeError` for what has no exact text, floats above all, and `ValueError` for a time without offset.
    """
    writer = _WRITERS.get(type(value))
    return writer(value) if writer else _rarer(value)


def _rarer(value: object) -> str:
    match value:
        case BaseModel():
            return _members((name, getattr(value, name)) for name in _names(type(value)))
        case Enum():
            return canonical(value.value)
        case str():
            return encode_basestring(value)
        case int() | Decimal():
            return _number(Decimal(value))
        case datetime():
            return encode_basestring(_time(value))
        case Mapping():
            return _members(sorted(((str(key), each) for key, each in value.items()), key=itemgetter(0)))
        case AbstractSet():
            return "[" + ",".join(sorted(map(canonical, value))) + "]"
        case Sequence():
            return "[" + ",".join(map(canonical, value)) + "]"
    message = f"{type(value).__name__} has no exact text to make a fingerprint of"
    raise TypeError(message)


@cache
def _names(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(sorted(model.model_fields))


def _members(members: Iterable[tuple[str, object]]) -> str:
    """Absent and null are the same, so that a field added later changes no fingerprint of before."""
    return "{" + ",".join([f"{encode_basestring(k)}:{canonical(v)}" for k, v in members if v is not None]) + "}"


def _number(value: Decimal) -> str:
    if not value.is_finite():
        message = f"{value} is no number to make a fingerprint of"
        raise TypeError(message)
    text = format(value, "f") if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    Decimal: _number,
    tuple: lambda value: "[" + ",".join(map(canonical, value)) + "]",
}
"""What most values are; the rest is told apart one by one."""


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        message = f"{value.isoformat()} has no offset"
        raise ValueError(message)
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def sha256_of(value: object) -> str:
    """SHA-256 of the canonical text, as 64 hex digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def line_configuration_fingerprint(
    *, offering_id: str, offering_version: str | None, quantity: int, configuration: Mapping[str, str]
) -> str:
    """What was chosen on one line (R96, R283)."""
    return sha256_of(
        {
            "offering": offering_id,
            "offeringVersion": offering_version,
            "quantity": quantity,
            "configuration": configuration,
        }
    )


def configuration_fingerprint(lines: Mapping[str, str]) -> str:
    """What was chosen on all lines, from the fingerprint of each line by its id (R96)."""
    return sha256_of({"configuration": lines})


def line_price_fingerprint(line_id: str, components: Iterable[PriceComponent]) -> str:
    """What one line costs: amounts, quantities, periods, tiers and reductions, not who vouches for them (R95).

    Which item pays for it is structure: it is named by line in a quote and by item in an order.
    """
    return sha256_of({"line": line_id, "components": {c.component_id: _terms(c) for c in components}})


def _terms(component: PriceComponent) -> dict[str, object]:
    return {
        "kind": component.kind,
        "price": component.price,
        "quantity": component.quantity,
        "period": component.period,
        "discounts": [{"percent": d.percent, "periods": d.periods} for d in component.discounts],
        "tiers": component.tiers or None,
    }


def price_fingerprint(currency: str, lines: Mapping[str, str]) -> str:
    """What all lines cost, from the price fingerprint of each line by its id (R95)."""
    return sha256_of({"currency": currency, "prices": lines})


def line_fingerprint(line_id: str, *, parent_line_id: str | None, action: str, configuration: str, price: str) -> str:
    """One line with its place, its configuration and its price, each by its fingerprint."""
    return sha256_of(
        {
            "line": line_id,
            "parent": parent_line_id,
            "action": action,
            "configuration": configuration,
            "price": price,
        }
    )


def approval_fingerprint(
    *,
    quote_id: str,
    quote_version: int,
    price: str,
    discount_percent: Decimal,
    limit_percent: Decimal,
    case_id: str | None,
    decided_by: str | None,
) -> str:
    """Which price of which revision was allowed, by whom; without a case, that none was needed (R97)."""
    return sha256_of(
        {
            "quote": quote_id,
            "quoteVersion": quote_version,
            "price": price,
            "discountPercent": discount_percent,
            "limitPercent": limit_percent,
            "case": case_id,
            "decidedBy": decided_by,
        }
    )


def proposal_hash(
    *,
    quote_id: str,
    quote_version: int,
    price: str,
    configuration: str,
    document_content_hash: str,
    terms_version: str,
) -> str:
    """The whole package a customer says yes to: document, terms, prices and configuration (R98, R292)."""
    return sha256_of(
        {
            "quote": quote_id,
            "quoteVersion": quote_version,
            "price": price,
            "configuration": configuration,
            "document": document_content_hash,
            "terms": terms_version,
        }
    )
