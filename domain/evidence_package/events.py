"""The facts an EvidencePackage publishes on `evidence.packages.v1` (R111-R129)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.evidence_package.kinds import EvidenceKind
from domain.model import Classification, Doc, Model

OWNER = "evidence"
AGGREGATE = "EvidencePackage"


class EvidenceState(StrEnum):
    """Where a package stands. Further evidence opens an assembled package again; nothing in it is ever changed."""

    COLLECTING = "COLLECTING"
    ASSEMBLED = "ASSEMBLED"
    FAILED = "FAILED"


class EvidencePackageEvent(Model):
    """What every EvidencePackage event carries."""

    package_id: Annotated[str, Doc("Identity of the package.")]
    quote_id: Annotated[str, Doc("Quote it proves.")]
    quote_version: Annotated[int, Doc("Version of the quote it proves.")]
    order_id: Annotated[str | None, Doc("Order that came of the quote, once it is known.")] = None
    version: Annotated[int, Doc("Version of the package after this event, contiguous from 1.")]
    state: Annotated[EvidenceState, Doc("State after this event.")]
    from_state: Annotated[EvidenceState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[EvidenceState | None, Doc("State it entered; null when the state stayed.")] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    source_command_id: Annotated[str, Doc("Command that caused it (R64).")]
    actor_id: Annotated[str, Doc("Who or which system decided.", Classification.CONFIDENTIAL)]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it happened.")]


class EvidenceAttached(EvidencePackageEvent):
    """One piece of evidence was added; it is never edited or taken out (R122, R127)."""

    evidence_id: Annotated[str, Doc("Identity of the piece within its package.")]
    kind: Annotated[EvidenceKind, Doc("What it proves.")]
    content_hash: Annotated[str, Doc("SHA-256 of its content, 64 hex digits.")]
    storage_ref: Annotated[str, Doc("Where the content is kept.", Classification.CONFIDENTIAL)]
    retain_until: Annotated[datetime | None, Doc("Until when the content is kept; null for ever (R129).")] = None
    details: Annotated[dict[str, str], Doc("What its kind says of itself.", Classification.CONFIDENTIAL)]
    required_kinds: Annotated[tuple[EvidenceKind, ...], Doc("Kinds the package needs to be complete.")]
    sequence: Annotated[int, Doc("Place in the chain, from 1.")]
    previous_hash: Annotated[str, Doc("Hash of the entry before; 64 zeros for the first.")]
    entry_hash: Annotated[str, Doc("SHA-256 over the entry and the hash before it (R125).")]


class EvidencePackageAssembled(EvidencePackageEvent):
    """Every required kind is there."""

    package_hash: Annotated[str, Doc("Hash of the newest entry: it stands for all of them.")]
    evidence_count: Annotated[int, Doc("Pieces in the package.")]
    kinds: Annotated[tuple[EvidenceKind, ...], Doc("Kinds in the package.")]


class EvidencePackageFailed(EvidencePackageEvent):
    """The package could not be assembled (R373)."""

    failure_code: Annotated[str, Doc("Stable code of the failure.")]
    missing_kinds: Annotated[tuple[EvidenceKind, ...], Doc("Required kinds that are not there.")] = ()


EVENTS: tuple[type[EvidencePackageEvent], ...] = (EvidenceAttached, EvidencePackageAssembled, EvidencePackageFailed)
