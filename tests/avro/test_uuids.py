"""UUIDs as bytes: only canonical text is taken for one, so that every text comes back as it was."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro.uuids import format_uuid, parse_uuid


@given(st.uuids())
def test_there_and_back(uuid: UUID) -> None:
    assert parse_uuid(str(uuid)) == uuid.bytes
    assert format_uuid(uuid.bytes) == str(uuid)


@given(st.text(max_size=40) | st.uuids().map(lambda uuid: str(uuid).upper()) | st.uuids().map(lambda uuid: uuid.hex))
def test_other_text_is_none_unless_it_comes_back_as_it_was(text: str) -> None:
    raw = parse_uuid(text)
    assert raw is None or format_uuid(raw) == text


@pytest.mark.parametrize(
    "text",
    [
        "0b6f1c1e-37a1-4f30-9d4b-5c3e2c1d0e9g",
        "0B6F1C1E-37A1-4F30-9D4B-5C3E2C1D0E9F",
        "0b6f1c1e37a1-4f30-9d4b-5c3e2c1d0e9f-",
        "0b6f1c1e 37a1 4f30 9d4b 5c3e2c1d0e9f",
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert len(text) == 36
    assert parse_uuid(text) is None
