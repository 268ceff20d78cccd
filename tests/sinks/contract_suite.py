"""What every sink must do. Each sink's tests subclass `SinkContract` and say how to make, read and break it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from domain.errors import IntegrityError, RecordError, UnavailableError
from sinks.contract import SinkBatch, SinkRewound, Span, Tally
from tests.sinks.records import IDENTITY, TOPIC, batch, order_state, row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sinks.contract import Sink
    from tests.sinks.conftest import Connections


class SinkContract(ABC):
    """The suite. The sinks are emptied before each test."""

    @abstractmethod
    def make(self, connections: Connections) -> Sink:
        """A sink on the real store."""

    @abstractmethod
    def broken_before_position(self, connections: Connections) -> Sink:
        """A sink that loses its connection after the rows of the first batch and before its position."""

    @abstractmethod
    def read(self, connections: Connections) -> dict[str, dict[str, Any]]:
        """What the store holds, by key, through the sink's public reader."""

    @abstractmethod
    def change_shape(self, connections: Connections) -> None:
        """Give the table another shape than wanted."""

    @abstractmethod
    def drop_table(self, connections: Connections) -> None:
        """Take the table away and leave the positions."""

    @abstractmethod
    def unreachable(self) -> Sink:
        """A sink whose store does not answer."""

    @pytest.fixture
    def sink(self, connections: Connections) -> Iterator[Sink]:
        with self.make(connections) as sink:
            sink.setup()
            sink.reset(TOPIC)
            yield sink

    def test_a_row_gives_back_the_record_it_was_made_from(self, sink: Sink, connections: Connections) -> None:
        sparse = order_state(
            "t:b",
            orderNumber=None,
            accountId=None,
            quoteId=None,
            quoteVersion=None,
            items=[],
            blockers=[],
        )
        sink.write(batch([row(sink, "t:a", 0), row(sink, "t:b", 1, record=sparse)]))
        assert self.read(connections) == {"t:a": order_state("t:a"), "t:b": sparse}

    def test_setup_twice_keeps_rows_and_positions(self, sink: Sink, connections: Connections) -> None:
        sink.write(batch([row(sink, "t:a", 0)]))
        sink.setup()
        assert sink.positions(TOPIC) == {0: 1}
        assert set(self.read(connections)) == {"t:a"}

    def test_positions_and_tallies_are_kept_with_the_effect(self, sink: Sink, connections: Connections) -> None:
        rows = (row(sink, "t:a", 4), row(sink, "t:b", 9, partition=2))
        tally = sink.write(SinkBatch(IDENTITY, {0: Span(0, 7, (5, 6)), 2: Span(0, 10)}, rows))
        assert tally == Tally(read=4, applied=2, dead_lettered=2)
        with self.make(connections) as other:
            assert other.positions(TOPIC) == {0: 7, 2: 10}
            assert other.tallies(TOPIC) == {0: Tally(read=3, applied=1, dead_lettered=2), 2: Tally(read=1, applied=1)}
            assert other.positions("derived.never-seen.v1") == {}

    def test_an_empty_batch_moves_the_position_over_what_readers_never_see(self, sink: Sink) -> None:
        assert sink.write(batch([], end=12)) == Tally()
        assert sink.positions(TOPIC) == {0: 12}

    def test_a_repeated_batch_changes_nothing(self, sink: Sink, connections: Connections) -> None:
        once = batch([row(sink, "t:a", 0), row(sink, "t:a", 1, version=2), row(sink, "t:b", 2)])
        sink.write(once)
        before = self.read(connections)
        assert sink.write(once) == Tally(read=3, duplicate=3)
        assert self.read(connections) == before
        assert sink.positions(TOPIC) == {0: 3}
        assert sink.tallies(TOPIC) == {0: Tally(read=6, applied=3, duplicate=3)}

    def test_a_batch_that_overlaps_applies_only_what_is_new(self, sink: Sink, connections: Connections) -> None:
        first, second = row(sink, "t:a", 0), row(sink, "t:a", 1, version=2)
        sink.write(batch([first]))
        assert sink.write(batch([first, second])) == Tally(read=2, applied=1, duplicate=1)
        assert self.read(connections)["t:a"]["version"] == 2

    def test_a_dead_letter_that_comes_again_is_a_duplicate(self, sink: Sink) -> None:
        once = SinkBatch(IDENTITY, {0: Span(0, 1, (0,))})
        assert sink.write(once) == Tally(read=1, dead_lettered=1)
        assert sink.write(once) == Tally(read=1, duplicate=1)

    def test_the_version_of_a_row_never_goes_back(self, sink: Sink, connections: Connections) -> None:
        sink.write(batch([row(sink, "t:a", 0, version=5)]))
        assert sink.write(batch([row(sink, "t:a", 1, version=4)], start=1)) == Tally(read=1, stale=1)
        assert sink.write(batch([row(sink, "t:a", 2, version=5)], start=2)) == Tally(read=1, applied=1)
        assert self.read(connections)["t:a"]["version"] == 5

    def test_a_tombstone_deletes_and_a_later_record_starts_anew(self, sink: Sink, connections: Connections) -> None:
        sink.write(batch([row(sink, "t:a", 0, version=5), row(sink, "t:b", 1)]))
        assert sink.write(batch([row(sink, "t:a", 2, record=None)], start=2)) == Tally(read=1, applied=1)
        assert set(self.read(connections)) == {"t:b"}
        # Within one batch, too: born, buried, born again.
        again = [row(sink, "t:c", 3), row(sink, "t:c", 4, record=None), row(sink, "t:a", 5, version=1)]
        assert sink.write(batch(again, start=3)) == Tally(read=3, applied=3)
        assert {k: r["version"] for k, r in self.read(connections).items()} == {"t:a": 1, "t:b": 1}

    def test_a_replay_over_a_tombstone_resurrects_nothing(self, sink: Sink, connections: Connections) -> None:
        everything = batch([row(sink, "t:a", 0), row(sink, "t:a", 1, record=None)])
        sink.write(everything)
        assert sink.write(everything) == Tally(read=2, duplicate=2)
        assert self.read(connections) == {}

    def test_a_batch_beyond_the_position_is_refused(self, sink: Sink, connections: Connections) -> None:
        with pytest.raises(SinkRewound):
            sink.write(batch([row(sink, "t:a", 5)], start=5))
        assert self.read(connections) == {}
        assert sink.positions(TOPIC) in ({}, {0: 0})

    @pytest.mark.parametrize("other", [replace(IDENTITY, cluster_id="x"), replace(IDENTITY, topic_id="x")])
    def test_another_cluster_or_topic_is_refused(self, sink: Sink, connections: Connections, other: Any) -> None:
        sink.write(batch([row(sink, "t:a", 0)]))
        sink.claim(IDENTITY)
        with pytest.raises(IntegrityError, match="cluster-1") as refused:
            sink.claim(other)
        assert "filled from" in refused.value.remediation
        with pytest.raises(IntegrityError):
            sink.write(batch([row(sink, "t:b", 1)], start=1, identity=other))
        assert set(self.read(connections)) == {"t:a"}
        assert sink.positions(TOPIC) == {0: 1}

    def test_a_key_from_two_partitions_is_refused(self, sink: Sink) -> None:
        sink.write(batch([row(sink, "t:a", 0)]))
        strayed = SinkBatch(IDENTITY, {1: Span(0, 1)}, (row(sink, "t:a", 0, partition=1),))
        with pytest.raises(IntegrityError, match="murmur2"):
            sink.write(strayed)

    def test_reset_forgets_and_the_same_batch_fills_it_again(self, sink: Sink, connections: Connections) -> None:
        once = batch([row(sink, "t:a", 0)])
        sink.write(once)
        sink.reset(TOPIC)
        assert self.read(connections) == {}
        assert sink.positions(TOPIC) == {}
        assert sink.write(once) == Tally(read=1, applied=1)
        assert set(self.read(connections)) == {"t:a"}

    def test_a_table_of_another_shape_is_filled_anew(self, sink: Sink, connections: Connections) -> None:
        once = batch([row(sink, "t:a", 0)])
        sink.write(once)
        self.change_shape(connections)
        sink.setup()
        assert sink.positions(TOPIC) == {}
        sink.write(once)
        assert self.read(connections) == {"t:a": order_state("t:a")}

    def test_positions_do_not_outlive_their_table(self, sink: Sink, connections: Connections) -> None:
        once = batch([row(sink, "t:a", 0)])
        sink.write(once)
        self.drop_table(connections)
        with pytest.raises(UnavailableError):
            sink.write(batch([row(sink, "t:b", 1)], start=1))
        sink.setup()
        assert sink.positions(TOPIC) == {}
        sink.write(once)
        assert set(self.read(connections)) == {"t:a"}

    def test_a_connection_lost_before_the_position_leaves_both_in_agreement(
        self, sink: Sink, connections: Connections
    ) -> None:
        once = batch([row(sink, "t:a", 0), row(sink, "t:b", 1), row(sink, "t:b", 2, record=None)])
        with self.broken_before_position(connections) as broken:
            with pytest.raises(UnavailableError):
                broken.write(once)
            assert sink.positions(TOPIC) == {}
            broken.write(once)
            assert self.read(connections) == {"t:a": order_state("t:a")}
            assert broken.positions(TOPIC) == {0: 3}
            tally = broken.tallies(TOPIC)[0]
            assert tally.read == 3
            assert tally.applied + tally.duplicate + tally.stale == 3

    def test_a_store_that_is_away_is_unavailable(self) -> None:
        with self.unreachable() as away:
            with pytest.raises(UnavailableError) as error:
                away.setup()
            assert error.value.remediation
            with pytest.raises(UnavailableError):
                away.positions(TOPIC)

    def test_a_key_that_is_not_the_records_is_a_bad_record(self, sink: Sink) -> None:
        with pytest.raises(RecordError) as error:
            row(sink, "t:a", 0, record=order_state("t:b"))
        assert error.value.code == "KEY_MISMATCH"

    def test_many_rows_at_once(self, sink: Sink, connections: Connections) -> None:
        rows = [row(sink, f"t:{i:05}", i) for i in range(3000)]
        assert sink.write(batch(rows)) == Tally(read=3000, applied=3000)
        assert sink.write(batch(rows)).duplicate == 3000
        assert len(self.read(connections)) == 3000
