"""The command envelope and what comes of a command (R64-R67)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from domain.errors import Refusal
from domain.model import Model

ENVELOPE_FIELDS = frozenset(
    {
        "aggregate_id",
        "command_id",
        "idempotency_key",
        "expected_version",
        "actor",
        "reason_code",
        "correlation_id",
        "causation_id",
        "traceparent",
    }
)


class Actor(Model):
    """Who sends a command, in which role, through which system."""

    actor_id: str
    role: str
    system: str
    channel: str | None = None


class Command(Model):
    """What every command carries (R65); the fields a subclass adds are its payload.

    `command_id` is unique for each intent to act: sending it again is answered from memory. `idempotency_key`
    keeps a repeated *request* from acting twice even under a new command id. `expected_version`, when given,
    must be the version the aggregate is at (R66).
    """

    aggregate_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+:.+$")]
    command_id: Annotated[str, Field(min_length=1, max_length=200)]
    idempotency_key: Annotated[str | None, Field(max_length=200)] = None
    expected_version: Annotated[int | None, Field(ge=0)] = None
    actor: Actor
    reason_code: str | None = None
    correlation_id: Annotated[str, Field(min_length=1)]
    causation_id: str | None = None
    traceparent: str | None = None

    @property
    def name(self) -> str:
        """The command's name, in the imperative."""
        return type(self).__name__

    @property
    def tenant_id(self) -> str:
        """The tenant the aggregate belongs to."""
        return self.aggregate_id.partition(":")[0]

    def payload_fingerprint(self) -> str:
        """Hash of what is asked for, whoever asks and whenever: ids of the request itself are left out (R479)."""
        payload = self.model_dump(mode="json", by_alias=True, exclude=set(ENVELOPE_FIELDS))
        return fingerprint({"command": self.name, "aggregate": self.aggregate_id, "payload": payload})


@dataclass(frozen=True, slots=True)
class Origin:
    """What commands follow from, where an owner makes them by itself of something that happened."""

    actor: Actor
    correlation_id: str
    causation_id: str | None = None

    def envelope(self, aggregate_id: str, kind: type[Command], *about: object) -> dict[str, Any]:
        """The envelope of a command of this kind; made twice for the same thing it has the same ids (R297)."""
        made_for = fingerprint({"aggregate": aggregate_id, "command": kind.__name__, "about": [str(a) for a in about]})
        return {
            "aggregate_id": aggregate_id,
            "command_id": f"{kind.__name__}/{made_for[:32]}",
            "idempotency_key": made_for,
            "actor": self.actor,
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
        }


def fingerprint(value: Mapping[str, object]) -> str:
    """SHA-256 of a JSON value in canonical form, as 64 hex digits."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class ClaimKind(StrEnum):
    """What a claim keeps unique."""

    IDEMPOTENCY_KEY = "IDEMPOTENCY_KEY"
    QUOTE_CONVERSION = "QUOTE_CONVERSION"
    QUOTE_ACCEPTANCE = "QUOTE_ACCEPTANCE"
    EXTERNAL_REFERENCE = "EXTERNAL_REFERENCE"
    BILLING_HANDOFF = "BILLING_HANDOFF"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that may belong to one request only, within its tenant.

    The store inserts it in the command's transaction. Found there with the same fingerprint, the first result is
    returned again (R310); with another one the command is refused with `conflict` (R311, R313).
    """

    kind: ClaimKind
    key: str
    fingerprint: str
    conflict: Refusal


class CommandOutcome(StrEnum):
    """What a command came to."""

    ACCEPTED = "ACCEPTED"
    REPLAYED = "REPLAYED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The answer to a command: where the aggregate stands and which events it left, or why it was refused.

    `version` is 0 when a refused command found no aggregate.
    """

    outcome: CommandOutcome
    aggregate_id: str
    version: int
    event_ids: tuple[str, ...] = ()
    refusal: Refusal | None = None
