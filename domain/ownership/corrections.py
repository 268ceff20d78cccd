"""The six kinds of correction and how each is handled; none of them overwrites anything (R497-R502, R327)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CorrectionKind(StrEnum):
    """What sort of thing is wrong."""

    DISPLAY = "DISPLAY"
    OPERATIONAL = "OPERATIONAL"
    COMMERCIAL = "COMMERCIAL"
    FINANCIAL = "FINANCIAL"
    IDENTITY = "IDENTITY"
    HISTORICAL = "HISTORICAL"


@dataclass(frozen=True, slots=True)
class CorrectionRule:
    """How a kind of correction is made.

    `approvers` are the roles that may approve it, `evidence` whether the request must name evidence, `result` what
    the owner leaves when it has applied it.
    """

    handling: str
    approvers: frozenset[str]
    evidence: bool
    result: str


CORRECTION_RULES: Mapping[CorrectionKind, CorrectionRule] = {
    CorrectionKind.DISPLAY: CorrectionRule(
        "a new version with an effective date; what was accepted before keeps the old wording",
        frozenset({"catalog-manager", "data-steward"}),
        False,
        "a later version published by the owner",
    ),
    CorrectionKind.OPERATIONAL: CorrectionRule(
        "the owner corrects its own state and says so in an event",
        frozenset({"operations-manager", "data-steward"}),
        False,
        "an event of the owner",
    ),
    CorrectionKind.COMMERCIAL: CorrectionRule(
        "approved like the deal itself; the wrong commitment is superseded or amended",
        frozenset({"deal-desk", "legal"}),
        True,
        "a superseding quote or an amendment order",
    ),
    CorrectionKind.FINANCIAL: CorrectionRule(
        "an adjustment or a credit; the document that was wrong stays",
        frozenset({"finance-approver", "billing-supervisor"}),
        True,
        "an invoice or credit note for the difference",
    ),
    CorrectionKind.IDENTITY: CorrectionRule(
        "one record is merged into the other, and whoever refers to it repairs the reference",
        frozenset({"data-steward"}),
        True,
        "a merge event",
    ),
    CorrectionKind.HISTORICAL: CorrectionRule(
        "what was wrong and what is right are both kept, with the strongest audit",
        frozenset({"compliance"}),
        True,
        "further evidence beside the first",
    ),
}
