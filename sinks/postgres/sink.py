"""The sink that writes the read model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import Connection, sql

from domain.errors import RecordError
from sinks.contract import (
    RowRefused,
    Sink,
    SinkBatch,
    SinkRow,
    Tally,
    TopicIdentity,
    require_same,
)
from sinks.forward import Advance, Standing, advance, keys_to_move
from sinks.postgres.ddl import POSITIONS, TYPES, set_up
from sinks.postgres.faults import translated
from sinks.postgres.naming import table_name
from sinks.table import Cell, Table
from sinks.tables import tables_of

CONNECT_TIMEOUT_S = 5
SESSION = "-c timezone=UTC -c statement_timeout=30s -c lock_timeout=10s"

_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class PostgresSink(Sink):
    """Mirrors derived topics into schema `derived`; rows and position move in one transaction."""

    name = "postgres"
    positions_table = POSITIONS
    """Where positions and tallies are; a sink with tables of its own has its own."""

    def __init__(self, database_url: str, tables: Sequence[Table] | None = None) -> None:
        super().__init__(tables_of(self.name) if tables is None else tables)
        self._url = database_url
        self._connection: Connection | None = None

    def setup(self) -> None:
        """See `Sink.setup`."""
        with translated("set up the read model"):
            set_up(self._connected(), list(self.tables.values()))

    def claim(self, identity: TopicIdentity) -> None:
        """See `Sink.claim`."""
        query = sql.SQL("SELECT DISTINCT cluster_id, topic_id FROM {} WHERE topic = %s").format(self.positions_table)
        with translated("read its positions"):
            stored = self._connected().execute(query, (identity.topic,)).fetchall()
        for cluster_id, topic_id in stored:
            require_same((cluster_id, topic_id), identity, self.name)

    def positions(self, topic: str) -> dict[int, int]:
        """See `Sink.positions`."""
        query = sql.SQL("SELECT partition, next_offset FROM {} WHERE topic = %s").format(self.positions_table)
        with translated("read its positions"):
            return dict(self._connected().execute(query, (topic,)).fetchall())

    def tallies(self, topic: str) -> dict[int, Tally]:
        """See `Sink.tallies`."""
        query = sql.SQL(
            "SELECT partition, read, applied, duplicate, stale, dead_lettered FROM {} WHERE topic = %s"
        ).format(self.positions_table)
        with translated("read its tallies"):
            rows = self._connected().execute(query, (topic,)).fetchall()
        return {partition: Tally(*counts) for partition, *counts in rows}

    def write(self, batch: SinkBatch) -> Tally:
        """Apply a batch in one transaction, in this order:

        1. lock the positions, so that a sink that lost its partitions cannot write beside its successor;
        2. refuse another topic's batch and one that does not join on to the position;
        3. read where the rows at hand came from, and decide what moves;
        4. write rows, delete those with a tombstone;
        5. move positions and tallies; commit.
        """
        table = self.tables[batch.identity.topic]
        with translated(f"write {batch.identity.topic}"):
            connection = self._connected()
            try:
                with connection.transaction():
                    positions = self._lock_positions(connection, batch)
                    standings = _standings(connection, table, keys_to_move(batch, positions))
                    plan = advance(batch, positions, standings)
                    self._write_rows(connection, table, list(plan.rows.values()))
                    self._move_positions(connection, batch.identity, plan)
            except (psycopg.DataError, psycopg.IntegrityError):
                self._blame(connection, table, batch.rows)
                raise
        return plan.total

    def reset(self, topic: str) -> None:
        """See `Sink.reset`."""
        with translated(f"reset {topic}"):
            connection = self._connected()
            with connection.transaction():
                connection.execute(sql.SQL("DELETE FROM {} WHERE topic = %s").format(self.positions_table), (topic,))
                connection.execute(sql.SQL("TRUNCATE {}").format(table_name(self.tables[topic])))

    def close(self) -> None:
        """See `Sink.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def check_cells(self, cells: tuple[Cell, ...]) -> None:
        """PostgreSQL has no room for the character NUL in texts. Raises `RecordError` NUL_CHARACTER."""
        for cell in cells:
            if isinstance(cell, str) and ("\0" in cell or ("\\u0000" in cell and _NUL_IN_JSON.search(cell))):
                message = "The record has a NUL character in a text."
                raise RecordError("NUL_CHARACTER", message, stage="apply", remediation="Mend its producer.")

    def _connected(self) -> Connection:
        if self._connection is not None and (self._connection.closed or self._connection.broken):
            self.close()
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name=f"ordertruth-sink-{self.name}",
                options=SESSION,
            )
        return self._connection

    def _lock_positions(self, connection: Connection, batch: SinkBatch) -> dict[int, int]:
        identity = batch.identity
        partitions = sorted(batch.spans)
        connection.execute(
            sql.SQL(
                "INSERT INTO {} (topic, partition, next_offset, cluster_id, topic_id) "
                "SELECT %s, p, 0, %s, %s FROM unnest(%s::int[]) AS p ON CONFLICT DO NOTHING"
            ).format(self.positions_table),
            (identity.topic, identity.cluster_id, identity.topic_id, partitions),
        )
        rows = connection.execute(
            sql.SQL(
                "SELECT partition, next_offset, cluster_id, topic_id FROM {} "
                "WHERE topic = %s AND partition = ANY(%s) ORDER BY partition FOR UPDATE"
            ).format(self.positions_table),
            (identity.topic, partitions),
        ).fetchall()
        for _, _, cluster_id, topic_id in rows:
            require_same((cluster_id, topic_id), identity, self.name)
        return {partition: next_offset for partition, next_offset, _, _ in rows}

    def _write_rows(self, connection: Connection, table: Table, rows: Sequence[SinkRow]) -> None:
        written = [row for row in rows if row.cells is not None]
        if written:
            connection.execute(_upsert(table), _columns_of(table, written))
        buried = [row for row in rows if row.cells is None]
        if buried:
            connection.execute(
                sql.SQL(
                    "DELETE FROM {} AS t USING unnest(%s::text[], %s::int[], %s::bigint[]) AS b (key, part, place) "
                    "WHERE t.{} = b.key AND t.source_partition = b.part AND t.source_offset < b.place"
                ).format(table_name(table), sql.Identifier(table.key)),
                ([r.key for r in buried], [r.partition for r in buried], [r.offset for r in buried]),
            )

    def _move_positions(self, connection: Connection, identity: TopicIdentity, plan: Advance) -> None:
        counts = sorted(plan.tallies.items())
        connection.execute(
            sql.SQL(
                """
                UPDATE {} AS p SET next_offset = n.next_offset, read = p.read + n.read,
                    applied = p.applied + n.applied, duplicate = p.duplicate + n.duplicate,
                    stale = p.stale + n.stale, dead_lettered = p.dead_lettered + n.dead_lettered, moved_at = now()
                FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                    %s::bigint[]) AS n (partition, next_offset, read, applied, duplicate, stale, dead_lettered)
                WHERE p.topic = %s AND p.partition = n.partition
                """
            ).format(self.positions_table),
            (
                [partition for partition, _ in counts],
                [plan.next_offsets[partition] for partition, _ in counts],
                [tally.read for _, tally in counts],
                [tally.applied for _, tally in counts],
                [tally.duplicate for _, tally in counts],
                [tally.stale for _, tally in counts],
                [tally.dead_lettered for _, tally in counts],
                identity.topic,
            ),
        )

    def _blame(self, connection: Connection, table: Table, rows: Iterable[SinkRow]) -> None:
        """Find the row PostgreSQL refuses by trying each alone and undoing it. Raises `RowRefused` naming it."""
        for row in rows:
            try:
                with connection.transaction(force_rollback=True):
                    self._write_rows(connection, table, [row])
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                reason = error.diag.message_primary or type(error).__name__
                message = f"PostgreSQL cannot hold {table.topic}-{row.partition} offset {row.offset}: {reason}."
                raise RowRefused("ROW_REFUSED", message, partition=row.partition, offset=row.offset) from error


def _standings(connection: Connection, table: Table, keys: list[str]) -> dict[str, Standing]:
    if not keys:
        return {}
    # Where a version column changes type this stays right: the guard only compares numbers.
    query = sql.SQL("SELECT {}, source_partition, source_offset, {} FROM {} WHERE {} = ANY(%s) FOR UPDATE").format(
        sql.Identifier(table.key), sql.Identifier(table.version), table_name(table), sql.Identifier(table.key)
    )
    return {key: Standing(*place) for key, *place in connection.execute(query, (keys,)).fetchall()}


def _upsert(table: Table) -> sql.Composed:
    names = [c.name for c in table.columns] + ["source_topic", "source_partition", "source_offset", "published_at"]
    types = [TYPES[c.kind] for c in table.columns] + ["text", "integer", "bigint", "timestamptz"]
    moved = [sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(n)) for n in names if n != table.key]
    # The guard has decided already; the WHERE holds it up against a writer that goes around the positions.
    return sql.SQL(
        "INSERT INTO {table} AS t ({names}) SELECT * FROM unnest({arrays}) "
        "ON CONFLICT ({key}) DO UPDATE SET {moved}, written_at = now() "
        "WHERE t.source_partition = EXCLUDED.source_partition AND t.source_offset < EXCLUDED.source_offset "
        "AND t.{version} <= EXCLUDED.{version}"
    ).format(
        table=table_name(table),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        arrays=sql.SQL(", ").join(sql.SQL(f"%s::{t}[]") for t in types),
        key=sql.Identifier(table.key),
        moved=sql.SQL(", ").join(moved),
        version=sql.Identifier(table.version),
    )


def _columns_of(table: Table, rows: Sequence[SinkRow]) -> list[list[Any]]:
    cells = [row.cells for row in rows if row.cells is not None]
    columns: list[list[Any]] = [list(column) for column in zip(*cells, strict=True)]
    return [
        *columns,
        [table.topic] * len(rows),
        [row.partition for row in rows],
        [row.offset for row in rows],
        [row.published_at for row in rows],
    ]
