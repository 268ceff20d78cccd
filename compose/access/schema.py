"""The schema `access`: tokens, and what processes that serve one database share."""

from __future__ import annotations

import secrets
from typing import Any

from psycopg import Connection

LOCK_KEY = 0x0DE7_ACCE
"""Advisory lock that lets one process make the schema at a time."""

CURSOR_KEY = "cursors"
KEY_BYTES = 32

_TABLES = """
CREATE SCHEMA IF NOT EXISTS access;
CREATE TABLE IF NOT EXISTS access.tokens (
    token_id text PRIMARY KEY,
    digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    name text NOT NULL,
    tenant_id text NOT NULL CHECK (tenant_id <> '' AND position(':' IN tenant_id) = 0),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    -- null: every account of the tenant, which no customer may see
    accounts text[] CHECK (cardinality(accounts) > 0),
    role text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (accounts IS NOT NULL OR NOT 'customer' = ANY (scopes))
);
COMMENT ON TABLE access.tokens IS 'Tokens of the query API. digest is the SHA-256; the token itself is kept nowhere.';
CREATE TABLE IF NOT EXISTS access.keys (
    name text PRIMARY KEY,
    value bytea NOT NULL
);
COMMENT ON TABLE access.keys IS 'Keys that every process that serves this database seals with.';
"""


def set_up(connection: Connection[Any]) -> None:
    """Make what is missing."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK_KEY,))
        connection.execute(_TABLES)
        connection.execute(
            "INSERT INTO access.keys (name, value) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (CURSOR_KEY, secrets.token_bytes(KEY_BYTES)),
        )


def cursor_key(connection: Connection[Any]) -> bytes:
    """The key cursors are sealed with."""
    row = connection.execute("SELECT value FROM access.keys WHERE name = %s", (CURSOR_KEY,)).fetchone()
    assert row is not None, "the schema is set up before"
    return bytes(row[0])
