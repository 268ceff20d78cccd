"""The fold of an order's names in other systems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home, part, text

_NAMES = "names"


class OrderReferenceFold:
    """One record for each system that has a name for the order, as its creation tells."""

    space = "order"
    rule_id = "order-references"
    rule_version = "1"
    records = frozenset({"OrderReference"})
    kinds = frozenset({"ProductOrderCreated"})

    def places(self, event: Heard) -> Iterable[Place]:
        """The order: the event is its own."""
        return home(self.space, event, event.subject)

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """Its names, and what it is shown with."""
        data = event.data
        names = {s: n for s, n in part(data, "externalReferences").items() if isinstance(n, str) and s and n}
        return [(_NAMES, [names, text(data, "orderNumber"), text(data, "accountId")])]

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """A record for each name."""
        order_id = dweller(self.space, place)
        rows: dict[str, Row] = {}
        for _, entry in shared.each(_NAMES):
            names, number, account_id = entry.value
            for system, name in sorted(names.items()):
                key = f"{order_id}/{system}"
                data = {
                    "referenceId": key,
                    "orderId": order_id,
                    "orderNumber": number,
                    "accountId": account_id,
                    "system": system,
                    "name": name,
                }
                rows[key] = Row("OrderReference", key, data)
        return Derived(tuple(rows.values()))
