"""A product as its space has it: what orders wanted of it, what inventory and network say, what is charged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from domain.asset.states import AssetState
from domain.fold.facts import Entry, Facts
from domain.order_state.states import Action, ItemState

LIVE = frozenset({AssetState.ACTIVE.value, AssetState.SUSPENDED.value})
BEGINS = frozenset({Action.ADD.value, Action.REPLACE.value})
CONFIGURES = BEGINS | {Action.MODIFY.value}
"""Actions by which a product gets the configuration of the item; the others leave it as it is."""


class Wanted(NamedTuple):
    """An item that acts on the product, or replaces it (`acts` is false); `state` is None before work began."""

    order_id: str
    item_id: str
    entry: Entry
    acts: bool
    action: str
    fingerprint: str | None
    components: dict[str, list[Any]]
    account_id: str | None
    worked: Entry | None

    @property
    def state(self) -> str | None:
        """Where the work on it stands."""
        return self.worked.value if self.worked else None

    @property
    def completed(self) -> Entry | None:
        """The event that completed it, when that is where it stands."""
        return self.worked if self.state == ItemState.COMPLETED else None

    @property
    def names(self) -> dict[str, str | None]:
        """What a finding about it names."""
        return {"order": self.order_id, "item": self.item_id, "account": self.account_id}


class Installed:
    """Everything known around a product."""

    def __init__(self, product_id: str, facts: Facts) -> None:
        self.product_id = product_id
        self.facts = facts
        self.asset = facts.entry(product_id, "asset")
        self.configuration = facts.entry(product_id, "configuration")
        self.items = tuple(self._items())

    @property
    def live(self) -> bool:
        """Whether inventory has it as installed."""
        return self.asset is not None and self.asset.value[0] in LIVE

    def item(self, order_id: str | None, item_id: str | None) -> Wanted | None:
        """An item by its order."""
        return next((i for i in self.items if (i.order_id, i.item_id) == (order_id, item_id)), None)

    def names(self, item: Wanted | None = None) -> dict[str, str | None]:
        """What a finding about the product names."""
        about: dict[str, str | None] = {"product": self.product_id}
        if self.asset is not None:
            about |= {"order": self.asset.value[1], "item": self.asset.value[2], "account": self.asset.value[4]}
        return {**about, **(item.names if item else {})}

    def _items(self) -> Iterator[Wanted]:
        for order_id, name, entry in self.facts.starting_with("item/"):
            acts, action, fingerprint, components, account_id = entry.value
            worked = self.facts.entry(order_id, f"work/{name}")
            yield Wanted(order_id, name, entry, acts, action or "", fingerprint, components, account_id, worked)
