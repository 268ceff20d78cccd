"""Writing the tables of the schema `aggregates`, many rows in one statement, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from psycopg import Connection

from topics.store.results import to_plain
from topics.store.rows import ClaimKey, ClaimRow, CommandRow, EventRow

_APPEND_EVENTS = """
INSERT INTO aggregates.events (aggregate_type, aggregate_id, version, event_id, name, command_id, recorded_at,
    envelope, payload, prior_hash, hash)
SELECT aggregate_type, aggregate_id, version, event_id, name, command_id, recorded_at,
    envelope::jsonb, payload::jsonb, prior_hash, hash
FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::timestamptz[],
    %b::text[], %b::text[], %b::bytea[], %b::bytea[])
    AS new(aggregate_type, aggregate_id, version, event_id, name, command_id, recorded_at,
        envelope, payload, prior_hash, hash)
"""
_REMEMBER_COMMANDS = """
INSERT INTO aggregates.commands (tenant_id, command_id, fingerprint, is_first, name, aggregate_type, aggregate_id,
    version, outcome, result, decided_at)
SELECT tenant_id, command_id, fingerprint, is_first, name, aggregate_type, aggregate_id,
    version, outcome, result::jsonb, decided_at
FROM unnest(%b::text[], %b::text[], %b::text[], %b::boolean[], %b::text[], %b::text[], %b::text[],
    %b::bigint[], %b::text[], %b::text[], %b::timestamptz[])
    AS new(tenant_id, command_id, fingerprint, is_first, name, aggregate_type, aggregate_id,
        version, outcome, result, decided_at)
"""
_MAKE_CLAIMS = """
INSERT INTO aggregates.claims (tenant_id, kind, key, fingerprint, aggregate_id, command_id)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])
"""
_KEEP_SCHEMAS = """
INSERT INTO aggregates.schemas (fingerprint, full_name, schema)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[]) ON CONFLICT DO NOTHING
"""


def append_events(connection: Connection[Any], rows: Sequence[EventRow]) -> None:
    """Append events; a version that is taken raises `psycopg.errors.UniqueViolation`."""
    if not rows:
        return
    connection.execute(
        _APPEND_EVENTS,
        (
            [r.aggregate_type for r in rows],
            [r.aggregate_id for r in rows],
            [r.version for r in rows],
            [r.event_id for r in rows],
            [r.name for r in rows],
            [r.command_id for r in rows],
            [r.recorded_at for r in rows],
            [r.envelope.decode() for r in rows],
            [r.payload.decode() for r in rows],
            [r.prior_hash for r in rows],
            [r.hash for r in rows],
        ),
    )


def remember_commands(connection: Connection[Any], rows: Sequence[CommandRow]) -> None:
    """Remember results; an id that was used meanwhile raises `psycopg.errors.UniqueViolation`."""
    if not rows:
        return
    connection.execute(
        _REMEMBER_COMMANDS,
        (
            [r.command.tenant_id for r in rows],
            [r.command.command_id for r in rows],
            [r.fingerprint for r in rows],
            [r.is_first for r in rows],
            [r.command.name for r in rows],
            [r.aggregate_type for r in rows],
            [r.result.aggregate_id for r in rows],
            [r.result.version for r in rows],
            [r.result.outcome.value for r in rows],
            [orjson.dumps(to_plain(r.result)).decode() for r in rows],
            [r.decided_at for r in rows],
        ),
    )


def make_claims(connection: Connection[Any], rows: Mapping[ClaimKey, ClaimRow]) -> None:
    """Make claims; one that somebody made meanwhile raises `psycopg.errors.UniqueViolation`."""
    if not rows:
        return
    connection.execute(
        _MAKE_CLAIMS,
        (
            [tenant_id for tenant_id, _, _ in rows],
            [kind for _, kind, _ in rows],
            [key for _, _, key in rows],
            [r.claim.fingerprint for r in rows.values()],
            [r.aggregate_id for r in rows.values()],
            [r.command.command_id for r in rows.values()],
        ),
    )


def keep_schemas(connection: Connection[Any], schemas: Mapping[str, tuple[str, str]]) -> None:
    """Keep Avro schemas (full name, text) by fingerprint; those that are there stay."""
    parameters = (
        list(schemas),
        [name for name, _ in schemas.values()],
        [text for _, text in schemas.values()],
    )
    connection.execute(_KEEP_SCHEMAS, parameters)
