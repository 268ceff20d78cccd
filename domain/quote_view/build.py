"""A quote as its view has it, by wire names."""

from __future__ import annotations

from typing import Any

from domain.fold.facts import Entry
from domain.fold.reading import moment, moment_or_none, money, number
from domain.quote_view.standing import Standing

SHOWN_MAX = 50
"""Of each list the newest are shown; how many there are is said beside it."""


def view_of(quote: Standing, reached_us: int) -> dict[str, Any]:
    """The whole record."""
    return {
        **_identity(quote),
        **_offer(quote),
        **_staleness(quote, reached_us),
        **_outcome(quote),
        **_history(quote),
        "evidence": _evidence(quote),
    }


def _identity(quote: Standing) -> dict[str, Any]:
    return {
        "quoteId": quote.quote_id,
        "quoteNumber": quote.number,
        "quoteFamilyId": quote.family,
        "accountId": quote.account,
        "catalogPublicationId": quote.publication,
        "quoteVersion": quote.revision,
        "state": quote.state or "UNKNOWN",
        "createdAt": moment_or_none(quote.time_of("created")),
        "stateSince": moment_or_none(quote.time_of("head")),
    }


def _offer(quote: Standing) -> dict[str, Any]:
    currency, months, terms_until = quote.of_revision("terms", 3)
    (lines,) = quote.of_revision("lines", 1)
    (configured,) = quote.of_revision("configuration", 1)
    price, price_of, discount, limit, charges, expires = quote.of_revision("price", 6)
    document, presented_approval, presented_until = quote.of_revision("presented", 3)
    (approval,) = quote.of_revision("approved", 1)
    return {
        "validUntil": moment_or_none(presented_until if presented_until is not None else terms_until),
        "currency": currency,
        "termMonths": months,
        "lineCount": lines,
        "amounts": [{"kind": kind, "period": period, "amount": money(kept)} for kind, period, kept in charges or ()],
        "discountPercent": number(discount),
        "discountLimitPercent": number(limit),
        "priceExpiresAt": moment_or_none(expires),
        "priceFingerprint": price,
        "configurationFingerprint": price_of or configured,
        "approvalFingerprint": approval or presented_approval,
        "proposalDocumentHash": document,
    }


def _staleness(quote: Standing, reached_us: int) -> dict[str, Any]:
    found = sorted((at, reason) for reason, at in quote.stale_from() if at <= reached_us)
    return {
        "stale": bool(found),
        "staleReasons": sorted({reason for _, reason in found}),
        "staleSince": moment(found[0][0]) if found else None,
    }


def _outcome(quote: Standing) -> dict[str, Any]:
    order, number_, converted_us = quote.facts.value(quote.quote_id, "converted", [None] * 3)
    of_revision, by_quote = quote.facts.value(quote.quote_id, "superseded", [None] * 2)
    failures = quote.oldest_first("failure/")
    orders = {a: [entry.value, entry.time_us] for a, entry in quote.facts.each("order")}
    if order is not None:
        orders.setdefault(order, [number_, None])
    accepted = quote.facts.entry(quote.quote_id, "accepted")
    return {
        "supersededByQuoteId": by_quote if of_revision == quote.revision else None,
        "acceptedAt": moment(accepted.time_us) if accepted and accepted.value == quote.revision else None,
        "convertedOrderId": order,
        "convertedAt": moment_or_none(converted_us),
        "conversionFailureCount": len(failures),
        "conversionFailures": [
            dict(zip(("at", "code", "stage", "orderId"), (moment(e.time_us), *e.value), strict=True))
            for _, _, e in failures[-SHOWN_MAX:]
        ],
        "orderCount": len(orders),
        "orders": [
            {"orderId": order_id, "orderNumber": named, "createdAt": moment_or_none(at)}
            for order_id, (named, at) in sorted(orders.items())[:SHOWN_MAX]
        ],
    }


