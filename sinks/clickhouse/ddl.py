"""Database and tables of the analytics, made and kept in shape."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from sinks.table import Column, Kind, Table

DATABASE = "analytics_non_authoritative"
POSITIONS = f"{DATABASE}.sink_positions"
DEDUPLICATION_WINDOW_INSERTS = 10_000
COMMENT = "NOT AUTHORITATIVE. Analytics of {topic}; decisions must ask the owning system, never this table."
POSITION_COLUMNS = {
    "topic": "String",
    "partition": "Int32",
    "next_offset": "UInt64",
    "cluster_id": "String",
    "topic_id": "String",
    "incarnation": "String",
    "read": "UInt64",
    "applied": "UInt64",
    "duplicate": "UInt64",
    "stale": "UInt64",
    "dead_lettered": "UInt64",
    "progress": "UInt64",
}
ARRIVAL = {
    "source_topic": "String",
    "source_partition": "Int32",
    "source_offset": "UInt64",
    "published_at": "DateTime64(6, 'UTC')",
    "is_deleted": "UInt8",
}
TYPES = {
    Kind.TEXT: "String",
    Kind.INTEGER: "Int64",
    Kind.BOOLEAN: "Bool",
    Kind.TIMESTAMP: "DateTime64(6, 'UTC')",
    Kind.JSON: "String",
}
_INGESTED = "DateTime64(6, 'UTC')"
# A lost row under a kept position would never come back, so both are on disk before the next step.
_DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1"

QUERY_BYTES_MAX = 64 * 1024 * 1024
"""Room for the keys of a batch, however long they are, and for all metrics at once."""
KEY_HASH = "key_hash"
"""A short stand-in for the key of facts, which are not in the order of their keys."""
DAILY_COLUMNS = ("kind", "part", "code", "outcome", "command", "source", "channel")
"""By what facts are counted for each tenant and day."""
# Part of each part of the table, so it can be neither behind the facts nor ahead of them.
_DAILY = (
    f"SELECT tenant, toDate(at), {', '.join(DAILY_COLUMNS)}, count(), sum(amount), sum(missing), sum(elapsed_ms), "
    f"max(at), max(published_at), max(ingested_at) GROUP BY tenant, toDate(at), {', '.join(DAILY_COLUMNS)}"
)

log = structlog.get_logger(__name__)


def table_name(table: Table) -> str:
    """The qualified name of a table, quoted."""
    return f"{DATABASE}.{quote_identifier(table.name)}"


def type_of(column: Column) -> str:
    """The ClickHouse type of a column."""
    inner = TYPES[column.kind]
    return f"Nullable({inner})" if column.nullable else inner


def set_up(client: Client, tables: Sequence[Table]) -> None:
    """Make what is missing; a table of another shape is made anew, its positions forgotten first.

    Positions go first: a crash in between leaves rows without positions, which filling again puts right, and never
    positions without rows.
    """
    client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    columns = ", ".join(f"{name} {data_type}" for name, data_type in POSITION_COLUMNS.items())
    client.command(
        f"CREATE TABLE IF NOT EXISTS {POSITIONS} ({columns}) "
        f"ENGINE = ReplacingMergeTree(progress) ORDER BY (topic, partition) SETTINGS {_DURABLE} "
        "COMMENT 'Up to where each topic has been applied, and what became of its records.'"
    )
    for table in tables:
        found = _shape(client, table)
        if found == _wanted_shape(table):
            continue
        for sharing in tables:
            if sharing.name == table.name:
                forget_positions(client, sharing.topic)
        if found:
            log.warning("sink_table_rebuilt", sink="clickhouse", table=table.name, reason="its columns changed")
            client.command(f"DROP TABLE {table_name(table)} SYNC")
        _make_table(client, table)


def forget_positions(client: Client, topic: str) -> None:
    """Delete the positions of a topic."""
    client.command(f"DELETE FROM {POSITIONS} WHERE topic = %(topic)s", parameters={"topic": topic})


def _shape(client: Client, table: Table) -> dict[str, tuple[str, str]]:
    rows = client.query(
        "SELECT name, type, default_kind FROM system.columns WHERE database = %(database)s AND table = %(table)s",
        parameters={"database": DATABASE, "table": table.name},
    ).result_rows
    return {name: (data_type, kind) for name, data_type, kind in rows}


def _wanted_shape(table: Table) -> dict[str, tuple[str, str]]:
    return {
        **{c.name: (type_of(c), "") for c in table.columns},
        **{c.name: (TYPES[c.kind], "MATERIALIZED") for c in table.lifted},
        **{name: (data_type, "") for name, data_type in ARRIVAL.items()},
        "ingested_at": (_INGESTED, "DEFAULT"),
        "lag_ms": ("Int64", "ALIAS"),
        **({KEY_HASH: ("UInt64", "MATERIALIZED")} if table.digest else {}),
    }


def _make_table(client: Client, table: Table) -> None:
    parts = [f"{quote_identifier(c.name)} {type_of(c)}" for c in table.columns]
    for lifted in table.lifted:
        value = f"JSONExtractString({quote_identifier(lifted.source)}, '{lifted.wire_name}')"
        if lifted.kind is Kind.TIMESTAMP:
            value = f"parseDateTime64BestEffortOrZero({value}, 6, 'UTC')"
        parts.append(f"{quote_identifier(lifted.name)} {TYPES[lifted.kind]} MATERIALIZED {value}")
    parts += [f"{name} {data_type}" for name, data_type in ARRIVAL.items()]
    parts.append(f"ingested_at {_INGESTED} DEFAULT now64(6, 'UTC')")
    parts.append("lag_ms Int64 ALIAS dateDiff('millisecond', published_at, ingested_at)")
    if table.digest:
        parts.append(f"{KEY_HASH} UInt64 MATERIALIZED cityHash64({quote_identifier(table.key)})")
        parts.append(f"PROJECTION by_day ({_DAILY})")
    client.command(
        f"CREATE TABLE {table_name(table)} ({', '.join(parts)}) {_engine(table)} "
        f"SETTINGS non_replicated_deduplication_window = {DEDUPLICATION_WINDOW_INSERTS}, {_DURABLE} "
        f"COMMENT '{COMMENT.format(topic='the owners' if table.digest else table.topic)}'"
    )


def _engine(table: Table) -> str:
    if table.digest:
        # written once each, so nothing has to be replaced; metrics read a few kinds of one tenant
        return "ENGINE = MergeTree ORDER BY (tenant, kind, at)"
    return f"ENGINE = ReplacingMergeTree(source_offset, is_deleted) ORDER BY {quote_identifier(table.key)}"
