"""The few headers a fold needs of an event, read in a fraction of the time all of them take.

Compiled ahead of time (`make compile`).
"""

from __future__ import annotations

from typing import final

from avro.headers import bad_header
from avro.moments import parse_microseconds, small_number

ReadHeaders = list[tuple[str, bytes]]


@final
class Essentials:
    """What a fold needs of an envelope; times in microseconds since the epoch."""

    def __init__(self, event_id: str, subject: str, aggregate_version: int, time_us: int, recorded_us: int) -> None:
        self.event_id = event_id
        self.subject = subject
        self.aggregate_version = aggregate_version
        self.time_us = time_us
        self.recorded_us = recorded_us


def essentials(headers: ReadHeaders | None) -> Essentials:
    """The headers without which an event cannot be placed; the others may be missing, which is a finding elsewhere.

    Raises `RecordError` BAD_HEADERS (stage `decode`) naming the header.
    """
    found: dict[str, bytes | None] = dict(headers or ())
    event_id = _text(found, "ce_id")
    subject = _text(found, "ce_subject")
    version = _version(found)
    time_us = _time(found, "ce_time")
    recorded_us = _time(found, "ce_recordedtime")
    if not event_id or not subject or version < 1:
        raise bad_header("ce_id, ce_subject or ce_aggregateversion", "it is empty, or no version from 1 on")
    return Essentials(event_id, subject, version, time_us, recorded_us)


def _value(found: dict[str, bytes | None], name: str) -> bytes:
    value = found.get(name)
    if value is None:
        raise bad_header(name, f"{None!r} cannot be read: it has no value" if name in found else "it is missing")
    return value


def _text(found: dict[str, bytes | None], name: str) -> str:
    raw = _value(found, name)
    try:
        return raw.decode()
    except ValueError as error:
        raise bad_header(name, f"{raw!r} cannot be read: {error}") from None


def _version(found: dict[str, bytes | None]) -> int:
    raw = _value(found, "ce_aggregateversion")
    digits = small_number(raw)
    if digits > 0:
        return digits
    try:
        return int(raw)
    except ValueError as error:
        raise bad_header("ce_aggregateversion", f"{raw!r} cannot be read: {error}") from None


def _time(found: dict[str, bytes | None], name: str) -> int:
    raw = _value(found, name)
    try:
        return parse_microseconds(raw)
    except ValueError as error:
        raise bad_header(name, f"{raw!r} cannot be read: {error}") from None
