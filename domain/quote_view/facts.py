"""What is remembered of a quote: what each event says of it, in the registers of the aggregate that said it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.fold.heard import Heard
from domain.fold.reading import Data, money_texts, number_text, part, parts, text, texts, time_us, whole
from domain.timeline.entry import kinds_of

QUOTE_EVENTS = kinds_of("Quote")
APPROVAL_EVENTS = kinds_of("ApprovalCase")
CALCULATION_EVENTS = kinds_of("PriceCalculation")
EVIDENCE_EVENTS = kinds_of("EvidencePackage")
ORDER_EVENT = "ProductOrderCreated"
STALENESS = "QuoteStaleness"
"""Not an event of an owner but a derived record, heard as one: what only the publication's group knows."""

KINDS = frozenset({*QUOTE_EVENTS, *APPROVAL_EVENTS, *CALCULATION_EVENTS, *EVIDENCE_EVENTS, ORDER_EVENT, STALENESS})

_DECIDES = frozenset(
    (
        "QuoteApproved",
        "QuoteRejected",
        "QuoteAccepted",
        "QuoteCancelled",
        "QuoteConvertedToOrder",
        "QuoteCorrectionRequested",
        "QuoteCorrectionApproved",
        "QuoteCorrectionApplied",
    )
)

Said = Iterator[tuple[str, Any]]


def remembered(event: Heard) -> Said:
    """The registers an event writes."""
    if event.kind in QUOTE_EVENTS:
        yield from _quote(event)
    elif event.kind in APPROVAL_EVENTS:
        yield f"approval/{event.version}", _approval(event)
        yield f"decision/{event.version}", _decision(event)
    elif event.kind in CALCULATION_EVENTS:
        yield "calculation", _calculation(event.data)
    elif event.kind in EVIDENCE_EVENTS:
        yield from _evidence(event)
    elif event.kind == ORDER_EVENT:
        yield "order", text(event.data, "orderNumber")
    else:
        yield "staleness", [text(event.data, "catalogPublicationId"), time_us(event.data, "inForceUntil")]


def _quote(event: Heard) -> Said:
    data, version = event.data, whole(event.data, "quoteVersion")
    yield (
        "head",
        [
            text(data, "quoteNumber"),
            text(data, "quoteFamilyId"),
            version,
            text(data, "state"),
            text(data, "accountId"),
            text(data, "catalogPublicationId"),
        ],
    )
    if event.kind == "QuoteCreated":
        yield "created", None
    if terms := part(data, "terms"):
        yield "terms", [version, text(terms, "currency"), whole(terms, "termMonths"), time_us(terms, "validUntil")]
    if lines := parts(data, "lines"):
        yield "lines", [version, len(lines)]
    if event.kind in _DECIDES:
        yield f"decision/{event.version}", _decision(event)
    yield from _offer(event, version)
    yield from _ending(event)


def _offer(event: Heard, version: int | None) -> Said:
    data = event.data
    match event.kind:
        case "QuoteConfigured":
            yield "configuration", [version, text(data, "configurationFingerprint")]
        case "QuotePriced":
            yield "price", [version, *_price(data), time_us(data, "priceExpiresAt")]
        case "QuoteAccepted":
            # The accepted price is that of the offer; only its expiry is no longer of interest.
            yield "price", [version, *_price(data), None]
            yield "presented", [version, *_presented(data)]
            yield "accepted", version
        case "QuotePresented":
            yield "presented", [version, *_presented(data)]
        case "QuoteApproved" | "QuoteRejected":
            yield "approved", [version, text(data, "approvalFingerprint")]
        case "QuoteValidated" | "QuoteValidationFailed":
            yield f"validation/{event.version}", _validation(data, version, event.kind == "QuoteValidated")


