"""The small values the engine passes around: batches, positions, counts."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.position import Position
from streams.engine.processor import Counts
from streams.testing import Record, batch

NUMBERS = st.integers(0, 2**62)
TOPICS = st.text(min_size=1, max_size=12)
COUNTS = st.builds(Counts, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
POSITIONS = st.builds(
    Position, st.dictionaries(TOPICS, NUMBERS, max_size=3), st.dictionaries(TOPICS, COUNTS, max_size=3)
)
RECORDS = [Record(b"k%d" % i, b"v%d" % i if i else None, [("h", b"%d" % i)]) for i in range(3)]


def test_next_offset_is_behind_the_last_record_whatever_gaps_there_are() -> None:
    whole = batch(RECORDS, offset=7)
    assert len(whole) == 3
    assert whole.next_offset == 10
    gaps = type(whole)("t", 0, 1, [3, 9, 40], [0, 0, 0], [None] * 3, [None] * 3, [[], [], []])
    assert gaps.next_offset == 41
    assert gaps.only(1).next_offset == 10


@pytest.mark.parametrize("index", range(3))
def test_only_cuts_every_column_at_the_same_place(index: int) -> None:
    single = batch(RECORDS, offset=7, partition=3, epoch=5).only(index)
    assert (single.topic, single.partition, single.epoch) == (batch(RECORDS).topic, 3, 5)
    assert list(single.offsets) == [7 + index]
    assert len(single) == len(single.timestamps) == 1
    assert (single.keys[0], single.values[0], single.headers[0]) == RECORDS[index]


def test_a_batch_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        batch(RECORDS).partition = 2  # type: ignore[misc]


@given(POSITIONS)
def test_a_position_survives_the_changelog(position: Position) -> None:
    again = Position.from_bytes(position.to_bytes())
    assert again == position
    assert again.to_bytes() == position.to_bytes(), "equal positions are equal bytes"


@given(POSITIONS, TOPICS, NUMBERS, COUNTS)
def test_a_copy_stays_behind_when_the_original_moves(
    position: Position, topic: str, offset: int, counts: Counts
) -> None:
    before = position.to_bytes()
    twin = position.copy()
    position.advance(topic, offset, counts)
    assert twin.to_bytes() == before
    assert position.offsets[topic] == offset


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=5))
def test_counts_that_balance_add_up_to_counts_that_balance(rows: list[tuple[int, int, int, int]]) -> None:
    total, position = Counts(), Position()
    for number, row in enumerate(rows):
        one = Counts(sum(row), *row)
        assert one.balanced
        total.add(one)
        position.advance("t", number, one)
    assert total.balanced
    assert total.to_plain() == [sum(map(sum, rows)), *(sum(column) for column in zip(*rows, strict=True))] or not rows
    assert not rows or position.counts["t"] == total


def test_counts_that_lose_a_record_do_not_balance() -> None:
    assert not Counts(read=3, applied=1, duplicate=1).balanced
    assert not Counts(read=1, applied=1, dead_lettered=1).balanced


def test_a_damaged_position_is_told_and_not_taken_for_an_empty_one() -> None:
    for damaged in (b"", b"{}", b"[]", orjson.dumps({"offsets": {}})):
        with pytest.raises((ValueError, KeyError, TypeError)):
            Position.from_bytes(damaged)
