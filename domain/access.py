"""Who may read what: scopes, and the views open to each (R188-R193, R511, R520)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import Refusal


class Scope(StrEnum):
    """What a reader was let in for: one of the six audiences, or running the whole."""

    CUSTOMER = "customer"
    SALES = "sales"
    SUPPORT = "support"
    FULFILLMENT = "fulfillment"
    FINANCE = "finance"
    COMPLIANCE = "compliance"
    OPERATIONS = "operations"


AUDIENCES = frozenset(Scope) - {Scope.OPERATIONS}
"""Those with a status projection of their own."""


class Subject(StrEnum):
    """What is read, where it is the same for every reader."""

    ORDER_STATE = "the state of orders"
    FULFILLMENT = "fulfillment plans and fallout"
    QUOTES = "quotes"
    EVIDENCE = "evidence of quotes"
    ACCOUNTS = "accounts and their commercial timelines"
    BILLING = "billing handoffs"
    DRIFT = "drift findings"
    CASES = "reconciliation cases"
    METRICS = "business metrics"


READERS: Mapping[Subject, frozenset[Scope]] = {
    Subject.ORDER_STATE: frozenset({Scope.SUPPORT, Scope.FULFILLMENT, Scope.COMPLIANCE}),
    Subject.FULFILLMENT: frozenset({Scope.FULFILLMENT, Scope.COMPLIANCE}),
    Subject.QUOTES: frozenset({Scope.SALES, Scope.COMPLIANCE}),
    Subject.EVIDENCE: frozenset({Scope.COMPLIANCE}),
    Subject.ACCOUNTS: frozenset({Scope.SALES, Scope.FINANCE, Scope.COMPLIANCE}),
    Subject.BILLING: frozenset({Scope.FINANCE, Scope.COMPLIANCE}),
    Subject.DRIFT: frozenset({Scope.COMPLIANCE}),
    Subject.CASES: frozenset({Scope.COMPLIANCE}),
    # counts over the whole tenant, which name nobody
    Subject.METRICS: frozenset(Scope) - {Scope.CUSTOMER},
}
"""The audiences that may read a subject, because they may see each of its fields; operations read everything."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who was let in: for which tenant, as what, and for which accounts (None: all of the tenant's).

    `actor_id` is who answers for what is decided, `role` in which role; without a role nothing can be decided.
    """

    actor_id: str
    tenant: str
    scopes: frozenset[Scope]
    accounts: tuple[str, ...] | None = None
    role: str | None = None

    def admits(self, scopes: frozenset[Scope]) -> bool:
        """Whether one of the scopes is among this reader's, or the reader runs the whole."""
        return Scope.OPERATIONS in self.scopes or bool(self.scopes & scopes)


@dataclass(frozen=True, slots=True)
class Pass:
    """A reader's token as it is kept: what it is good for, and until when."""

    token_id: str
    reader: Reader
    expires_at: datetime
    revoked_at: datetime | None = None

    def admitted(self, now: datetime) -> Reader:
        """Whoever shows it. Raises `Refusal` when it was revoked or is over."""
        remediation = "Ask whoever runs the platform for a new token."
        if self.revoked_at is not None:
            message = f"Token {self.token_id} was revoked."
            raise Refusal("AUTHORIZATION_TOKEN_REVOKED", message, remediation=remediation)
        if self.expires_at <= now:
            message = f"Token {self.token_id} expired on {self.expires_at:%Y-%m-%d %H:%M} UTC."
            raise Refusal("AUTHORIZATION_TOKEN_EXPIRED", message, remediation=remediation)
        return self.reader


def require_reader(reader: Reader, subject: Subject) -> None:
    """Raise `Refusal` unless the reader may read a subject."""
    require_scope(reader, READERS[subject], subject.value)


def require_whole_tenant(reader: Reader, subject: Subject) -> None:
    """Raise `Refusal` for a reader of single accounts: what tells of a whole tenant tells of others, too."""
    if reader.accounts is not None:
        message = f"A token for single accounts may not read {subject.value}, which are about all of them."
        raise Refusal("AUTHORIZATION_ACCOUNT", message, remediation="Use a token for the whole tenant.")


def require_scope(reader: Reader, scopes: frozenset[Scope], what: str) -> None:
    """Raise `Refusal` unless the reader has one of the scopes; `what` completes "may not read ..."."""
    if reader.admits(scopes):
        return
    has = ", ".join(sorted(reader.scopes)) or "no scope"
    message = f"A token with {has} may not read {what}."
    needed = " or ".join(sorted({*scopes, Scope.OPERATIONS}))
    raise Refusal("AUTHORIZATION_SCOPE", message, remediation=f"Use a token with the scope {needed}.")
