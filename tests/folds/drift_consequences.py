"""What else is rightly found of a fault: rules that a fault breaks beside the one it is listed for, and why."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Reach(StrEnum):
    """How far a fault goes: to what names its order, or to everything of its account."""

    ORDER = "order"
    ACCOUNT = "account"


class Consequence(NamedTuple):
    """A rule that is broken, too, how far around the fault, and why that is right."""

    rule: str
    reach: Reach
    why: str


_IN_TOW = "An account that ended has all its open orders, charges and assets in tow, not one order alone."

CONSEQUENCES: Mapping[str, tuple[Consequence, ...]] = {
    "charge-wrong": (
        Consequence("financial.order-vs-charge", Reach.ORDER, "What is charged is not what the item says."),
    ),
    "price-altered": (
        Consequence("financial.order-vs-charge", Reach.ORDER, "The charge has the accepted price, the order another."),
    ),
    "asset-orphan": (
        Consequence("referential.order-item-unknown", Reach.ORDER, "The asset names an order that never was."),
    ),
    "offering-unknown": (
        Consequence(
            "state.changed-without-amendment",
            Reach.ORDER,
            "A draft that was amended names the offering it was amended to.",
        ),
    ),
    "order-duplicated": (
        Consequence("event.version-gap", Reach.ORDER, "Only some events of the order arrive a second time."),
    ),
    "account-closed": (Consequence("referential.account-closed", Reach.ACCOUNT, _IN_TOW),),
    "account-merged": (Consequence("referential.account-merged", Reach.ACCOUNT, _IN_TOW),),
}
"""By fault."""
