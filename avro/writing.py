"""Avro's primitive types written to a growing buffer; compiled ahead of time (`make compile`)."""

from __future__ import annotations

from librt.strings import BytesWriter
from mypy_extensions import i64, u8


def write_long(out: BytesWriter, number: i64) -> None:
    """A zigzag variable-length integer."""
    rest: i64 = (number << 1) ^ (number >> 63)
    while rest > 0x7F or rest < 0:
        out.append(u8(rest & 0x7F | 0x80))
        rest = (rest >> 7) & 0x01FFFFFFFFFFFFFF  # the sign must not be shifted in
    out.append(u8(rest))


def write_text(out: BytesWriter, text: str) -> None:
    """UTF-8 after its length in bytes."""
    raw = text.encode("utf-8")
    write_long(out, len(raw))
    out.write(raw)


def write_optional_text(out: BytesWriter, text: str | None) -> None:
    """A text or null, null being the first branch of the union."""
    if text is None:
        out.append(0)
    else:
        out.append(2)
        write_text(out, text)


def write_optional_long(out: BytesWriter, number: int | None) -> None:
    """A number or null, null being the first branch of the union."""
    if number is None:
        out.append(0)
    else:
        out.append(2)
        write_long(out, number)
