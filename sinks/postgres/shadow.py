"""Tables built beside those in use, and put in their place in one transaction that readers hardly notice.

A shadow is the same table in another schema, so that its indexes keep their names when it moves. It is filled from
elsewhere by COPY, then fed with the records of its topic from a noted place on, under the guard of every sink; its
positions are its own until the exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from psycopg import Connection, sql

from sinks.contract import SinkRow, TopicIdentity
from sinks.postgres import indexes, roles
from sinks.postgres.ddl import POSITIONS, make_positions, make_table
from sinks.postgres.faults import translated
from sinks.postgres.naming import SCHEMA, table_name
from sinks.postgres.sink import PostgresSink
from sinks.table import Table

BUILDING = "rebuilding"
"""Schema of tables on their way in; no audience may use it."""
RETIRED = "retired"
"""Schema of the tables they took the place of, kept until the next ones leave."""
EXCHANGE_LOCK_MS = 250
"""How long the exchange waits for readers, and so how long others may wait behind it, before it tries again."""

Positions = dict[str, dict[int, int]]
"""The next offset of each partition, by topic."""


class ShadowSink(PostgresSink):
    """Mirrors topics into tables beside those in use, which are given as they are in use."""

    positions_table = sql.Identifier(BUILDING, "sink_positions")

    def __init__(self, database_url: str, tables: Sequence[Table]) -> None:
        super().__init__(database_url, [replace(table, schema=BUILDING) for table in tables])

    def setup(self) -> None:
        """Schemas and positions; the tables are made by `begin`."""
        with translated("set up the rebuild"), self._connected().transaction():
            make_schemas(self._connected())

    def begin(self, identities: Iterable[TopicIdentity], starts: Mapping[str, Mapping[int, int]]) -> None:
        """Make every table anew, empty, and place it before the records at `starts`."""
        with translated("begin the rebuild"), self._connected().transaction():
            connection = self._connected()
            for table in self.tables.values():
                connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table_name(table)))
                make_table(connection, table)
            for identity in identities:
                topic = identity.topic
                connection.execute(sql.SQL("DELETE FROM {} WHERE topic = %s").format(self.positions_table), (topic,))
                connection.cursor().executemany(
                    sql.SQL(
                        "INSERT INTO {} (topic, partition, next_offset, cluster_id, topic_id) "
                        "VALUES (%s, %s, %s, %s, %s)"
                    ).format(self.positions_table),
                    [(topic, p, at, identity.cluster_id, identity.topic_id) for p, at in starts[topic].items()],
                )

    def fill(self, rows: Mapping[str, Sequence[SinkRow]], keep: Callable[[Connection], None]) -> None:
        """Copy rows in, by topic; `keep` notes in the same transaction that they are there."""
        with translated("fill the rebuilt tables"), self._connected().transaction():
            connection = self._connected()
            _without_haste(connection)
            keep(connection)
            for topic, found in rows.items():
                _copy(connection, self.tables[topic], found)

    def finish(self) -> None:
        """Indexes, rights and statistics, as the tables in use have them."""
        with translated("finish the rebuilt tables"), self._connected().transaction():
            connection = self._connected()
            _without_haste(connection)
            known = roles.make(connection, {t.audience for t in self.tables.values() if t.audience is not None})
            for table in self.tables.values():
                indexes.set_up(connection, table)
                roles.grant(connection, table, known)
                connection.execute(sql.SQL("ANALYZE {}").format(table_name(table)))

    @contextmanager
    def while_sinks_wait(self) -> Iterator[Positions]:
        """A transaction in which nothing moves the tables in use; how far those are.

        What is written to the shadow meanwhile, and the exchange, are part of it. Raises `SinkBusy` when readers do
        not let go of a table soon enough: then nothing has happened.
        """
        with translated("exchange the rebuilt tables"), self._connected().transaction():
            connection = self._connected()
            found: Positions = {topic: {} for topic in self.tables}
            query = sql.SQL("SELECT topic, partition, next_offset FROM {} WHERE topic = ANY(%s) FOR UPDATE")
            for topic, partition, place in connection.execute(query.format(POSITIONS), (list(self.tables),)):
                found[topic][partition] = place
            yield found

    def exchange(self, note: Callable[[Connection], None]) -> None:
        """Put the shadows in the place of the tables in use, with their positions; `note` records it.

        To be called where sinks wait (`while_sinks_wait`).
        """
        connection = self._connected()
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(EXCHANGE_LOCK_MS)))
        move = sql.SQL("ALTER TABLE {} SET SCHEMA {}")
        for shadow in self.tables.values():
            in_use, retired = replace(shadow, schema=SCHEMA), replace(shadow, schema=RETIRED)
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table_name(retired)))
            connection.execute(move.format(table_name(in_use), sql.Identifier(RETIRED)))
            connection.execute(move.format(table_name(shadow), sql.Identifier(SCHEMA)))
        topics = list(self.tables)
        # Tallies count what a sink has read, and it reads on from where it was: what lies between is a duplicate then.
        connection.execute(
            sql.SQL(
                "INSERT INTO {} AS p (topic, partition, next_offset, cluster_id, topic_id) "
                "SELECT topic, partition, next_offset, cluster_id, topic_id FROM {} WHERE topic = ANY(%s) "
                "ON CONFLICT (topic, partition) DO UPDATE SET next_offset = EXCLUDED.next_offset, moved_at = now()"
            ).format(POSITIONS, self.positions_table),
            (topics,),
        )
        connection.execute(sql.SQL("DELETE FROM {} WHERE topic = ANY(%s)").format(self.positions_table), (topics,))
        note(connection)


def _without_haste(connection: Connection) -> None:
    """What is done beside the tables in use holds nobody up, so it may take its time."""
    connection.execute("SET LOCAL statement_timeout = 0")


def make_schemas(connection: Connection) -> None:
    """The schemas for what comes and what went, and positions for what comes."""
    for name in (BUILDING, RETIRED):
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))
    make_positions(connection, ShadowSink.positions_table)


HOW = ("changed", "new", "gone")
"""How a row in use may differ from the one before it."""


def differing(connection: Connection, table: Table, samples: int = 10) -> dict[str, tuple[int, list[str]]]:
    """How the table in use and the one it took the place of differ: how many rows in each way of `HOW`, and some keys.

    Compared is what a row says, by which rule and from which events, not when it was calculated. Where rows moved on
    since the exchange that shows as a difference, too. Raises `UnavailableError` when PostgreSQL is away.
    """
    retired = replace(table, schema=RETIRED)
    key = sql.Identifier(table.key)
    query = sql.SQL(
        "SELECT CASE WHEN o.{key} IS NULL THEN 'new' WHEN n.{key} IS NULL THEN 'gone' ELSE 'changed' END AS how, "
        "count(*), (array_agg(coalesce(n.{key}, o.{key}) ORDER BY coalesce(n.{key}, o.{key})))[1:%s] "
        "FROM {new} AS n FULL JOIN {old} AS o ON n.{key} = o.{key} "
        "WHERE o.{key} IS NULL OR n.{key} IS NULL OR ({n_says}) IS DISTINCT FROM ({o_says}) GROUP BY how"
    ).format(
        key=key,
        new=table_name(table),
        old=table_name(retired),
        n_says=_says(table, "n"),
        o_says=_says(table, "o"),
    )
    found: dict[str, tuple[int, list[str]]] = dict.fromkeys(HOW, (0, []))
    with translated("compare the rebuilt tables"):
        found |= {how: (count, keys) for how, count, keys in connection.execute(query, (samples,))}
    return found


def _says(table: Table, alias: str) -> sql.Composed:
    """What a row says apart from when: its columns, its rule and the ids of the events it rests on."""
    at = sql.Identifier(alias)
    columns = [
        sql.SQL("{}.{}").format(at, sql.Identifier(c.name))
        for c in table.columns
        if c.name not in (table.version, "derivation")
    ]
    derived = [
        sql.SQL("{}.derivation ->> 'ruleId'").format(at),
        sql.SQL("{}.derivation ->> 'ruleVersion'").format(at),
        sql.SQL("jsonb_path_query_array({}.derivation, '$.inputs[*].eventId')").format(at),
    ]
    return sql.SQL("ROW({})").format(sql.SQL(", ").join([*columns, *derived]))


def _copy(connection: Connection, table: Table, rows: Iterable[SinkRow]) -> None:
    names = [c.name for c in table.columns] + ["source_topic", "source_partition", "source_offset", "published_at"]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        table_name(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            if row.cells is not None:
                copy.write_row((*row.cells, table.topic, row.partition, row.offset, row.published_at))
