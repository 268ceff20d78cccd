"""What proves an accepted quote, collected piece by piece."""

from __future__ import annotations

from compose.simulate.clock import Process
from compose.simulate.people import COMPLIANCE, EVIDENCE
from compose.simulate.voice import Voice
from domain.command import fingerprint
from domain.evidence_package import commands as c
from domain.evidence_package.kinds import EvidenceKind
from domain.quote.quote import Quote


def collect(voice: Voice, quote: Quote) -> Process:
    """Attach every piece and assemble the package; when one is late, assembling fails first (R126)."""
    voice = Voice(voice.scene, "evidence", voice.number)
    package = f"{quote.quote_id.replace(':quote-', ':evidence-')}"
    pieces = _pieces(quote)
    late = voice.chance.happens(6)
    first, *others = pieces
    about = {"quote_id": quote.quote_id, "quote_version": quote.quote_version}
    yield voice.chance.minutes(1, 10)
    voice.send(c.OpenEvidencePackage, EVIDENCE, package, **about, **_piece(quote, *first))
    for kind, details in others[:-1] if late else others:
        voice.send(c.AttachEvidence, EVIDENCE, package, **_piece(quote, kind, details))
    yield voice.chance.minutes(1, 60)
    voice.send(c.AssembleEvidencePackage, EVIDENCE, package)
    if late:
        yield voice.chance.minutes(60, 1_200)
        voice.send(c.AttachEvidence, EVIDENCE, package, **_piece(quote, *others[-1]))
        voice.send(c.AssembleEvidencePackage, COMPLIANCE, package)


def _pieces(quote: Quote) -> list[tuple[EvidenceKind, dict[str, str]]]:
    accepted, price = quote.accepted, quote.price
    assert accepted is not None
    assert price is not None
    pieces = [
        (EvidenceKind.PROPOSAL_DOCUMENT, {"documentId": accepted.proposal_document_ref}),
        (
            EvidenceKind.PRICING_TRACE,
            {"priceCalculationId": price.calculation_id, "priceFingerprint": price.price_fingerprint},
        ),
        (EvidenceKind.CATALOG_SNAPSHOT, {"catalogPublicationId": quote.catalog_publication_id}),
        (
            EvidenceKind.CUSTOMER_ACCEPTANCE,
            {"acceptedAt": accepted.occurred_at.isoformat(), "acceptedBy": accepted.actor_id},
        ),
    ]
    if quote.approval is not None:
        decided = {"actorId": quote.approval.decided_by, "decidedAt": accepted.occurred_at.isoformat()}
        decided |= {"reasonCode": "COMPETITION", "inputHash": quote.approval.fingerprint}
        pieces.append((EvidenceKind.APPROVAL_RECORD, decided))
    return [*pieces, (EvidenceKind.TERMS_AND_CONDITIONS, {"termsVersion": "terms-2026-01"})]


def _piece(quote: Quote, kind: EvidenceKind, details: dict[str, str]) -> dict[str, object]:
    name = f"{quote.quote_id}/{kind.lower()}-{quote.quote_version}"
    content = fingerprint({"piece": name})
    return {
        "evidence_id": name,
        "kind": kind,
        "content_hash": content,
        "storage_ref": f"store/{content[:16]}",
        "details": details,
    }
