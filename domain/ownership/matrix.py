"""Each aggregate with its owner, its facts, who reads them, and how they are corrected and reconciled (R491)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.ownership.corrections import CorrectionKind

K = CorrectionKind


class ControlPlane(StrEnum):
    """The five planes a platform is governed in, with the question each answers (R505)."""

    COMMERCIAL = "what may be sold, to whom, at which price, by which policy"
    COMMITMENT = "what exactly was promised to the customer"
    EXECUTION = "how the promise becomes delivered and billed products"
    EVIDENCE = "whether every decision can be proven"
    OPERATING = "whether products, prices, rules and data are changed safely"


class Role(StrEnum):
    """What a system is to an entity (R512, R513)."""

    RECORD = "SoR"
    ENGAGEMENT = "SoE"
    REFERENCE = "SoRef"


@dataclass(frozen=True, slots=True)
class Ownership:
    """One row of the matrix.

    `owner` alone decides, keeps the record and publishes; `record` says where. `engages` are the systems people work
    in, which hand every change to the owner; `refers` those that keep a copy and correct nothing. `corrected_by` are
    the owner's events that mend earlier ones. `reconciled_by` are the rules that find a mismatch of which this
    aggregate is a side. `must_snapshot` says whether whoever commits on its facts keeps them as they were.
    """

    aggregate: str
    owner: str
    record: str
    events: tuple[str, ...]
    engages: tuple[str, ...]
    refers: tuple[str, ...]
    corrections: tuple[CorrectionKind, ...]
    corrected_by: tuple[str, ...]
    reconciled_by: tuple[str, ...]
    must_snapshot: bool
    plane: ControlPlane

    @property
    def publisher(self) -> str:
        """The only producer of its events: the owner (R77)."""
        return self.owner

    def role_of(self, system: str) -> Role | None:
        """What a system is to this aggregate; null when it has nothing to do with it."""
        if system == self.owner:
            return Role.RECORD
        if system in self.engages:
            return Role.ENGAGEMENT
        return Role.REFERENCE if system in self.refers else None


def row(
    aggregate: str,
    owner: str,
    record: str,
    events: str,
    *,
    engages: str,
    refers: str,
    corrections: tuple[CorrectionKind, ...],
    corrected_by: str,
    reconciled_by: str,
    must_snapshot: bool,
    plane: ControlPlane,
) -> Ownership:
    """A row of the matrix, its lists written as words."""
    return Ownership(
        aggregate=aggregate,
        owner=owner,
        record=record,
        events=tuple(events.split()),
        engages=tuple(engages.split()),
        refers=tuple(refers.split()),
        corrections=corrections,
        corrected_by=tuple(corrected_by.split()),
        reconciled_by=tuple(reconciled_by.split()),
        must_snapshot=must_snapshot,
        plane=plane,
    )
