"""The headers a fold needs, wherever they lie among the others."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro.essentials import Essentials, essentials
from avro.headers import Headers
from domain.errors import RecordError

NEEDED: Headers = [
    ("ce_id", b"event-1"),
    ("ce_subject", b"acme:order-1"),
    ("ce_aggregateversion", b"3"),
    ("ce_time", b"2026-06-01T10:00:00.000001Z"),
    ("ce_recordedtime", b"2026-06-01T10:00:01Z"),
]
OTHERS: Headers = [("ce_specversion", b"1.0"), ("traceparent", b"00-1"), ("ce_type", b"x")]


def told(found: Essentials) -> tuple[Any, ...]:
    return found.event_id, found.subject, found.aggregate_version, found.recorded_us - found.time_us


@given(st.lists(st.permutations([*NEEDED, *OTHERS]), min_size=1, max_size=4))
def test_any_order_of_headers_after_any_other(records: list[Headers]) -> None:
    for headers in records:
        assert told(essentials(headers)) == ("event-1", "acme:order-1", 3, 999_999)


def test_of_a_header_that_comes_twice_the_last_one_counts() -> None:
    twice = [("ce_id", b"first"), *NEEDED]
    assert essentials(twice).event_id == "event-1"
    assert essentials([*NEEDED, ("ce_id", b"last")]).event_id == "last"
    assert essentials(twice).event_id == "event-1"


@pytest.mark.parametrize("name", [name for name, _ in NEEDED])
def test_a_missing_one_is_named(name: str) -> None:
    essentials(NEEDED)
    with pytest.raises(RecordError, match=f"{name}.*missing") as refused:
        essentials([header for header in NEEDED if header[0] != name])
    assert refused.value.code == "BAD_HEADERS"


@pytest.mark.parametrize("name", [name for name, _ in NEEDED])
def test_one_without_a_value_is_named(name: str) -> None:
    headers = cast("Headers", [(n, None if n == name else value) for n, value in NEEDED])
    with pytest.raises(RecordError, match=f"{name}.*no value"):
        essentials(headers)


def test_none_at_all() -> None:
    with pytest.raises(RecordError, match=r"ce_id.*missing"):
        essentials(None)
    with pytest.raises(RecordError, match=r"ce_id.*missing"):
        essentials([])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_id", b""),
        ("ce_id", b"\xff"),
        ("ce_aggregateversion", b"0"),
        ("ce_aggregateversion", b"three"),
        ("ce_time", b"now"),
    ],
)
def test_one_that_cannot_be_read(name: str, value: bytes) -> None:
    with pytest.raises(RecordError, match=name):
        essentials([(n, value if n == name else v) for n, v in NEEDED])
