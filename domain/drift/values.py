"""Values as findings and registers write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.fold.reading import Data, moment


def at(time_us: int) -> str:
    """A time as people read it, to the second."""
    return f"{moment(time_us):%Y-%m-%d %H:%M:%S} UTC"


def number(value: Any) -> str | None:
    """A number as the shortest text of its value, so that 1.0 and 1.00 are one; None for what is none."""
    if not isinstance(value, Decimal | int):
        return None
    text = format(Decimal(value), "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def fields(data: Data, names: tuple[str, ...]) -> list[Any]:
    """Several fields as they are, None where there is none."""
    return [data.get(name) for name in names]
