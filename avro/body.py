"""Avro bodies written from models in one walk: each value is looked at, and written.

The module is compiled ahead of time (`make compile`); as plain Python it does the same, slowly. It never decides that a
value is bad: whatever is not surely good is an `UnusualError`, and the reference codec has the last word.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, final

from librt.strings import BytesWriter
from mypy_extensions import i64

from avro.moments import microseconds
from avro.walk import ARRAY, BOOLEAN, ENUM, LONG, MAP, RECORD, TEXT, UnusualError
from avro.writing import write_long, write_text

TIMESTAMP: Final = 100
DECIMAL: Final = 101
"""Kinds beside those of `avro.walk`."""


@final
class Part:
    """One type of a schema with the Python values that are written as it.

    `null_at` is the branch of null in an optional, -1 without one. `model` is the class of a record, `names` its
    attributes and `parts` what they hold, or what an array holds; `symbols` are the words of an enum. A number lies
    between `low` and `high`; a decimal has at most `precision` digits, `scale` of them after the point.
    """

    def __init__(
        self,
        kind: i64,
        *,
        model: object = None,
        names: list[str] | None = None,
        parts: list[Part] | None = None,
        symbols: list[str] | None = None,
        low: i64 = 0,
        high: i64 = 0,
        precision: int = 0,
        scale: int = 0,
    ) -> None:
        self.kind: i64 = kind
        self.null_at: i64 = -1
        self.model = model
        self.names: list[str] = names if names is not None else []
        self.parts: list[Part] = parts if parts is not None else []
        self.symbols: dict[str, int] = {word: at for at, word in enumerate(symbols or [])}
        self.low: i64 = low
        self.high: i64 = high
        self.precision = precision
        self.scale = scale
        self.power: int = 10**scale


def body_of(part: Part, model: object) -> bytes:
    """The body of a record; raises `UnusualError` for a value that does not surely fit."""
    out = BytesWriter()
    try:
        _write(out, part, model)
    except (ValueError, OverflowError):  # half a surrogate pair, a number of more than 64 bits
        raise UnusualError from None
    return out.getvalue()


def _write(out: BytesWriter, part: Part, value: Any) -> None:
    if part.null_at >= 0:
        if value is None:
            write_long(out, part.null_at)
            return
        write_long(out, 1 - part.null_at)
    kind = part.kind
    if kind == RECORD:
        _write_record(out, part, value)
    elif kind == ARRAY:
        _write_items(out, part.parts[0], value)
    elif kind == MAP:
        _write_texts(out, value)
    else:
        _write_scalar(out, part, value)


def _write_scalar(out: BytesWriter, part: Part, value: Any) -> None:
    kind = part.kind
    if kind == TEXT:
        if not isinstance(value, str):
            raise UnusualError
        write_text(out, value)
    elif kind == ENUM:
        _write_word(out, part, value)
    elif kind == LONG:
        _write_number(out, part, value)
    elif kind == TIMESTAMP:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise UnusualError
        write_long(out, microseconds(value))
    elif kind == DECIMAL:
        _write_decimal(out, part, value)
    else:
        if kind != BOOLEAN or (value is not True and value is not False):
            raise UnusualError
        out.append(1 if value is True else 0)


def _write_word(out: BytesWriter, part: Part, value: Any) -> None:
    if not isinstance(value, str):
        raise UnusualError
    at = part.symbols.get(value)
    if at is None:
        raise UnusualError
    write_long(out, at)


def _write_number(out: BytesWriter, part: Part, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnusualError
    number: i64 = value
    if number < part.low or number > part.high:
        raise UnusualError
    write_long(out, number)


def _write_record(out: BytesWriter, part: Part, value: Any) -> None:
    if type(value) is not part.model:
        raise UnusualError
    names = part.names
    at: i64 = 0
    for inner in part.parts:
        _write(out, inner, getattr(value, names[at]))
        at += 1  # noqa: SIM113 - a counter of machine words


def _write_items(out: BytesWriter, inner: Part, value: Any) -> None:
    if not isinstance(value, tuple):
        raise UnusualError
    if value:
        write_long(out, len(value))
        for item in value:
            _write(out, inner, item)
    out.append(0)


def _write_texts(out: BytesWriter, value: Any) -> None:
    if not isinstance(value, dict):
        raise UnusualError
    if value:
        write_long(out, len(value))
        for key, text in value.items():
            if not isinstance(key, str) or not isinstance(text, str):
                raise UnusualError
            write_text(out, key)
            write_text(out, text)
    out.append(0)


def _write_decimal(out: BytesWriter, part: Part, value: Any) -> None:
    """The unscaled number in as few bytes as two's complement takes, by its magnitude."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise UnusualError
    numerator, denominator = value.as_integer_ratio()
    scaled: int = numerator * part.power
    unscaled: int = scaled // denominator
    if unscaled * denominator != scaled or abs(unscaled) >= 10**part.precision:
        raise UnusualError
    raw = unscaled.to_bytes((unscaled.bit_length() + 8) // 8, "big", signed=True)
    write_long(out, len(raw))
    out.write(raw)
