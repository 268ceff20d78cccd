"""The sink contract on the real ClickHouse engine, and what only ClickHouse does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from domain.errors import RecordError, UnavailableError
from sinks.clickhouse import ClickHouseSink, connect, count_order_states, read_order_state, read_order_states
from sinks.contract import Sink, Tally
from tests.sinks.contract_suite import SinkContract
from tests.sinks.records import T0, TOPIC, batch, order_state, row

if TYPE_CHECKING:
    from tests.sinks.conftest import Connections

pytestmark = pytest.mark.stack

TABLE = "analytics_non_authoritative.order_state"


class LosesConnection(ClickHouseSink):
    """Its server is gone once, between rows and position."""

    armed = True

    def _move_positions(self, *args: Any) -> None:
        if self.armed:
            self.armed = False
            self.close()
            self._dsn, right = "clickhouse://nobody:x@127.0.0.1:1/default", self._dsn
            try:
                super()._move_positions(*args)
            finally:
                self._dsn = right
        super()._move_positions(*args)


class TestClickHouseSink(SinkContract):
    def make(self, connections: Connections) -> Sink:
        return ClickHouseSink(connections.stack.clickhouse_dsn)

    def broken_before_position(self, connections: Connections) -> Sink:
        return LosesConnection(connections.stack.clickhouse_dsn)

    def read(self, connections: Connections) -> dict[str, dict[str, Any]]:
        return dict(read_order_states(connections.clickhouse))

    def change_shape(self, connections: Connections) -> None:
        connections.clickhouse.command(f"ALTER TABLE {TABLE} DROP COLUMN quote_id")

    def drop_table(self, connections: Connections) -> None:
        connections.clickhouse.command(f"DROP TABLE {TABLE} SYNC")

    def unreachable(self) -> Sink:
        return ClickHouseSink("clickhouse://nobody:x@127.0.0.1:1/default")

    def test_one_order_can_be_looked_up(self, sink: Sink, connections: Connections) -> None:
        sink.write(batch([row(sink, "t:a'\\", 0)]))
        assert read_order_state(connections.clickhouse, "t:a'\\") == order_state("t:a'\\")
        assert read_order_state(connections.clickhouse, "t:b") is None
        assert count_order_states(connections.clickhouse) == 1

    def test_the_table_says_that_it_is_not_authoritative(self, sink: Sink, connections: Connections) -> None:
        sink.setup()
        comment = connections.clickhouse.query(
            "SELECT comment FROM system.tables WHERE database = 'analytics_non_authoritative' AND name = 'order_state'"
        ).result_rows[0][0]
        assert comment.startswith("NOT AUTHORITATIVE")

    def test_watermarks_say_how_fresh_a_row_is(self, sink: Sink, connections: Connections) -> None:
        sink.write(batch([row(sink, "t:a", 3)]))
        rule, calculated, published, ingested, lag_ms, place = connections.clickhouse.query(
            f"SELECT rule_version, calculated_at, published_at, ingested_at, lag_ms, source_offset FROM {TABLE}",
            tz_mode="aware",
        ).result_rows[0]
        assert (rule, calculated, published, place) == ("reference.v1", T0, T0, 3)
        # The store counts crossed millisecond boundaries.
        assert abs((ingested - published).total_seconds() * 1000 - lag_ms) <= 1

    def test_an_insert_that_is_repeated_under_its_token_is_dropped(
        self, sink: ClickHouseSink, connections: Connections
    ) -> None:
        once = [row(sink, "t:a", 0)]
        for _ in range(3):
            sink._write_rows(sink.tables[TOPIC], once, "one-token")
        assert connections.clickhouse.query(f"SELECT count() FROM {TABLE}").result_rows == [(1,)]

    def test_rows_deleted_by_hand_come_back_after_a_reset(self, sink: Sink, connections: Connections) -> None:
        once = batch([row(sink, "t:a", 0)])
        sink.write(once)
        connections.clickhouse.command(f"DELETE FROM {TABLE} WHERE order_id = 't:a'")
        connections.clickhouse.command("DELETE FROM analytics_non_authoritative.sink_positions WHERE topic != ''")
        with self.make(connections) as other:
            assert other.write(once) == Tally(read=1, applied=1)
        assert count_order_states(connections.clickhouse) == 1

    @pytest.mark.parametrize("year", [1899, 2300])
    def test_a_time_it_cannot_hold_is_a_bad_record(self, sink: Sink, year: int) -> None:
        far = datetime(year, 1, 1, tzinfo=UTC)
        with pytest.raises(RecordError) as error:
            row(sink, "t:a", 0, record=order_state("t:a", lastEventAt=far))
        assert error.value.code == "TIME_OUT_OF_RANGE"

    def test_a_wrong_password_is_said(self, connections: Connections) -> None:
        user, _, rest = connections.stack.clickhouse_dsn.rpartition("@")
        with pytest.raises(UnavailableError, match=r"(?i)authentication"):
            connect(f"{user.rpartition(':')[0]}:wrong@{rest}")
