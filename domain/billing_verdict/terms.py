"""The terms of a price component as one text: what is remembered of them, and what two sides are compared by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from domain.commercial import ChargeKind, Discount, Period, PriceComponent, UsageTier
from domain.money import Money

_KINDS = {kind.value: kind for kind in ChargeKind}
_PERIODS = {period.value: period for period in Period}
_KEPT_MAX = 8192
"""Terms kept read; offers are few, so most products have the terms of another."""


def terms_text(component: Mapping[str, Any]) -> str:
    """A price component by its wire names, as the text that two equal ones have in common.

    Evidence for discounts is left out: it says why they are there, not what is due. What a foreign producer leaves
    out is null.
    """
    price = component.get("price") or {}
    return json.dumps(
        [
            _word(component.get("kind")),
            _number(price.get("amount")),
            price.get("currency"),
            _word(component.get("period")),
            component.get("quantity") or 1,
            [[_number(d.get("percent")), d.get("periods")] for d in component.get("discounts") or ()],
            component.get("priceFingerprint"),
            component.get("billedThroughItemId"),
            [
                [t.get("upTo"), _number((t.get("price") or {}).get("amount")), (t.get("price") or {}).get("currency")]
                for t in component.get("tiers") or ()
            ],
        ],
        separators=(",", ":"),
    )


@lru_cache(maxsize=_KEPT_MAX)
def component_of(text: str) -> PriceComponent:
    """The component a text stands for, without its id; not validated, for what billing says is compared as it is."""
    kind, amount, currency, period, quantity, discounts, fingerprint, through, tiers = json.loads(text)
    return PriceComponent.model_construct(
        component_id="",
        kind=_KINDS.get(kind, ChargeKind.USAGE),
        price=_money(amount, currency),
        quantity=quantity,
        period=_PERIODS.get(period),
        discounts=tuple(
            Discount.model_construct(percent=Decimal(percent or 0), periods=periods) for percent, periods in discounts
        ),
        price_fingerprint=fingerprint,
        billed_through_item_id=through,
        tiers=tuple(UsageTier.model_construct(up_to=up_to, price=_money(a, c)) for up_to, a, c in tiers),
    )


def _money(amount: str | None, currency: str | None) -> Money:
    return Money.model_construct(amount=Decimal(amount or 0), currency=currency or "")


def _word(value: Any) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> str | None:
    """`100.0000` and `100` are one amount."""
    return None if value is None else f"{Decimal(str(value)).normalize():f}"
