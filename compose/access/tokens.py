"""Tokens: given out once, kept as hashes, listed and revoked (R511, R520)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from console.asking import digest_of
from domain.access import Pass, Reader, Scope
from domain.case_decision.roles import ALL_ROLES
from domain.errors import ConfigurationError

PREFIX = "ot_"
SECRET_BYTES = 32
LIFETIME_MAX = timedelta(days=366)
COLUMNS = "token_id, name, tenant_id, scopes, accounts, role, expires_at, revoked_at"

_TENANT = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """The token somebody wants. `name` is who answers for what is done with it."""

    name: str
    tenant: str
    scopes: frozenset[Scope]
    lifetime: timedelta
    accounts: tuple[str, ...] = ()
    role: str | None = None

    def check(self) -> None:
        """Raise `ConfigurationError` for a token that must not be."""
        if not _TENANT.fullmatch(self.tenant) or not 0 < len(self.name) <= _NAME_MAX:
            message = "A token needs a name and a tenant of letters, digits, dots and dashes."
            raise ConfigurationError(message, remediation="Give --tenant the part of its ids before the colon.")
        if not self.scopes:
            message = "A token without a scope opens nothing."
            raise ConfigurationError(message, remediation=f"Give --scope one of {', '.join(Scope)}.")
        if Scope.CUSTOMER in self.scopes and not self.accounts:
            message = "A customer sees accounts of their own only, and no account was named."
            raise ConfigurationError(message, remediation="Give --account, once for each.")
        if strange := [a for a in self.accounts if not a.startswith(f"{self.tenant}:")]:
            message = f"These accounts are not of tenant {self.tenant}: {', '.join(strange)}."
            raise ConfigurationError(message, remediation="The id of an account begins with its tenant.")
        if self.role is not None and self.role not in ALL_ROLES:
            message = f"Nobody decides about cases as {self.role!r}."
            raise ConfigurationError(message, remediation=f"Give --role one of {', '.join(sorted(ALL_ROLES))}.")
        if not timedelta(0) < self.lifetime <= LIFETIME_MAX:
            message = f"A token is good for at least a moment and at most {LIFETIME_MAX.days} days."
            raise ConfigurationError(message, remediation="Give --days another number.")


def create(connection: Connection[Any], wish: Wish, now: datetime) -> tuple[str, Pass]:
    """Make a token: the text, which nobody can tell again, and what is kept of it. Raises `ConfigurationError`."""
    wish.check()
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = connection.execute(
        "INSERT INTO access.tokens (token_id, digest, name, tenant_id, scopes, accounts, role, created_at, expires_at) "
        f"VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}",
        (
            secrets.token_hex(6),
            digest_of(token),
            wish.name,
            wish.tenant,
            sorted(wish.scopes),
            list(wish.accounts) or None,
            wish.role,
            now,
            now + wish.lifetime,
        ),
    ).fetchone()
    assert row is not None
    return token, pass_of(row)


def list_passes(connection: Connection[Any]) -> list[Pass]:
    """Every token there ever was, the newest first."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM access.tokens ORDER BY created_at DESC, token_id").fetchall()
    return [pass_of(row) for row in rows]


def revoke(connection: Connection[Any], token_id: str, now: datetime) -> Pass:
    """Let nobody in by a token any more; doing it again changes nothing. Raises `ConfigurationError` when unknown."""
    row = connection.execute(
        f"UPDATE access.tokens SET revoked_at = coalesce(revoked_at, %s) WHERE token_id = %s RETURNING {COLUMNS}",
        (now, token_id),
    ).fetchone()
    if row is None:
        message = f"There is no token {token_id!r}."
        raise ConfigurationError(message, remediation="`ordertruth tokens list` shows them.")
    return pass_of(row)


def pass_of(row: Sequence[Any]) -> Pass:
    """A row of the table, in the order of `COLUMNS`."""
    token_id, name, tenant, scopes, accounts, role, expires_at, revoked_at = row
    reader = Reader(
        actor_id=name,
        tenant=tenant,
        scopes=frozenset(map(Scope, scopes)),
        accounts=None if accounts is None else tuple(accounts),
        role=role,
    )
    return Pass(token_id, reader, expires_at, revoked_at)
