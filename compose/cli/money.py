"""Money at risk in rows of the read model, as it is told and as it is compared."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CENT = Decimal("0.01")


def is_at_risk(row: Mapping[str, Any], least: Decimal | None) -> bool:
    """Whether a row has at least so much money at risk, in major units of some currency; None asks for nothing."""
    return least is None or any(amount >= least for amount, _ in _at_risk(row))


def told_money(row: Mapping[str, Any]) -> str:
    """The money at risk of a row, what is not charged and what is charged too much apart."""
    found = [(_money(row.get("leakage")), "not charged"), (_money(row.get("overbilling")), "overcharged")]
    return ", ".join(f"{_told(*money)} {how}" for money, how in found if money is not None)


def _at_risk(row: Mapping[str, Any]) -> Iterator[tuple[Decimal, str]]:
    """What is at risk by currency."""
    totals: dict[str, Decimal] = {}
    for name in ("leakage", "overbilling"):
        if (money := _money(row.get(name))) is not None:
            totals[money[1]] = totals.get(money[1], Decimal(0)) + money[0]
    for currency, amount in totals.items():
        yield amount, currency


def _money(value: Any) -> tuple[Decimal, str] | None:
    # nested values of the read model are read when they are needed
    parsed = value.parsed() if hasattr(value, "parsed") else value
    return None if parsed is None else (Decimal(parsed["amount"]), str(parsed["currency"]))


def _told(amount: Decimal, currency: str) -> str:
    rounded = amount.quantize(_CENT)
    return f"{rounded if rounded == amount else amount.normalize():,f} {currency}"
