"""Who decided what about a quote, and what ought to be there and is not (R108-R129, R193, R510)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from domain.evidence_package.kinds import ALWAYS_REQUIRED
from domain.fold.facts import Entry
from domain.fold.reading import moment, number
from domain.quote_view.build import SHOWN_MAX
from domain.quote_view.standing import Standing

_COMMITTED = frozenset(("Accepted", "Converted"))


def decisions_of(quote: Standing) -> dict[str, Any]:
    """The whole record, by wire names."""
    made = [entry for _, _, entry in quote.oldest_first("decision/")]
    package = quote.package
    pieces = [] if package is None else [entry for _, entry in quote.pieces(package)]
    return {
        "quoteId": quote.quote_id,
        "orderId": _order(quote),
        "accountId": quote.account,
        "decisionCount": len(made),
        "decisions": [_decision(entry) for entry in made[-SHOWN_MAX:]],
        "evidenceCount": len(pieces),
        "evidence": [
            {"kind": entry.value[0] or "UNKNOWN", "hash": entry.value[1], "at": moment(entry.time_us)}
            for entry in pieces[-SHOWN_MAX:]
        ],
        "missing": list(_missing(quote, made, pieces)),
        "breaches": sorted(set(_breaches(made))),
    }


def _order(quote: Standing) -> str | None:
    """The order the quote says it became, else the first that names it."""
    converted: str | None = quote.facts.value(quote.quote_id, "converted", [None])[0]
    return converted or min((order for order, _ in quote.facts.each("order")), default=None)


def _decision(entry: Entry) -> dict[str, Any]:
    actor, role, version, outcome, authority, level, reason, proof, _, _ = entry.value
    return {
        "what": entry.kind,
        "eventId": entry.event_id,
        "actorId": actor,
        "actorRole": role,
        "at": moment(entry.time_us),
        "quoteVersion": version,
        "outcome": outcome,
        "authorityLimit": None if authority is None else f"discounts of up to {Decimal(authority).normalize():f} %",
        "authorityLimitPercent": number(authority),
        "authorityLevel": level,
        "reasonCode": reason,
        "evidenceRef": proof,
    }


def _missing(quote: Standing, made: list[Entry], pieces: list[Entry]) -> Iterator[str]:
    if quote.state not in _COMMITTED:
        return
    price = quote.of_revision("price", 6)
    over = price[2] is not None and price[3] is not None and Decimal(price[2]) > Decimal(price[3])
    allowed = [e for e in made if e.kind == "ApprovalDecided" and e.value[2:4] == [quote.revision, "APPROVED"]]
    if over and not allowed:
        yield "The discount is above what needs no approval, and no approval is on record."
    if quote.of_revision("presented", 3)[0] is None:
        yield "No hash of the presented proposal is on record."
    there = {entry.value[0] for entry in pieces}
    for kind in sorted(ALWAYS_REQUIRED - there):
        yield f"The evidence package has no {kind}."
    for entry in allowed:
        if entry.value[4] is None:
            yield "An approval does not say how far the authority of whoever decided goes."
        elif entry.value[9] is not None and Decimal(entry.value[9]) > Decimal(entry.value[4]):
            yield "An approval goes beyond the authority of whoever decided."
    if any(entry.value[0] is None for entry in made):
        yield "A decision does not name who decided."


def _breaches(made: list[Entry]) -> Iterator[str]:
    for entry in made:
        actor, asker = entry.value[0], entry.value[8]
        if actor is None or actor != asker:
            continue
        if entry.kind == "ApprovalDecided":
            yield "Whoever asked for an exception decided on it."
        elif entry.kind == "QuoteCorrectionApproved":
            yield "Whoever asked for a correction approved it."
