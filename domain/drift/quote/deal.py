"""A quote with the orders that name it, as the checks of its space read them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from domain.fold.facts import Entry, Facts


class Price(NamedTuple):
    """What an event says of the price of a revision."""

    entry: Entry
    fingerprint: str | None
    discount: Decimal | None
    limit: Decimal | None

    @property
    def beyond(self) -> bool:
        """Whether more is taken off than may be without approval."""
        return self.discount is not None and self.limit is not None and self.discount > self.limit


class Ordered(NamedTuple):
    """An order of the group: when it was captured, what it says, and whether it ended unfulfilled."""

    order_id: str
    captured: Entry
    newest: Entry
    over: bool

    @property
    def revision(self) -> int | None:
        """Revision of the quote it is for."""
        revision: int | None = self.newest.value[0]
        return revision

    @property
    def document(self) -> str | None:
        """Hash of the accepted package, as the order has it."""
        document: str | None = self.captured.value[1]
        return document


class Deal:
    """Everything known around a quote."""

    def __init__(self, quote_id: str, facts: Facts) -> None:
        self.quote_id = quote_id
        self.facts = facts
        self.about = facts.entry(quote_id, "about")
        self.orders = tuple(self._orders())

    @property
    def names(self) -> dict[str, str | None]:
        """What the quote is called, and whose it is."""
        return {"quote": self.quote_id, "account": self.about.value[0] if self.about else None}

    @property
    def revisions(self) -> range:
        """Revisions of the quote."""
        return range(1, (self.about.value[1] or 0) + 1 if self.about else 1)

    def said(self, name: str, revision: int | None) -> Entry | None:
        """What was said of a revision."""
        return self.facts.entry(self.quote_id, f"{name}/{revision}")

    def price(self, name: str, revision: int | None) -> Price | None:
        """What an event said of the price of a revision."""
        entry = self.said(name, revision)
        if entry is None:
            return None
        fingerprint, discount, limit = entry.value[:3]
        return Price(entry, fingerprint, _decimal(discount), _decimal(limit))

    def _orders(self) -> Iterator[Ordered]:
        for order_id, captured in self.facts.each("captured"):
            agreed = self.facts.entry(order_id, "agreed")
            over = self.facts.entry(order_id, "over") is not None
            yield Ordered(order_id, captured, agreed or captured, over)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
