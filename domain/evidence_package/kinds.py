"""The kinds of evidence and what each must say of itself (R111-R119, R126, R128, R129)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class EvidenceKind(StrEnum):
    """What a piece of evidence proves."""

    PROPOSAL_DOCUMENT = "PROPOSAL_DOCUMENT"
    APPROVAL_RECORD = "APPROVAL_RECORD"
    PRICING_TRACE = "PRICING_TRACE"
    CATALOG_SNAPSHOT = "CATALOG_SNAPSHOT"
    CUSTOMER_ACCEPTANCE = "CUSTOMER_ACCEPTANCE"
    E_SIGNATURE = "E_SIGNATURE"
    TERMS_AND_CONDITIONS = "TERMS_AND_CONDITIONS"
    API_AUDIT_RECORD = "API_AUDIT_RECORD"
    CALLBACK_PAYLOAD = "CALLBACK_PAYLOAD"


DETAILS: Mapping[EvidenceKind, tuple[str, ...]] = {
    EvidenceKind.PROPOSAL_DOCUMENT: ("documentId",),
    EvidenceKind.APPROVAL_RECORD: ("actorId", "decidedAt", "reasonCode", "inputHash"),
    EvidenceKind.PRICING_TRACE: ("priceCalculationId", "priceFingerprint"),
    EvidenceKind.CATALOG_SNAPSHOT: ("catalogPublicationId",),
    EvidenceKind.CUSTOMER_ACCEPTANCE: ("acceptedAt", "acceptedBy"),
    EvidenceKind.E_SIGNATURE: ("envelopeId",),
    EvidenceKind.TERMS_AND_CONDITIONS: ("termsVersion",),
    EvidenceKind.API_AUDIT_RECORD: ("requestHash", "responseHash"),
    EvidenceKind.CALLBACK_PAYLOAD: ("sourceSystem", "receivedAt"),
}
"""What each kind must say besides its hash; further details are kept too."""

ALWAYS_REQUIRED: frozenset[EvidenceKind] = frozenset(
    {
        EvidenceKind.PROPOSAL_DOCUMENT,
        EvidenceKind.PRICING_TRACE,
        EvidenceKind.CATALOG_SNAPSHOT,
        EvidenceKind.CUSTOMER_ACCEPTANCE,
        EvidenceKind.TERMS_AND_CONDITIONS,
    }
)
"""Kinds every accepted quote must have; the others are required where the deal needed them."""
