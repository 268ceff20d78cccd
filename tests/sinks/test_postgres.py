"""The sink contract on real PostgreSQL, and what only PostgreSQL does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from domain.errors import RecordError
from sinks.contract import RowRefused, Sink, SinkBusy, Tally
from sinks.postgres import PostgresSink, count_order_states, read_order_state, read_order_states
from tests.sinks.contract_suite import SinkContract
from tests.sinks.records import T0, TOPIC, batch, order_state, row

if TYPE_CHECKING:
    from tests.sinks.conftest import Connections

pytestmark = pytest.mark.stack


class LosesConnection(PostgresSink):
    """The server ends its session once, between rows and position."""

    armed = True

    def _move_positions(self, connection: Any, *args: Any) -> None:
        if self.armed:
            self.armed = False
            with psycopg.connect(self._url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        super()._move_positions(connection, *args)


class TestPostgresSink(SinkContract):
    def make(self, connections: Connections) -> Sink:
        return PostgresSink(connections.stack.database_url)

    def broken_before_position(self, connections: Connections) -> Sink:
        return LosesConnection(connections.stack.database_url)

    def read(self, connections: Connections) -> dict[str, dict[str, Any]]:
        return dict(read_order_states(connections.postgres))

    def change_shape(self, connections: Connections) -> None:
        connections.postgres.execute("ALTER TABLE derived.order_state DROP COLUMN quote_id")

    def drop_table(self, connections: Connections) -> None:
        connections.postgres.execute("DROP TABLE derived.order_state")

    def unreachable(self) -> Sink:
        return PostgresSink("postgresql://nobody@127.0.0.1:1/nothing")

    def test_one_order_can_be_looked_up(self, sink: Sink, connections: Connections) -> None:
        sink.write(batch([row(sink, "t:a", 0)]))
        assert read_order_state(connections.postgres, "t:a") == order_state("t:a")
        assert read_order_state(connections.postgres, "t:b") is None
        assert count_order_states(connections.postgres) == 1

    def test_what_is_searched_has_a_column(self, sink: Sink, connections: Connections) -> None:
        sink.write(batch([row(sink, "t:a", 3)], start=0))
        found = connections.postgres.execute(
            "SELECT order_number, state, rule_id, rule_version, calculated_at, source_topic, source_partition, "
            "source_offset, published_at, items -> 0 ->> 'state' FROM derived.order_state "
            "WHERE account_id = 't:account'"
        ).fetchone()
        number = order_state("t:a")["orderNumber"]
        assert found == (number, "Fallout", "header-state", "reference.v1", T0, TOPIC, 0, 3, T0, "FALLOUT")

    def test_a_row_altered_by_hand_shows(self, sink: Sink, connections: Connections) -> None:
        sink.write(batch([row(sink, "t:a", 0)]))
        connections.postgres.execute("UPDATE derived.order_state SET state = 'Completed'")
        altered = read_order_state(connections.postgres, "t:a")
        assert altered == order_state("t:a", state="Completed")
        with pytest.raises(psycopg.errors.GeneratedAlways):
            connections.postgres.execute("UPDATE derived.order_state SET rule_version = 'x'")

    @pytest.mark.parametrize(
        "changes",
        [{"orderNumber": "a\0b"}, {"versionGaps": [], "blockers": [{**order_state("x")["blockers"][0], "code": "\0"}]}],
    )
    def test_a_nul_character_is_a_bad_record(self, sink: Sink, changes: dict[str, Any]) -> None:
        with pytest.raises(RecordError) as error:
            row(sink, "t:a", 0, record=order_state("t:a", **changes))
        assert error.value.code == "NUL_CHARACTER"

    def test_a_backslash_before_u0000_is_just_text(self, sink: Sink, connections: Connections) -> None:
        odd = order_state("t:a")
        odd["items"][0]["offeringId"] = "\\u0000"
        sink.write(batch([row(sink, "t:a", 0, record=odd)]))
        assert read_order_state(connections.postgres, "t:a") == odd

    def test_a_row_the_database_refuses_is_named_and_nothing_is_applied(
        self, sink: Sink, connections: Connections
    ) -> None:
        connections.postgres.execute("ALTER TABLE derived.order_state ADD CONSTRAINT short CHECK (length(clause) < 9)")
        try:
            good, bad = row(sink, "t:a", 0), row(sink, "t:b", 1, record=order_state("t:b", clause="far too long"))
            with pytest.raises(RowRefused) as error:
                sink.write(batch([good, bad]))
            assert (error.value.partition, error.value.offset) == (0, 1)
            assert count_order_states(connections.postgres) == 0
            assert sink.positions(TOPIC) == {}
        finally:
            connections.postgres.execute("ALTER TABLE derived.order_state DROP CONSTRAINT short")

    def test_a_lock_held_elsewhere_is_back_pressure(
        self, sink: Sink, connections: Connections, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sinks.postgres.sink.SESSION", "-c timezone=UTC -c lock_timeout=100ms")
        once = batch([row(sink, "t:a", 0)])
        with self.make(connections) as impatient, psycopg.connect(connections.stack.database_url) as holder:
            holder.execute("LOCK TABLE derived.order_state IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(SinkBusy) as busy:
                impatient.write(once)
            assert busy.value.retry_after_s > 0
            holder.rollback()
            assert impatient.write(once) == Tally(read=1, applied=1)

    def test_two_sinks_with_the_same_batch_apply_it_once(self, sink: Sink, connections: Connections) -> None:
        once = batch([row(sink, f"t:{i}", i) for i in range(200)])
        tallies: list[Tally] = []

        def write() -> None:
            with self.make(connections) as other:
                tallies.append(other.write(once))

        threads = [threading.Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(tallies, Tally()) == Tally(read=600, applied=200, duplicate=400)
        assert sink.positions(TOPIC) == {0: 200}

    def test_sinks_that_start_together_do_not_collide(self, sink: Sink, connections: Connections) -> None:
        connections.postgres.execute("DROP SCHEMA derived CASCADE")
        failures: list[Exception] = []

        def start() -> None:
            with self.make(connections) as other:
                try:
                    other.setup()
                except Exception as error:  # whatever it is, the test reports it
                    failures.append(error)

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
