"""The tables of alerts on their way: what is known of each, what waits for which channel, how far the topic is read."""

from __future__ import annotations

from psycopg import Connection, sql

SCHEMA = "alerting"
POSITIONS = sql.Identifier(SCHEMA, "positions")
ALERTS = sql.Identifier(SCHEMA, "alerts")
OUTBOX = sql.Identifier(SCHEMA, "outbox")
_SETUP_LOCK = 0x616C_6572_7473

_STATEMENTS = (
    "CREATE SCHEMA IF NOT EXISTS {schema}",
    """
    CREATE TABLE IF NOT EXISTS {positions} (
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
    """,
    """
    CREATE TABLE IF NOT EXISTS {alerts} (
        dedup_key text PRIMARY KEY,
        version bigint NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS {outbox} (
        channel text NOT NULL,
        dedup_key text NOT NULL,
        version bigint NOT NULL,
        group_key text NOT NULL,
        transition text NOT NULL,
        severity text NOT NULL,
        alert jsonb NOT NULL,
        state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'parked')),
        due_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        message_id uuid,
        attempts integer NOT NULL DEFAULT 0,
        last_error text,
        sent_at timestamptz,
        PRIMARY KEY (channel, dedup_key, version)
    )
    """,
    "CREATE INDEX IF NOT EXISTS outbox_waiting ON {outbox} (channel, due_at) WHERE state = 'waiting'",
    "CREATE INDEX IF NOT EXISTS outbox_sent ON {outbox} (channel, sent_at) WHERE state = 'sent'",
    "CREATE INDEX IF NOT EXISTS outbox_groups ON {outbox} (channel, group_key, dedup_key, version)",
    "COMMENT ON TABLE {outbox} IS "
    "'What each channel is told, once for each key and version; rows stay, so that nothing is told twice.'",
)


def set_up(connection: Connection) -> None:
    """Make what is missing, in one transaction; two that start together wait for each other."""
    names = {"schema": sql.Identifier(SCHEMA), "positions": POSITIONS, "alerts": ALERTS, "outbox": OUTBOX}
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SETUP_LOCK,))
        for statement in _STATEMENTS:
            connection.execute(sql.SQL(statement).format(**names))
