"""What is known of a quote, asked by name: the newest revision, and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.fold.facts import Entry, Facts
from domain.quote_view.facts import STALENESS

STALE_STATES = frozenset(("Approved", "Presented"))
"""States in which somebody relies on a price nobody has accepted yet (R351)."""

_NOBODY: list[Any] = [None] * 6


class Standing:
    """The registers of a quote's group. What an earlier revision was told is not told of the newest."""

    def __init__(self, quote_id: str, facts: Facts) -> None:
        self.quote_id = quote_id
        self.facts = facts
        self.head = facts.entry(quote_id, "head")
        known = _NOBODY if self.head is None else self.head.value
        self.number, self.family, self.revision, self.state, self.account, self.publication = known

    def of_revision(self, name: str, length: int) -> list[Any]:
        """A register of the newest revision without the revision; as many Nones where it has none."""
        kept = self.facts.value(self.quote_id, name)
        return kept[1:] if kept is not None and kept[0] == self.revision else [None] * length

    def time_of(self, name: str) -> int | None:
        """When a register of the quote was written."""
        entry = self.facts.entry(self.quote_id, name)
        return None if entry is None else entry.time_us

    def oldest_first(self, prefix: str) -> list[tuple[str, str, Entry]]:
        """The registers of a kind, as (aggregate, rest of the name, entry), by time."""
        return sorted(self.facts.starting_with(prefix), key=_age)

    @property
    def package(self) -> str | None:
        """The evidence package of the newest revision."""
        found = [(e.version, a) for a, e in self.facts.each("package") if e.value[0] == self.revision]
        return max(found, default=(0, None))[1]

    def pieces(self, package: str) -> list[tuple[str, Entry]]:
        """The pieces of a package by id, in the order of their chain."""
        found = [(rest, e) for a, rest, e in self.facts.starting_with("piece/") if a == package]
        return sorted(found, key=lambda piece: (piece[1].value[3] or 0, piece[0]))

    def rests_on(self, entry: Entry) -> bool:
        """Whether the view cites an event: what was told of staleness only while it is of any interest.

        A withdrawn record may have left its topic, and then nobody who folds again would find it.
        """
        return entry.kind != STALENESS or (self.state in STALE_STATES and entry.value[0] == self.publication)

    def stale_from(self) -> Iterator[tuple[str, int]]:
        """What makes it stale as it stands, and from when on."""
        if self.state not in STALE_STATES:
            return
        for _, entry in self.facts.each("staleness"):
            publication, until = entry.value
            if publication == self.publication and until is not None:
                yield "PUBLICATION_SUPERSEDED", until
        expires = self.of_revision("price", 6)[5]
        if expires is not None:
            yield "PRICE_EXPIRED", expires


def _age(found: tuple[str, str, Entry]) -> tuple[int, str, int, str]:
    aggregate, rest, entry = found
    return entry.time_us, aggregate, entry.version, rest
