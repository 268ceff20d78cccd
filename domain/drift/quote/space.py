"""The fold of space `quote`: the group is the quote an event names, or the request an order without one came from."""

from __future__ import annotations

from collections.abc import Iterable

from domain.drift.quote.deal import Deal
from domain.drift.quote.ordered import conversion_unknown, duplicate_order, quote_unknown, quote_vs_order
from domain.drift.quote.promises import (
    calculation_unknown,
    expired_quote_converted,
    proposal_hash_mismatch,
    stale_fingerprint_accepted,
    unapproved_discount,
)
from domain.drift.quote.sayings import SAYINGS
from domain.drift.rules import RuleSet
from domain.drift.space import Check, Space, group_of, named
from domain.fold.facts import Facts
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.reading import text

SPACE = "quote"

CHECKS: dict[str, Check[Deal]] = {
    "referential.quote-unknown": quote_unknown,
    "referential.calculation-unknown": calculation_unknown,
    "referential.conversion-unknown": conversion_unknown,
    "state.duplicate-order": duplicate_order,
    "state.expired-quote-converted": expired_quote_converted,
    "state.stale-fingerprint-accepted": stale_fingerprint_accepted,
    "state.unapproved-discount": unapproved_discount,
    "state.proposal-hash-mismatch": proposal_hash_mismatch,
    "financial.quote-vs-order": quote_vs_order,
}


def _places(event: Heard) -> Iterable[Place]:
    quote_id = text(event.data, "quoteId")
    if quote_id:
        return (Place(group_of(event, SPACE, quote_id)),)
    request = text(event.data, "idempotencyKeyHash") if event.kind == "ProductOrderCreated" else None
    return (Place(group_of(event, SPACE, f"request-{request}")),) if request else ()


def _view(place: Place, shared: Facts, _: Facts) -> Deal:
    return Deal(named(place), shared)


def quote_space(rules: RuleSet) -> Space[Deal]:
    """The fold with these rules."""
    return Space(SPACE, rules, places=_places, sayings=SAYINGS, view=_view, checks=CHECKS)
