"""UUIDs as the 16 bytes they are; compiled ahead of time (`make compile`)."""

from __future__ import annotations

from typing import Final

_TEXT_LENGTH: Final = 36


def format_uuid(raw: bytes) -> str:
    """The canonical text of 16 bytes."""
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def parse_uuid(text: str) -> bytes | None:
    """The bytes whose canonical text this is; None for any other text, such as one in capitals."""
    if len(text) != _TEXT_LENGTH:
        return None
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return raw if format_uuid(raw) == text else None
