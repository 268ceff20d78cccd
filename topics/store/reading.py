"""Reading the tables of the schema `aggregates`, for many commands in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from psycopg import Connection

from topics.store.chain import ChainedRow
from topics.store.results import from_plain
from topics.store.rows import AggregateKey, ClaimKey, CommandKey, HeldClaim, Memory, StoredEvent

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
