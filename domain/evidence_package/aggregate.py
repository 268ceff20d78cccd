"""EvidencePackage: commands in, events out (R111-R129, R153-R162)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from domain.aggregate import AggregateType
from domain.errors import Refusal
from domain.evidence_package import commands as c
from domain.evidence_package import events as e
from domain.evidence_package.events import AGGREGATE, EVENTS, OWNER, EvidencePackageEvent, EvidenceState
from domain.evidence_package.kinds import ALWAYS_REQUIRED, DETAILS
from domain.evidence_package.package import GENESIS, EvidencePackage, entry_hash, evolve
from domain.machine import Draft, Machine, Transition, claims, rows

POLICY_VERSION = "evidence-package.v1"

S = EvidenceState
_Attachment = c.OpenEvidencePackage | c.AttachEvidence

COLLECT_ROLES = frozenset({"evidence", "cpq", "oms", "billing", "fulfillment"})
CLOSE_ROLES = frozenset({"evidence", "compliance"})


def details_complete(command: _Attachment) -> None:
    """A piece says of itself what its kind must say; an approval its actor, time, reason and input (R128)."""
    missing = [name for name in DETAILS[command.kind] if not command.details.get(name)]
    if missing:
        message = f"Evidence {command.evidence_id} of {command.aggregate_id} is {command.kind} without {missing}."
        raise Refusal("STRUCTURAL_EVIDENCE_DETAILS", message, remediation=f"Name {', '.join(missing)}.")


def evidence_is_new(package: EvidencePackage, command: c.AttachEvidence) -> None:
    """A piece that is there is never replaced (R122)."""
    if command.evidence_id in package.pieces:
        message = f"Package {package.package_id} has evidence {command.evidence_id} already."
        mend = "Attach what is different under an id of its own; both stay."
        raise Refusal("CONFLICT_EVIDENCE_EXISTS", message, remediation=mend)


def order_stays(package: EvidencePackage, command: c.AttachEvidence) -> None:
    """A package proves one order."""
    if None not in (package.order_id, command.order_id) and package.order_id != command.order_id:
        message = f"Package {package.package_id} proves order {package.order_id}, not {command.order_id}."
        raise Refusal("CONFLICT_EVIDENCE_ORDER", message, remediation="Attach it to the package of its own order.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {"details-complete": details_complete}
GUARDS: Mapping[str, Callable[[EvidencePackage, Any], None]] = {
    "details-complete": lambda _, command: details_complete(command),
    "evidence-is-new": evidence_is_new,
    "order-stays": order_stays,
}

_SAID = ("evidence_id", "kind", "content_hash", "storage_ref", "retain_until", "details")


def _attach(package: EvidencePackage | None, command: _Attachment) -> Sequence[Draft]:
    previous = package.last_hash if package else GENESIS
    sequence = len(package.pieces) + 1 if package else 1
    if isinstance(command, c.OpenEvidencePackage):
        required = ALWAYS_REQUIRED | set(command.also_required)
    else:
        required = package.required if package else ALWAYS_REQUIRED
    fields = {
        **{name: getattr(command, name) for name in _SAID},
        "details": dict(command.details),
        "required_kinds": tuple(sorted(required)),
        "sequence": sequence,
        "previous_hash": previous,
        "entry_hash": entry_hash(command.aggregate_id, sequence, previous, command),
    }
    return [Draft(e.EvidenceAttached, fields)]


def _assemble(package: EvidencePackage, _: c.AssembleEvidencePackage) -> Sequence[Draft]:
    if package.missing:
        fields = {"failure_code": "EVIDENCE_MISSING", "missing_kinds": package.missing}
        return [Draft(e.EvidencePackageFailed, fields)]
    kinds = tuple(sorted(set(package.pieces.values())))
    assembled = {"package_hash": package.last_hash, "evidence_count": len(package.pieces), "kinds": kinds}
    return [Draft(e.EvidencePackageAssembled, assembled)]


def _fail(package: EvidencePackage, command: c.FailEvidencePackage) -> Sequence[Draft]:
    fields = {"failure_code": command.failure_code, "missing_kinds": package.missing}
    return [Draft(e.EvidencePackageFailed, fields)]


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "OpenEvidencePackage": _attach,
    "AttachEvidence": _attach,
    "AssembleEvidencePackage": _assemble,
    "FailEvidencePackage": _fail,
}

ROWS = rows(
    Transition(
        c.OpenEvidencePackage,
        frozenset(),
        COLLECT_ROLES,
        (e.EvidenceAttached,),
        guards=("details-complete",),
        compensation="none: evidence is only added to",
        timeout=timedelta(hours=24),
        on_timeout="evidence",
    ),
    Transition(
        c.AttachEvidence,
        frozenset(S),
        COLLECT_ROLES,
        (e.EvidenceAttached,),
        guards=("details-complete", "evidence-is-new", "order-stays"),
        side_effects="an assembled package has to be assembled again",
        compensation="none: evidence is only added to",
    ),
    Transition(
        c.AssembleEvidencePackage,
        frozenset({S.COLLECTING, S.FAILED}),
        CLOSE_ROLES,
        (e.EvidencePackageAssembled, e.EvidencePackageFailed),
        compensation="AttachEvidence of what is missing",
    ),
    Transition(
        c.FailEvidencePackage,
        frozenset({S.COLLECTING}),
        CLOSE_ROLES,
        (e.EvidencePackageFailed,),
        compensation="AssembleEvidencePackage once the cause is mended",
        timeout=timedelta(hours=24),
        on_timeout="compliance",
    ),
)


def _identity(package: EvidencePackage | None, command: Any) -> dict[str, Any]:
    source = package or command
    return {
        "package_id": command.aggregate_id,
        "quote_id": source.quote_id,
        "quote_version": source.quote_version,
        "order_id": getattr(command, "order_id", None) or source.order_id,
    }


MACHINE: Machine[EvidencePackage, EvidencePackageEvent] = Machine(
    noun="evidence package",
    code="EVIDENCE_PACKAGE",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=S.COLLECTING,
    terminal=frozenset(),
    repair=frozenset({S.FAILED}),
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
)
decide = MACHINE.decide

EVIDENCE_PACKAGE: AggregateType[EvidencePackage] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
