"""Values of events whose producer may be foreign, read without trust."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any


def symbol(kind: type[StrEnum], value: object) -> str | None:
    """A word of a vocabulary as plain text; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        return kind(value).value
    except ValueError:
        return None


def listed(value: object) -> Iterable[Any]:
    """A list of an event; nothing for what is none."""
    return value if isinstance(value, (list, tuple)) else ()


def money_text(value: object) -> str | None:
    """An amount with its currency in one text, such as `500.00 EUR`; a text stays one."""
    if isinstance(value, Mapping) and value.get("amount") is not None:
        return f"{value['amount']} {value.get('currency') or ''}".strip()
    return value if isinstance(value, str) else None