def _history(quote: Standing) -> dict[str, Any]:
    approvals = quote.oldest_first("approval/")
    validations = quote.oldest_first("validation/")
    calculations = quote.oldest_first("calculation")
    corrections = quote.oldest_first("correction/")
    return {
        "approvalStepCount": len(approvals),
        "approvals": [_approval(case, e) for case, _, e in approvals[-SHOWN_MAX:]],
        "validationCount": len(validations),
        "validations": [_validation(e) for _, _, e in validations[-SHOWN_MAX:]],
        "calculationCount": len(calculations),
        "calculations": [_calculation(a, e) for a, _, e in calculations[-SHOWN_MAX:]],
        "correctionCount": len(corrections),
        "corrections": [_correction(rest, e) for _, rest, e in corrections[-SHOWN_MAX:]],
    }


def _approval(case: str, entry: Entry) -> dict[str, Any]:
    version, level, from_level, outcome, asker, actor, role, of_level, authority, *rest = entry.value
    discount, limit, price, reason, due = rest
    return {
        "eventId": entry.event_id,
        "eventType": entry.kind,
        "at": moment(entry.time_us),
        "approvalCaseId": case,
        "quoteVersion": version,
        "level": level,
        "fromLevel": from_level,
        "outcome": outcome,
        "requestedBy": asker,
        "actorId": actor,
        "actorRole": role,
        "authorityLevel": of_level,
        "authorityDiscountPercent": number(authority),
        "discountPercent": number(discount),
        "discountLimitPercent": number(limit),
        "priceFingerprint": price,
        "reasonCode": reason,
        "dueAt": moment_or_none(due),
    }


def _validation(entry: Entry) -> dict[str, Any]:
    version, passed, checked, lines, findings = entry.value
    names = ("code", "severity", "stage", "message", "remediation")
    return {
        "eventId": entry.event_id,
        "at": moment(entry.time_us),
        "quoteVersion": version,
        "passed": passed,
        "checkedAt": moment_or_none(checked),
        "lines": [dict(zip(("lineId", "eligibility", "validation"), line, strict=True)) for line in lines[:SHOWN_MAX]],
        "findings": [dict(zip(names, finding, strict=True)) for finding in findings[:SHOWN_MAX]],
    }


def _calculation(calculation: str, entry: Entry) -> dict[str, Any]:
    names = ("quoteVersion", "attempt", "priceBookId", "priceBookVersion", "priceFingerprint", "failureCode")
    told = dict(zip(names, entry.value, strict=True))
    return {"calculationId": calculation, "at": moment(entry.time_us), **told}


def _correction(correction: str, entry: Entry) -> dict[str, Any]:
    names = ("kind", "status", "subject", "requestedBy", "approvedBy", "appliedBy", "evidenceRef")
    told = dict(zip(names, entry.value, strict=True))
    return {"correctionId": correction, "at": moment(entry.time_us), **told}


def _evidence(quote: Standing) -> dict[str, Any] | None:
    package = quote.package
    if package is None:
        return None
    pieces = quote.pieces(package)
    package_hash, failure = quote.facts.value(package, "outcome", [None, None])
    required = quote.facts.value(package, "required", [])
    there = {entry.value[0] for _, entry in pieces}
    return {
        "packageId": package,
        "state": quote.facts.value(package, "package")[1],
        "packageHash": package_hash,
        "requiredKinds": required,
        "missingKinds": sorted(set(required) - there),
        "pieceCount": len(pieces),
        "pieces": [_piece(*piece) for piece in pieces[-SHOWN_MAX:]],
        "failureCode": failure,
    }


def _piece(evidence_id: str, entry: Entry) -> dict[str, Any]:
    kind, content, link, sequence = entry.value
    return {
        "evidenceId": evidence_id,
        "kind": kind or "UNKNOWN",
        "contentHash": content,
        "entryHash": link,
        "sequence": sequence,
        "at": moment(entry.time_us),
    }
