"""The few headers a fold needs of an event, read in a fraction of the time all of them take.

Compiled ahead of time (`make compile`).
"""

from __future__ import annotations

from typing import Final, cast, final

from mypy_extensions import i64

from avro.headers import bad_header
from avro.moments import parse_microseconds, small_number

ReadHeaders = list[tuple[str, bytes]]
_Found = list[tuple[str, bytes | None]]
"""As they come from the wire, where a header may have no value."""

_ID: Final = "ce_id"
_SUBJECT: Final = "ce_subject"
_VERSION: Final = "ce_aggregateversion"
_TIME: Final = "ce_time"
_RECORDED: Final = "ce_recordedtime"


@final
class Essentials:
    """What a fold needs of an envelope; times in microseconds since the epoch."""

    def __init__(self, event_id: str, subject: str, aggregate_version: int, time_us: int, recorded_us: int) -> None:
        self.event_id = event_id
        self.subject = subject
        self.aggregate_version = aggregate_version
        self.time_us = time_us
        self.recorded_us = recorded_us


@final
class _Layout:
    """Where the essentials lie among headers of these names.

    Records of one producer have the same names in the same order, and comparing names costs a tenth of hashing them.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.id: i64 = _last(names, _ID)
        self.subject: i64 = _last(names, _SUBJECT)
        self.version: i64 = _last(names, _VERSION)
        self.time: i64 = _last(names, _TIME)
        self.recorded: i64 = _last(names, _RECORDED)

    def fits(self, headers: _Found) -> bool:
        names = self.names
        if len(names) != len(headers):
            return False
        at: i64 = 0
        while at < len(names):
            if headers[at][0] != names[at]:
                return False
            at += 1
        return True


def _last(names: list[str], wanted: str) -> i64:
    """Of a name that comes twice the last one counts; -1 for none."""
    at: i64 = len(names) - 1
    while at >= 0 and names[at] != wanted:
        at -= 1
    return at


@final
class _Seen:
    """The layout of the record before; any other gives the same answers, a little later."""

    def __init__(self) -> None:
        self.layout = _Layout([])


_SEEN: Final = _Seen()


def essentials(headers: ReadHeaders | None) -> Essentials:
    """The headers without which an event cannot be placed; the others may be missing, which is a finding elsewhere.

    Raises `RecordError` BAD_HEADERS (stage `decode`) naming the header.
    """
    found = cast("_Found", headers if headers is not None else [])
    layout = _SEEN.layout
    if not layout.fits(found):
        layout = _SEEN.layout = _Layout([name for name, _ in found])
    event_id = _text(found, layout.id, _ID)
    subject = _text(found, layout.subject, _SUBJECT)
    version = _version(found, layout.version)
    time_us = _moment(found, layout.time, _TIME)
    recorded_us = _moment(found, layout.recorded, _RECORDED)
    if not event_id or not subject or version < 1:
        raise bad_header(f"{_ID}, {_SUBJECT} or {_VERSION}", "it is empty, or no version from 1 on")
    return Essentials(event_id, subject, version, time_us, recorded_us)


def _value(headers: _Found, at: i64, name: str) -> bytes:
    if at < 0:
        raise bad_header(name, "it is missing")
    value = headers[at][1]
    if value is None:
        raise bad_header(name, f"{None!r} cannot be read: it has no value")
    return value


def _text(headers: _Found, at: i64, name: str) -> str:
    raw = _value(headers, at, name)
    try:
        return raw.decode()
    except ValueError as error:
        raise bad_header(name, f"{raw!r} cannot be read: {error}") from None


def _version(headers: _Found, at: i64) -> int:
    raw = _value(headers, at, _VERSION)
    digits = small_number(raw)
    if digits > 0:
        return digits
    try:
        return int(raw)
    except ValueError as error:
        raise bad_header(_VERSION, f"{raw!r} cannot be read: {error}") from None


def _moment(headers: _Found, at: i64, name: str) -> int:
    raw = _value(headers, at, name)
    try:
        return parse_microseconds(raw)
    except ValueError as error:
        raise bad_header(name, f"{raw!r} cannot be read: {error}") from None
