"""Schema, tables and indexes of the read model, made and kept in shape."""

from __future__ import annotations

import structlog
from psycopg import Connection, sql

from sinks.postgres import indexes, roles
from sinks.postgres.naming import SCHEMA, TENANT, table_name
from sinks.table import Kind, Table

POSITIONS = sql.Identifier(SCHEMA, "sink_positions")

TYPES = {
    Kind.TEXT: "text",
    Kind.INTEGER: "bigint",
    Kind.BOOLEAN: "boolean",
    Kind.TIMESTAMP: "timestamp with time zone",
    Kind.JSON: "jsonb",
}
ARRIVAL = {
    "source_topic": "text",
    "source_partition": "integer",
    "source_offset": "bigint",
    "published_at": "timestamp with time zone",
    "written_at": "timestamp with time zone",
}
# Two sinks that start together would both find the schema missing; one number for all of them makes the second wait.
_SETUP_LOCK = 0x6F72_6465_7274

log = structlog.get_logger(__name__)


def set_up(connection: Connection, tables: list[Table]) -> None:
    """Make what is missing; a table of another shape is made anew and its positions forgotten.

    One transaction, so that nobody sees a table without its positions or the other way round.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SETUP_LOCK,))
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
        make_positions(connection, POSITIONS)
        _make_utc_function(connection)
        known = roles.make(connection, {table.audience for table in tables if table.audience is not None})
        for table in tables:
            _bring_into_shape(connection, table)
            indexes.set_up(connection, table)
            roles.grant(connection, table, known)


def _bring_into_shape(connection: Connection, table: Table) -> None:
    found = _shape(connection, table)
    if found == _wanted_shape(table):
        return
    if found:
        log.warning("sink_table_rebuilt", sink="postgres", table=table.name, reason="its columns changed")
        connection.execute(sql.SQL("DROP TABLE {}").format(table_name(table)))
    connection.execute(sql.SQL("DELETE FROM {} WHERE topic = %s").format(POSITIONS), (table.topic,))
    make_table(connection, table)


def make_positions(connection: Connection, name: sql.Identifier) -> None:
    """Make a table of positions and tallies, unless it is there."""
    connection.execute(
        sql.SQL(
            """
            CREATE TABLE IF NOT EXISTS {} (
                topic text NOT NULL,
                partition integer NOT NULL,
                next_offset bigint NOT NULL,
                cluster_id text NOT NULL,
                topic_id text NOT NULL,
                read bigint NOT NULL DEFAULT 0,
                applied bigint NOT NULL DEFAULT 0,
                duplicate bigint NOT NULL DEFAULT 0,
                stale bigint NOT NULL DEFAULT 0,
                dead_lettered bigint NOT NULL DEFAULT 0,
                moved_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (topic, partition),
                CHECK (read = applied + duplicate + stale + dead_lettered)
            )
            """
        ).format(name)
    )


def _make_utc_function(connection: Connection) -> None:
    # A plain cast depends on the session's time zone and is refused in a generated column; the text always ends in Z.
    connection.execute(
        sql.SQL(
            """
            CREATE OR REPLACE FUNCTION {}(moment text) RETURNS timestamptz
            LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN moment::timestamptz
            """
        ).format(sql.Identifier(SCHEMA, "utc"))
    )


def _shape(connection: Connection, table: Table) -> dict[str, tuple[str, bool]]:
    rows = connection.execute(
        "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s",
        (table.schema, table.name),
    ).fetchall()
    return {name: (data_type, nullable) for name, data_type, nullable in rows}


def _wanted_shape(table: Table) -> dict[str, tuple[str, bool]]:
    return {
        **{c.name: (TYPES[c.kind], c.nullable) for c in table.columns},
        **{c.name: (TYPES[c.kind], True) for c in table.lifted},
        TENANT: ("text", True),
        **{name: (data_type, False) for name, data_type in ARRIVAL.items()},
    }


def make_table(connection: Connection, table: Table) -> None:
    """Make a table with its key, empty and without further indexes."""
    parts: list[sql.Composable] = []
    for column in table.columns:
        null = sql.SQL("" if column.nullable else " NOT NULL")
        parts.append(sql.SQL("{} {}{}").format(sql.Identifier(column.name), sql.SQL(TYPES[column.kind]), null))
    for lifted in table.lifted:
        text = sql.SQL("({} ->> {})").format(sql.Identifier(lifted.source), sql.Literal(lifted.wire_name))
        if lifted.kind is Kind.TIMESTAMP:
            text = sql.SQL("{}{}").format(sql.Identifier(SCHEMA, "utc"), text)
        parts.append(
            sql.SQL("{} {} GENERATED ALWAYS AS ({}) STORED").format(
                sql.Identifier(lifted.name), sql.SQL(TYPES[lifted.kind]), text
            )
        )
    # Every id begins with its tenant and a colon, so nobody can say anything else here.
    parts.append(
        sql.SQL("{} text GENERATED ALWAYS AS (split_part({}, ':', 1)) STORED").format(
            sql.Identifier(TENANT), sql.Identifier(table.key)
        )
    )
    for name, data_type in ARRIVAL.items():
        default = sql.SQL(" DEFAULT now()" if name == "written_at" else "")
        parts.append(sql.SQL("{} {} NOT NULL{}").format(sql.Identifier(name), sql.SQL(data_type), default))
    parts.append(sql.SQL("PRIMARY KEY ({})").format(sql.Identifier(table.key)))
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table_name(table), sql.SQL(", ").join(parts)))
    comment = f"Mirror of {table.topic}: informational, the owning system decides."
    connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(table_name(table), sql.Literal(comment)))
