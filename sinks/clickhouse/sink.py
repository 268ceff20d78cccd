"""The sink that writes the analytics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from clickhouse_connect.driver.client import Client

from domain.errors import RecordError
from sinks.clickhouse.connection import connect, translated
from sinks.clickhouse.ddl import (
    ARRIVAL,
    KEY_HASH,
    POSITION_COLUMNS,
    POSITIONS,
    QUERY_BYTES_MAX,
    forget_positions,
    set_up,
    table_name,
    type_of,
)
from sinks.clickhouse.metric_views import can_be_viewed, set_up_views
from sinks.contract import Sink, SinkBatch, SinkRow, Tally, TopicIdentity, require_same
from sinks.forward import Advance, Standing, advance, keys_to_move
from sinks.table import Cell, Column, Kind, Table
from sinks.tables import tables_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BLANK: dict[Kind, Cell] = {
    Kind.TEXT: "",
    Kind.INTEGER: 0,
    Kind.BOOLEAN: False,
    Kind.TIMESTAMP: _EPOCH,
    Kind.JSON: "{}",
}
# What DateTime64(6) can hold; it wraps around silently outside.
_TIME_MIN = datetime(1900, 1, 1, tzinfo=UTC)
_TIME_END = datetime(2262, 1, 1, tzinfo=UTC)


class _Position:
    """What the positions table says about one partition."""

    __slots__ = ("identity", "incarnation", "next_offset", "tally")

    def __init__(self, next_offset: int, identity: tuple[str, str], incarnation: str, tally: Tally) -> None:
        self.next_offset = next_offset
        self.identity = identity
        self.incarnation = incarnation
        self.tally = tally


class ClickHouseSink(Sink):
    """Mirrors derived topics into database `analytics_non_authoritative`.

    ClickHouse has no transaction over two tables: rows go in before the position, and repeating them is without
    effect, because each insert has a token and each row the offset it came from.
    """

    name = "clickhouse"

    def __init__(self, dsn: str, tables: Sequence[Table] | None = None) -> None:
        super().__init__(tables_of(self.name) if tables is None else tables)
        self._dsn = dsn
        self._client: Client | None = None
        self._incarnations: dict[str, str] = {}

    def setup(self) -> None:
        """See `Sink.setup`."""
        with translated("set up the analytics"):
            set_up(self._connected(), list(self.tables.values()))
            if can_be_viewed(table.name for table in self.tables.values()):
                set_up_views(self._connected())

    def claim(self, identity: TopicIdentity) -> None:
        """See `Sink.claim`."""
        for position in self._read_positions(identity.topic).values():
            require_same(position.identity, identity, self.name)

    def positions(self, topic: str) -> dict[int, int]:
        """See `Sink.positions`."""
        return {partition: p.next_offset for partition, p in self._read_positions(topic).items()}

    def tallies(self, topic: str) -> dict[int, Tally]:
        """See `Sink.tallies`."""
        return {partition: p.tally for partition, p in self._read_positions(topic).items()}

    def write(self, batch: SinkBatch) -> Tally:
        """Apply a batch, in this order:

        1. read the positions; refuse another topic's batch and one that does not join on to them;
        2. read where the rows at hand came from, and decide what moves;
        3. insert rows, and graves for tombstones, under a token of their spans;
        4. insert positions and tallies. A crash before this repeats the batch, and the guard drops what is there.
        """
        table = self.tables[batch.identity.topic]
        stored = self._read_positions(table.topic)
        for position in stored.values():
            require_same(position.identity, batch.identity, self.name)
        offsets = {partition: p.next_offset for partition, p in stored.items()}
        with translated(f"write {table.topic}"):
            standings = self._standings(table, keys_to_move(batch, offsets))
            plan = advance(batch, offsets, standings, once=table.digest is not None)
            incarnation = self._incarnation(table.topic, stored)
            self._write_rows(table, list(plan.rows.values()), _token(incarnation, batch))
            self._move_positions(batch.identity, incarnation, stored, plan)
        return plan.total

    def reset(self, topic: str) -> None:
        """See `Sink.reset`; positions go first, so that a crash never leaves them without rows."""
        with translated(f"reset {topic}"):
            forget_positions(self._connected(), topic)
            self._incarnations.pop(topic, None)
            table = self.tables[topic]
            if table.digest is None:
                self._connected().command(f"TRUNCATE TABLE {table_name(table)}")
            else:
                self._connected().command(
                    f"ALTER TABLE {table_name(table)} DELETE WHERE source_topic = %(topic)s",
                    parameters={"topic": topic},
                    settings={"mutations_sync": 1},
                )

    def close(self) -> None:
        """See `Sink.close`."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def check_cells(self, cells: tuple[Cell, ...]) -> None:
        """ClickHouse keeps times of the years 1900 to 2261. Raises `RecordError` TIME_OUT_OF_RANGE."""
        for cell in cells:
            if isinstance(cell, datetime) and not _TIME_MIN <= cell < _TIME_END:
                message = f"The record has the time {cell.isoformat()}, which DateTime64(6) cannot hold."
                raise RecordError("TIME_OUT_OF_RANGE", message, stage="apply", remediation="Mend its producer.")

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self._dsn)
        return self._client

    def _read_positions(self, topic: str) -> dict[int, _Position]:
        with translated("read its positions"):
            rows = (
                self._connected()
                .query(
                    "SELECT partition, next_offset, cluster_id, topic_id, incarnation, "
                    f"read, applied, duplicate, stale, dead_lettered FROM {POSITIONS} FINAL WHERE topic = %(topic)s",
                    parameters={"topic": topic},
                )
                .result_rows
            )
        return {
            partition: _Position(next_offset, (cluster_id, topic_id), incarnation, Tally(*counts))
            for partition, next_offset, cluster_id, topic_id, incarnation, *counts in rows
        }

    def _incarnation(self, topic: str, stored: dict[int, _Position]) -> str:
        """A word that changes when the positions are emptied.

        With it in the token, filling a table again is never mistaken for a repetition of the first time.
        """
        if stored:
            self._incarnations[topic] = next(iter(stored.values())).incarnation
        elif topic not in self._incarnations:
            self._incarnations[topic] = uuid4().hex
        return self._incarnations[topic]

    def _standings(self, table: Table, keys: list[str]) -> dict[str, Standing]:
        if not keys:
            return {}
        among = f"{table.key} IN %(keys)s"
        if table.digest:
            among = f"{KEY_HASH} IN (SELECT cityHash64(arrayJoin(%(keys)s))) AND source_topic = %(topic)s"
        # Not FINAL: that would hide the graves, and a late record could rise from one.
        rows = (
            self._connected()
            .query(
                f"SELECT {table.key}, argMax(source_partition, source_offset), max(source_offset), "
                f"argMax({table.version}, source_offset) FROM {table_name(table)} "
                f"WHERE {among} GROUP BY {table.key}",
                parameters={"keys": keys if table.digest else tuple(keys), "topic": table.topic},
                settings={"max_query_size": QUERY_BYTES_MAX},
            )
            .result_rows
        )
        return {key: Standing(*place) for key, *place in rows}

    def _write_rows(self, table: Table, rows: Sequence[SinkRow], token: str) -> None:
        if not rows:
            return
        self._connected().insert(
            table_name(table),
            [[*_cells(table, row), table.topic, *_arrival(row)] for row in rows],
            column_names=[*(c.name for c in table.columns), *ARRIVAL],
            column_type_names=[*(type_of(c) for c in table.columns), *ARRIVAL.values()],
            settings={"insert_deduplication_token": token},
        )

    def _move_positions(
        self, identity: TopicIdentity, incarnation: str, stored: dict[int, _Position], plan: Advance
    ) -> None:
        rows: list[list[Any]] = []
        for partition, tally in sorted(plan.tallies.items()):
            before = stored.get(partition)
            total = tally if before is None else before.tally + tally
            next_offset = plan.next_offsets[partition]
            counts = [total.read, total.applied, total.duplicate, total.stale, total.dead_lettered]
            # Either number grows with every change, so that the newest row of a partition is the one that stays.
            progress = next_offset + total.read
            place = [identity.topic, partition, next_offset, identity.cluster_id, identity.topic_id, incarnation]
            rows.append([*place, *counts, progress])
        self._connected().insert(
            POSITIONS,
            rows,
            column_names=list(POSITION_COLUMNS),
            column_type_names=list(POSITION_COLUMNS.values()),
        )


def _cells(table: Table, row: SinkRow) -> list[Cell]:
    if row.cells is not None:
        return list(row.cells)
    return [row.key if i == table.key_index else _blank(c) for i, c in enumerate(table.columns)]


def _blank(column: Column) -> Cell:
    return None if column.nullable else _BLANK[column.kind]


def _arrival(row: SinkRow) -> list[Any]:
    return [row.partition, row.offset, row.published_at, int(row.cells is None)]


def _token(incarnation: str, batch: SinkBatch) -> str:
    spans = ",".join(f"{p}:{span.start}-{span.end}" for p, span in sorted(batch.spans.items()))
    return f"{batch.identity.topic_id}/{incarnation}/{spans}"
