"""The timeline of a quote: offer, prices, approvals and evidence, up to its order (R204, R207, R212-R214)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home
from domain.timeline.entry import register_of, remembered
from domain.timeline.ordering import GOVERNANCE
from domain.timeline.paging import TOLD, month_of, pages
from domain.timeline.selling import QUOTES


class QuoteTimelineFold:
    """Events by the quote they name, apart from those of its order."""

    space = "quote"
    rule_id = "quote-timeline"
    rule_version = "1"
    records = frozenset({"QuoteTimeline"})
    kinds = frozenset({*QUOTES, *GOVERNANCE})

    def places(self, event: Heard) -> Iterable[Place]:
        """A month of the quote; governance is about a quote when its subject is one."""
        if event.kind in GOVERNANCE:
            named = event.data.get("subjectId") if event.data.get("subjectAggregate") == "Quote" else None
        else:
            named = event.data.get("quoteId")
        return home(self.space, event, named, month_of(event))

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """Its entry."""
        return [(TOLD + register_of(event), remembered(event))]

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """The pages of the month."""
        return Derived(pages("QuoteTimeline", "quoteId", dweller(self.space, place), place.member, own, {}))
