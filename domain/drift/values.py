"""Fields of events as registers keep them: times as microseconds, decimals as texts, nothing that may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime | None) -> int | None:
    """Microseconds since the epoch; exact."""
    if moment is None:
        return None
    apart = moment - EPOCH
    return (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds


def moment(time_us: int) -> datetime:
    """The inverse of `micros`."""
    return EPOCH + timedelta(microseconds=time_us)


def at(time_us: int) -> str:
    """A time as people read it, to the second."""
    return f"{moment(time_us):%Y-%m-%d %H:%M:%S} UTC"


def number(value: Decimal | int | None) -> str | None:
    """A number as the shortest text of its value, so that 1.0 and 1.00 are one."""
    if value is None:
        return None
    text = format(Decimal(value), "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def money(value: Mapping[str, Any] | None) -> list[str] | None:
    """An amount with its currency."""
    return None if not value else [number(value.get("amount", 0)) or "0", value.get("currency", "")]


def records(data: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """A list of records that may be missing."""
    found: Sequence[Mapping[str, Any]] = data.get(name) or ()
    return found
