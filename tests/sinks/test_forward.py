"""The guard of all sinks, without a store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import IntegrityError
from sinks.contract import SinkBatch, SinkRewound, SinkRow, Span, Tally
from sinks.forward import Advance, Standing, advance, keys_to_move
from tests.sinks.records import IDENTITY, T0


def made(key: str, offset: int, version: int | None = 1, partition: int = 0) -> SinkRow:
    return SinkRow(key, version or 0, None if version is None else (key,), partition, offset, T0)


class Model:
    """A store in memory, kept by the guard as the real ones are."""

    def __init__(self) -> None:
        self.rows: dict[str, SinkRow] = {}
        self.positions: dict[int, int] = {}
        self.tally = Tally()

    def write(self, start: int, rows: list[SinkRow]) -> Advance:
        end = max((r.offset + 1 for r in rows), default=start)
        batch = SinkBatch(IDENTITY, {0: Span(start, end)}, rows)
        wanted = keys_to_move(batch, self.positions)
        standings = {
            k: Standing(r.partition, r.offset, r.version) for k, r in self.rows.items() if k in wanted and r.cells
        }
        plan = advance(batch, self.positions, standings)
        self.rows |= plan.rows
        self.positions |= plan.next_offsets
        self.tally += plan.total
        return plan

    def living(self) -> dict[str, tuple[int, int]]:
        return {k: (r.version, r.offset) for k, r in self.rows.items() if r.cells}


LOG = st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(1, 4)), max_size=20)


@given(log=LOG, data=st.data())
def test_any_cut_and_any_repetition_of_the_log_ends_alike(
    log: list[tuple[str, int | None]], data: st.DataObject
) -> None:
    rows = [made(key, offset, version) for offset, (key, version) in enumerate(log)]
    once = Model()
    once.write(0, rows)
    cut = Model()
    for _ in range(5):
        start = data.draw(st.integers(0, cut.positions.get(0, 0)))
        end = data.draw(st.integers(start, len(rows)))
        cut.write(start, rows[start:end])
    reached = cut.positions.get(0, 0)
    cut.write(reached, rows[reached:])
    assert cut.living() == once.living()
    assert cut.positions == once.positions
    assert cut.tally.applied == once.tally.applied
    assert cut.tally.stale == once.tally.stale
    for tally in (once.tally, cut.tally):
        assert tally.read == tally.applied + tally.duplicate + tally.stale + tally.dead_lettered


@given(log=LOG)
def test_rows_whose_positions_were_lost_are_not_set_back(log: list[tuple[str, int | None]]) -> None:
    rows = [made(key, offset, version) for offset, (key, version) in enumerate(log)]
    model = Model()
    model.write(0, rows)
    before = model.living()
    model.positions.clear()
    for row in rows:
        model.write(row.offset, [row])
    assert model.living() == before


def test_an_older_offset_is_stale_and_the_same_a_duplicate() -> None:
    batch = SinkBatch(IDENTITY, {0: Span(0, 6)}, [made("a", 3), made("b", 5)])
    plan = advance(batch, {}, {"a": Standing(0, 4, 1), "b": Standing(0, 5, 1)})
    assert plan.rows == {}
    assert plan.total == Tally(read=2, stale=1, duplicate=1)


def test_only_keys_that_may_move_are_asked_for() -> None:
    batch = SinkBatch(IDENTITY, {0: Span(0, 6)}, [made("b", 5), made("a", 1), made("b", 4)])
    assert keys_to_move(batch, {0: 4}) == ["b"]


def test_a_gap_before_the_span_is_refused() -> None:
    with pytest.raises(SinkRewound, match="from 5 to 2"):
        advance(SinkBatch(IDENTITY, {0: Span(5, 6)}), {0: 2}, {})


def test_a_position_beyond_the_span_stays() -> None:
    assert advance(SinkBatch(IDENTITY, {0: Span(2, 3)}), {0: 9}, {}).next_offsets == {0: 9}


def test_a_key_that_changed_partition_is_refused() -> None:
    batch = SinkBatch(IDENTITY, {1: Span(0, 1)}, [made("a", 0, partition=1)])
    with pytest.raises(IntegrityError, match="partition 1"):
        advance(batch, {}, {"a": Standing(0, 0, 1)})
