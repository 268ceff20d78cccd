from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avro.moments import format_microseconds, microseconds, parse_microseconds, small_number

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-11))])


@given(st.datetimes(timezones=zones))
@example(datetime(1970, 1, 1, tzinfo=UTC))
@example(datetime(2000, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC))
@example(datetime(2100, 3, 1, tzinfo=UTC))
@example(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
def test_a_time_is_read_and_written_as_the_library_does(moment: datetime) -> None:
    since = (moment - EPOCH) // timedelta(microseconds=1)
    assert microseconds(moment) == since
    assert parse_microseconds(moment.isoformat().encode()) == since
    try:
        plain = moment.astimezone(UTC)
    except OverflowError:
        return
    written = f"{plain.isoformat(timespec='microseconds')[:-6]}Z".encode()
    assert format_microseconds(since) == written
    assert parse_microseconds(written) == since


@given(st.from_regex(r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{6}[Z+]\Z"))
def test_what_is_no_time_is_refused_as_the_library_refuses_it(text: str) -> None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        with pytest.raises(ValueError, match=r".+"):
            parse_microseconds(text.encode())
    else:
        if moment.tzinfo is not None:
            assert parse_microseconds(text.encode()) == (moment - EPOCH) // timedelta(microseconds=1)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse_microseconds(b"2026-01-01T00:00:00.000000")


def test_a_time_outside_of_the_calendar_cannot_be_written() -> None:
    with pytest.raises(OverflowError):
        format_microseconds(2**62)


@given(st.one_of(st.text(), st.integers(0, 10**20).map(str)))
def test_small_numbers_are_read(text: str) -> None:
    raw = text.encode()
    plain = raw.isdigit() and len(raw) <= 18
    assert small_number(raw) == (int(raw) if plain else -1)
