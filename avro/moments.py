"""Times of headers as microseconds since the epoch, and back; compiled ahead of time (`make compile`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from librt.strings import BytesWriter
from mypy_extensions import i64, u8

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY_US: Final[i64] = 86_400_000_000
_CALENDAR_END_US: Final = 253_402_300_800_000_000
"""The year 10000."""
_MARCH_OF_YEAR_0: Final[i64] = 719_468
"""How many days before the epoch it began."""
_USUAL_LENGTH: Final[i64] = 27
"""2026-01-31T23:59:59.999999Z"""


def microseconds(moment: datetime) -> int:
    """An aware time as microseconds since the epoch."""
    return (moment - _EPOCH) // _MICROSECOND


def parse_microseconds(text: bytes) -> int:
    """An ISO 8601 time with its zone; raises `ValueError`, for a text that is no time or lacks the zone."""
    usual = _usual(text)
    if usual >= 0:
        return usual
    moment = datetime.fromisoformat(text.decode())
    if moment.tzinfo is None:
        message = "it has no time zone"
        raise ValueError(message)
    return microseconds(moment)


def format_microseconds(since_epoch: int) -> bytes:
    """RFC 3339 in UTC with microseconds and `Z`, as a header has it; raises `OverflowError` outside of the calendar."""
    if since_epoch < 0 or since_epoch >= _CALENDAR_END_US:
        moment = _EPOCH + timedelta(microseconds=since_epoch)
        return f"{moment.isoformat(timespec='microseconds')[:-6]}Z".encode()
    left: i64 = since_epoch
    days = left // _DAY_US
    within = left - days * _DAY_US
    out = BytesWriter()
    _write_date(out, days)
    out.append(84)
    seconds = within // 1_000_000
    _write_digits(out, seconds // 3600, 10)
    out.append(58)
    _write_digits(out, seconds // 60 % 60, 10)
    out.append(58)
    _write_digits(out, seconds % 60, 10)
    out.append(46)
    _write_digits(out, within - seconds * 1_000_000, 100_000)
    out.append(90)
    return out.getvalue()


def _write_date(out: BytesWriter, days: i64) -> None:
    """Year, month and day, in years that begin with March, so that the leap day is their last."""
    shifted = days + _MARCH_OF_YEAR_0
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    year = year_of_era + era * 400
    _write_digits(out, year + 1 if month <= 2 else year, 1000)
    out.append(45)
    _write_digits(out, month, 10)
    out.append(45)
    _write_digits(out, day_of_year - (153 * from_march + 2) // 5 + 1, 10)


def _write_digits(out: BytesWriter, number: i64, highest: i64) -> None:
    """All digits from the one of weight `highest` on, leading zeros included."""
    weight = highest
    while weight > 0:
        out.append(u8(48 + number // weight % 10))
        weight //= 10


def small_number(text: bytes) -> int:
    """A number of at most 18 decimal digits; -1 for every other text."""
    length: i64 = len(text)
    return _digits(text, 0, length) if 0 < length <= 18 else -1


def _usual(text: bytes) -> i64:
    """The form the platform itself writes; -1 for every other, and for what is before the epoch."""
    if len(text) != _USUAL_LENGTH or text[4] != 45 or text[7] != 45 or text[10] != 84 or text[26] != 90:
        return -1
    if text[13] != 58 or text[16] != 58 or text[19] != 46:
        return -1
    year, month, day = _digits(text, 0, 4), _digits(text, 5, 7), _digits(text, 8, 10)
    hour, minute, second = _digits(text, 11, 13), _digits(text, 14, 16), _digits(text, 17, 19)
    micro = _digits(text, 20, 26)
    # the 29th to 31st are left to the library, which knows how long months are
    if year < 1970 or month < 1 or month > 12 or day < 1 or day > 28 or micro < 0:
        return -1
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return -1
    days = _days(year, month, day)
    return days * _DAY_US + ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro


def _digits(text: bytes, begin: i64, end: i64) -> i64:
    value: i64 = 0
    at = begin
    while at < end:
        digit: i64 = text[at]
        if digit < 48 or digit > 57:
            return -1
        value = value * 10 + digit - 48
        at += 1
    return value


def _days(year: i64, month: i64, day: i64) -> i64:
    """Days since the epoch, in years that begin with March, so that the leap day is their last."""
    shifted = year if month > 2 else year - 1
    from_march = month - 3 if month > 2 else month + 9
    leap_days = shifted // 4 - shifted // 100 + shifted // 400
    return shifted * 365 + leap_days + (153 * from_march + 2) // 5 + day - 1 - _MARCH_OF_YEAR_0
