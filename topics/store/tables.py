"""Reading and writing the tables of the schema `aggregates`, many rows in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg import Connection

from domain.command import Claim, Command, CommandResult
from topics.store.chain import ChainedRow
from topics.store.results import from_plain, to_plain

AggregateKey = tuple[str, str]
"""Aggregate type and id."""
CommandKey = tuple[str, str]
"""Tenant and command id."""
ClaimKey = tuple[str, str, str]
"""Tenant, kind and key."""
Memory = dict[str, CommandResult]
"""What is remembered under one command id: results by fingerprint of what was asked for."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as loaded: `payload` are its fields by wire names, `hash` its link of the chain."""

    version: int
    name: str
    payload: dict[str, Any]
    hash: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event to be appended; `envelope` and `payload` are canonical JSON."""

    aggregate_type: str
    aggregate_id: str
    version: int
    event_id: str
    name: str
    command_id: str
    recorded_at: datetime
    envelope: bytes
    payload: bytes
    prior_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class CommandRow:
    """What a command came to, to be remembered."""

    command: Command
    aggregate_type: str
    fingerprint: str
    is_first: bool
    result: CommandResult
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A claim somebody owns: the fingerprint of what was asked for, and the owner's result."""

    fingerprint: str
    result: CommandResult


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim to be made for a command."""

    claim: Claim
    command: Command
    aggregate_id: str


_READ_COMMANDS = """
SELECT c.tenant_id, c.command_id, c.fingerprint, c.result::text
FROM unnest(%b::text[], %b::text[]) AS wanted(tenant_id, command_id)
JOIN aggregates.commands AS c USING (tenant_id, command_id)
"""
_READ_CLAIMS = """
SELECT tenant_id, kind, key, held.fingerprint, c.result::text
FROM unnest(%b::text[], %b::text[], %b::text[]) AS wanted(tenant_id, kind, key)
JOIN aggregates.claims AS held USING (tenant_id, kind, key)
JOIN aggregates.commands AS c USING (tenant_id, command_id)
WHERE c.is_first
"""
_READ_EVENTS = """
SELECT e.aggregate_type, e.aggregate_id, e.version, e.name, e.payload::text, e.hash
FROM unnest(%b::text[], %b::text[], %b::bigint[]) AS wanted(aggregate_type, aggregate_id, known)
JOIN aggregates.events AS e USING (aggregate_type, aggregate_id)
WHERE e.version > wanted.known
ORDER BY e.aggregate_type, e.aggregate_id, e.version
"""
_READ_CHAIN = """
SELECT version, event_id, name, command_id, aggregate_type, aggregate_id, envelope::text, payload::text,
    prior_hash, hash
FROM aggregates.events WHERE aggregate_type = %b AND aggregate_id = %b ORDER BY version
"""
_READ_ANSWERED = """
SELECT coalesce(max(version), 0) FROM aggregates.commands WHERE aggregate_type = %b AND aggregate_id = %b
"""
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


def read_commands(connection: Connection[Any], wanted: Collection[CommandKey]) -> dict[CommandKey, Memory]:
    """What is remembered of commands."""
    memories: dict[CommandKey, Memory] = {}
    rows = connection.execute(_READ_COMMANDS, ([t for t, _ in wanted], [c for _, c in wanted]), binary=True)
    for tenant_id, command_id, fingerprint, result in rows:
        memories.setdefault((tenant_id, command_id), {})[fingerprint] = from_plain(orjson.loads(result))
    return memories


def read_claims(connection: Connection[Any], wanted: Collection[ClaimKey]) -> dict[ClaimKey, HeldClaim]:
    """Which of these claims are owned, and what their owners came to."""
    if not wanted:
        return {}
    columns = tuple(list(column) for column in zip(*wanted, strict=True))
    rows = connection.execute(_READ_CLAIMS, columns, binary=True)
    return {
        (t, kind, key): HeldClaim(print_, from_plain(orjson.loads(result))) for t, kind, key, print_, result in rows
    }


def read_events(
    connection: Connection[Any], known: Mapping[AggregateKey, int]
) -> dict[AggregateKey, list[StoredEvent]]:
    """The events of aggregates past the version that is known of each, by version."""
    found: dict[AggregateKey, list[StoredEvent]] = {}
    parameters = ([kind for kind, _ in known], [id_ for _, id_ in known], list(known.values()))
    rows = connection.execute(_READ_EVENTS, parameters, binary=True)
    for kind, aggregate_id, version, name, payload, hash_ in rows:
        event = StoredEvent(version, name, orjson.loads(payload), hash_)
        found.setdefault((kind, aggregate_id), []).append(event)
    return found


def read_chain(connection: Connection[Any], key: AggregateKey) -> tuple[list[ChainedRow], int]:
    """The rows of one aggregate for checking, and the highest version a command on it was answered with."""
    rows = [
        ChainedRow(
            version=version,
            columns={
                "aggregateVersion": version,
                "eventId": event_id,
                "name": name,
                "commandId": command_id,
                "aggregateType": kind,
                "subject": aggregate_id,
            },
            envelope=orjson.loads(envelope),
            payload=orjson.loads(payload),
            prior_hash=prior_hash,
            hash=hash_,
        )
        for version, event_id, name, command_id, kind, aggregate_id, envelope, payload, prior_hash, hash_ in (
            connection.execute(_READ_CHAIN, key, binary=True)
        )
    ]
    answered = connection.execute(_READ_ANSWERED, key).fetchone()
    assert answered is not None
    return rows, int(answered[0])


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
