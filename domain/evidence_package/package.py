"""The state of an EvidencePackage, how each event changes it, and how its chain is checked (R125)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC

from domain.command import fingerprint
from domain.evidence_package import commands as c
from domain.evidence_package import events as e
from domain.evidence_package.kinds import EvidenceKind
from domain.model import Model

GENESIS = "0" * 64
"""What the first entry of a chain follows."""


Evidence = e.EvidenceAttached | c.OpenEvidencePackage | c.AttachEvidence
"""One piece, as the command attaches it or as the event tells of it."""


@dataclass(frozen=True, slots=True)
class EvidencePackage:
    """A package as its owner knows it: what is required, what is there, and the end of the chain."""

    package_id: str
    version: int
    state: e.EvidenceState
    quote_id: str
    quote_version: int
    order_id: str | None
    required: frozenset[EvidenceKind]
    pieces: Mapping[str, EvidenceKind]
    last_hash: str

    @property
    def missing(self) -> tuple[EvidenceKind, ...]:
        """Required kinds that are not there yet."""
        return tuple(sorted(self.required - set(self.pieces.values())))


def entry_hash(package_id: str, sequence: int, previous_hash: str, evidence: Evidence) -> str:
    """The hash of an entry, over its package, its place, the hash before it and what it says."""
    kept = evidence.retain_until
    said = {
        "evidenceId": evidence.evidence_id,
        "kind": evidence.kind.value,
        "contentHash": evidence.content_hash,
        "storageRef": evidence.storage_ref,
        "retainUntil": None if kept is None else kept.astimezone(UTC).isoformat(),
        "details": dict(evidence.details),
    }
    return fingerprint({"package": package_id, "sequence": sequence, "previous": previous_hash, "evidence": said})


def broken_link(events: Iterable[Model]) -> int | None:
    """The place of the first entry of a package that is not what was attached; null when the chain holds.

    An entry that was changed, taken out, put in or moved breaks the chain there; of an assembled package also one
    that its package hash does not stand for.
    """
    previous, sequence = GENESIS, 0
    for event in events:
        if isinstance(event, e.EvidencePackageAssembled):
            if (event.package_hash, event.evidence_count) != (previous, sequence):
                return sequence
        elif isinstance(event, e.EvidenceAttached):
            sequence += 1
            expected = entry_hash(event.package_id, sequence, previous, event)
            if (event.sequence, event.previous_hash, event.entry_hash) != (sequence, previous, expected):
                return sequence
            previous = event.entry_hash
    return None


def evolve(package: EvidencePackage | None, event: Model) -> EvidencePackage:
    """The package after an event; pure, so the package before it stays as it was."""
    if not isinstance(event, e.EvidencePackageEvent):
        message = f"{type(event).__name__} is no event of an EvidencePackage"
        raise TypeError(message)
    if package is None:
        if not isinstance(event, e.EvidenceAttached):
            message = f"the first event of {event.package_id} is {type(event).__name__}"
            raise ValueError(message)
        package = EvidencePackage(
            package_id=event.package_id,
            version=0,
            state=e.EvidenceState.COLLECTING,
            quote_id=event.quote_id,
            quote_version=event.quote_version,
            order_id=None,
            required=frozenset(event.required_kinds),
            pieces={},
            last_hash=GENESIS,
        )
    package = replace(package, version=event.version, order_id=event.order_id or package.order_id)
    match event:
        case e.EvidenceAttached():
            pieces = {**package.pieces, event.evidence_id: event.kind}
            return replace(package, state=e.EvidenceState.COLLECTING, pieces=pieces, last_hash=event.entry_hash)
        case e.EvidencePackageAssembled():
            return replace(package, state=e.EvidenceState.ASSEMBLED)
        case _:
            return replace(package, state=e.EvidenceState.FAILED)
