"""Which price of the book a line gets, and which of the promotions asked for apply."""

from __future__ import annotations

from collections.abc import Iterable

from domain.pricing.ledger import Ledger
from domain.pricing.price_book import PriceBook, PriceEntry, Promotion
from domain.pricing.terms import PriceRequest, PriceRequestLine, TraceStep


def entries_for(line: PriceRequestLine, request: PriceRequest, book: PriceBook, ledger: Ledger) -> list[PriceEntry]:
    """The entry of each component, the most particular one; none or several of one rank block (R544, R546)."""
    matching = [e for e in book.entries if _matches(e, line, request)]
    if not matching:
        if line.offering_id not in book.included_offerings or line.parent_line_id is None:
            message = f"Offering {line.offering_id} of line {line.line_id} has no price in {request.currency}."
            ledger.block("REFERENCE_PRICE_MISSING", message, f"Publish one in price book {book.price_book_id}.")
        return []
    return [_most_particular(c, matching, line, ledger) for c in sorted({e.component_id for e in matching})]


def _matches(entry: PriceEntry, line: PriceRequestLine, request: PriceRequest) -> bool:
    return (
        (entry.offering_id, entry.currency) == (line.offering_id, request.currency)
        and entry.in_force(request.effective_date)
        and entry.region in (None, request.region)
        and entry.account_id in (None, request.account_id)
        and all(line.configuration.get(name) == value for name, value in entry.when.items())
    )


def _rank(entry: PriceEntry) -> tuple[bool, bool, int]:
    return entry.account_id is not None, entry.region is not None, len(entry.when)


def _most_particular(
    component_id: str, entries: list[PriceEntry], line: PriceRequestLine, ledger: Ledger
) -> PriceEntry:
    ranked = sorted((e for e in entries if e.component_id == component_id), key=lambda e: (_rank(e), e.reference))
    best = ranked[-1]
    rivals = [e.reference for e in ranked if _rank(e) == _rank(best)]
    if len(rivals) > 1:
        message = f"Component {component_id} of line {line.line_id} has several prices at once: {', '.join(rivals)}."
        ledger.block("CONFLICT_PRICE_AMBIGUOUS", message, "End one of them before the other begins.")
    return best


def promotions_for(request: PriceRequest, book: PriceBook, ledger: Ledger) -> list[Promotion]:
    """The promotions that apply, by rank (R527, R528); an unknown one blocks, an expired one is left out (R552)."""
    sold = {line.offering_id for line in request.lines}
    asked = [p for p in _asked(request, book, ledger) if p.offerings & sold]
    kept: list[Promotion] = []
    for promotion in sorted(asked, key=lambda p: (p.rank, p.rule_id)):
        rival = next((k for k in kept if _exclude(k, promotion)), None)
        if rival is None:
            kept.append(promotion)
            continue
        note = f"{rival.reference} excludes it"
        ledger.step(TraceStep.PROMOTION_EXCLUDED, rule=promotion, note=note)
        message = f"Promotion {promotion.reference} does not apply: {note}."
        ledger.warn("POLICY_PROMOTION_EXCLUDED", message, "Ask for one of the two.")
    return kept


def _exclude(one: Promotion, other: Promotion) -> bool:
    return (
        (one.group is not None and one.group == other.group)
        or other.rule_id in one.excludes
        or one.rule_id in other.excludes
    )


def _asked(request: PriceRequest, book: PriceBook, ledger: Ledger) -> Iterable[Promotion]:
    for promotion_id in dict.fromkeys(request.promotion_ids):
        known = [p for p in book.promotions if p.rule_id == promotion_id]
        valid = [p for p in known if p.in_force(request.effective_date)]
        if not known:
            message = f"Price book {book.price_book_id} has no promotion {promotion_id}."
            ledger.block("REFERENCE_PROMOTION_UNKNOWN", message, "Ask for one that is published, or for none.")
        elif not valid:
            ledger.step(TraceStep.PROMOTION_NOT_IN_FORCE, rule=known[-1])
            message = f"Promotion {promotion_id} is not in force at {request.effective_date.isoformat()}."
            ledger.warn("POLICY_PROMOTION_NOT_IN_FORCE", message, "Leave it out.")
        elif len(valid) > 1:
            message = f"Promotion {promotion_id} is in force in several versions."
            ledger.block("CONFLICT_PROMOTION_AMBIGUOUS", message, "End one of them before the other begins.")
        else:
            yield valid[0]
