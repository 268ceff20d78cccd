"""The fold of a quote: its view for the pipeline and its decisions for the status of its order (R212, R213, R221)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home
from domain.quote_view.build import view_of
from domain.quote_view.decisions import decisions_of
from domain.quote_view.facts import KINDS, remembered
from domain.quote_view.standing import Standing


class QuoteViewFold:
    """Everything that names a quote, by quote.

    A quote grows stale without an event of its own: when its price expires, which is a deadline here, and when its
    catalog publication is superseded, which `QuoteStaleness` tells.
    """

    space = "quote"
    rule_id = "quote-view"
    rule_version = "1"
    records = frozenset({"QuoteView", "QuoteDecisions"})
    kinds = KINDS

    def places(self, event: Heard) -> Iterable[Place]:
        """The quote it names."""
        return home(self.space, event, event.data.get("quoteId"))

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """See `facts.remembered`."""
        return remembered(event)

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """The view and the decisions, and when the quote grows stale by itself."""
        quote_id = dweller(self.space, place)
        standing = Standing(quote_id, shared)
        deadlines = sorted(at for _, at in standing.stale_from())
        return Derived(
            rows=(
                Row("QuoteView", quote_id, view_of(standing, reached_us)),
                Row("QuoteDecisions", quote_id, decisions_of(standing)),
            ),
            wake_us=next((at for at in deadlines if at > reached_us), None),
        )
