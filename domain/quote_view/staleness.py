"""Which approved or presented quotes rest on a catalog publication that another one supersedes (R351)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home, moment, text, time_us
from domain.quote_view.facts import QUOTE_EVENTS
from domain.quote_view.standing import STALE_STATES

_PUBLISHED = "CatalogPublished"
_SUPERSEDES = "supersedes"
_STATE = "state"


class QuoteStalenessFold:
    """A publication is what its quotes have in common: what supersedes it is shared, each quote a member.

    A record says from when on; whether that has come is for whoever hears it. A quote that is revised to another
    publication becomes a member there too, and stays one here as it was: whoever hears the record compares the
    publications.
    """

    space = "quote-staleness"
    rule_id = "quote-staleness"
    rule_version = "1"
    records = frozenset({"QuoteStaleness"})
    kinds = frozenset({*QUOTE_EVENTS, _PUBLISHED})

    def places(self, event: Heard) -> Iterable[Place]:
        """A publication is heard by the one it supersedes, a quote by the one it is made from."""
        if event.kind == _PUBLISHED:
            return home(self.space, event, event.data.get("supersedesPublicationId"))
        return (
            Place(place.group, event.subject)
            for place in home(self.space, event, event.data.get("catalogPublicationId"))
        )

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """From when on a publication takes the place of another; the state of a quote."""
        if event.kind == _PUBLISHED:
            effective = time_us(event.data, "effectiveFrom")
            return [] if effective is None else [(_SUPERSEDES, effective)]
        return [(_STATE, text(event.data, "state"))]

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """A record while somebody relies on the quote and its publication ends."""
        if not place.member or own.value(place.member, _STATE) not in STALE_STATES:
            return Derived()
        ends = min(((entry.value, by) for by, entry in shared.each(_SUPERSEDES)), default=None)
        if ends is None:
            return Derived()
        publication = dweller(self.space, place)
        key = f"{publication}/{place.member}"
        data = {
            "stalenessId": key,
            "quoteId": place.member,
            "catalogPublicationId": publication,
            "supersededByPublicationId": ends[1],
            "inForceUntil": moment(ends[0]),
        }
        return Derived((Row("QuoteStaleness", key, data),))