def _ending(event: Heard) -> Said:
    data = event.data
    match event.kind:
        case "QuoteConvertedToOrder":
            yield "converted", [text(data, "orderId"), text(data, "orderNumber"), time_us(data, "convertedAt")]
        case "QuoteConversionFailed":
            yield f"failure/{event.version}", [text(data, name) for name in ("failureCode", "stage", "orderId")]
        case "QuoteSuperseded":
            yield "superseded", [whole(data, "supersededVersion"), text(data, "supersededByQuoteId")]
        case "QuoteCorrectionRequested" | "QuoteCorrectionApproved" | "QuoteCorrectionApplied":
            found = part(data, "correction")
            names = ("kind", "status", "subject", "requestedBy", "approvedBy", "appliedBy", "evidenceRef")
            yield f"correction/{text(found, 'correctionId') or event.version}", [text(found, name) for name in names]


def _price(data: Data) -> list[Any]:
    charges = [
        [text(charge, "kind"), text(charge, "period"), money_texts(charge, "amount")]
        for charge in parts(data, "charges")
    ]
    return [
        text(data, "priceFingerprint"),
        text(data, "configurationFingerprint"),
        number_text(data, "discountPercent"),
        number_text(data, "discountLimitPercent"),
        [charge for charge in charges if charge[0] and charge[2]],
    ]


def _presented(data: Data) -> list[Any]:
    return [text(data, "proposalDocumentHash"), text(data, "approvalFingerprint"), time_us(data, "validUntil")]


def _validation(data: Data, version: int | None, passed: bool) -> list[Any]:
    lines = [
        [line_id, text(line, "eligibility"), text(line, "validation")]
        for line in parts(data, "lineResults")
        if (line_id := text(line, "lineId"))
    ]
    findings = [
        [code, *(text(finding, name) for name in ("severity", "stage", "message", "remediation"))]
        for finding in parts(data, "findings")
        if (code := text(finding, "code"))
    ]
    return [version, passed, time_us(data, "checkedAt"), lines, findings]


def _approval(event: Heard) -> list[Any]:
    data, asked = event.data, part(event.data, "input")
    limit = part(data, "authorityLimit")
    return [
        whole(data, "quoteVersion"),
        text(data, "level"),
        text(data, "fromLevel"),
        text(data, "outcome"),
        text(data, "requestedBy"),
        event.actor_id or None,
        event.actor_role or None,
        text(limit, "level"),
        number_text(limit, "discountPercent"),
        number_text(asked, "discountPercent"),
        number_text(asked, "discountLimitPercent"),
        text(asked, "priceFingerprint"),
        event.reason_code or None,
        time_us(data, "dueAt"),
    ]


def _decision(event: Heard) -> list[Any]:
    data = event.data
    decided = part(data, "evidence")
    limit = part(data, "authorityLimit") or part(decided, "authorityLimit")
    correction = part(data, "correction")
    proof = ("approvalFingerprint", "proposalDocumentHash", "inputFingerprint")
    return [
        event.actor_id or None,
        event.actor_role or None,
        whole(data, "quoteVersion"),
        text(data, "outcome") or text(decided, "outcome"),
        number_text(limit, "discountPercent"),
        text(limit, "level"),
        event.reason_code or None,
        text(correction, "evidenceRef") or next((found for name in proof if (found := text(data, name))), None),
        text(data, "requestedBy") or text(decided, "requestedBy") or text(correction, "requestedBy"),
        number_text(part(data, "input"), "discountPercent") or number_text(decided, "discountPercent"),
    ]


def _calculation(data: Data) -> list[Any]:
    return [
        whole(data, "quoteVersion"),
        whole(data, "attempt"),
        *(text(data, name) for name in ("priceBookId", "priceBookVersion", "priceFingerprint", "failureCode")),
    ]


def _evidence(event: Heard) -> Said:
    data = event.data
    yield "package", [whole(data, "quoteVersion"), text(data, "state"), text(data, "orderId")]
    if event.kind == "EvidenceAttached":
        names = ("kind", "contentHash", "entryHash")
        piece = [*(text(data, name) for name in names), whole(data, "sequence")]
        yield f"piece/{text(data, 'evidenceId') or event.version}", piece
        yield "required", texts(data, "requiredKinds")
    elif event.kind == "EvidencePackageAssembled":
        yield "outcome", [text(data, "packageHash"), None]
    else:
        yield "outcome", [None, text(data, "failureCode")]
