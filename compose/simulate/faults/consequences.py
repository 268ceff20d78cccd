"""What else is rightly found of a fault: rules that a fault breaks beside the one it is listed for, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from compose.simulate.faults.truth import Truth


class Reach(StrEnum):
    """How far a fault goes: to what names its order, its product, or everything of its account."""

    ORDER = "order"
    PRODUCT = "product"
    ACCOUNT = "account"


class Consequence(NamedTuple):
    """A rule that is broken, too, how far around the fault, and why that is right."""

    rule: str
    reach: Reach
    why: str


class Case(Protocol):
    """What of a finding or case says what it is about."""

    @property
    def rule(self) -> str:
        """Rule it was found by."""
        ...

    @property
    def entity_id(self) -> str:
        """Identity of what it is about."""
        ...

    @property
    def order_id(self) -> str | None:
        """Order concerned."""
        ...

    @property
    def account_id(self) -> str | None:
        """Account concerned."""
        ...

    @property
    def product_instance_id(self) -> str | None:
        """Product concerned."""
        ...


_IN_TOW = "An account that ended has all its open orders, charges and assets in tow, not one order alone."
_BILLING = "billing.handoff"

CONSEQUENCES: Mapping[str, tuple[Consequence, ...]] = {
    "charge-wrong": (
        Consequence("financial.order-vs-charge", Reach.ORDER, "What is charged is not what the item says."),
    ),
    "charge-quantity": (
        Consequence(_BILLING, Reach.PRODUCT, "The quantity charged is not the one that was handed over."),
    ),
    "item-unknown": (
        Consequence(_BILLING, Reach.PRODUCT, "The charge names another item than the one that was handed over."),
    ),
    "price-altered": (
        Consequence("financial.order-vs-charge", Reach.ORDER, "The charge has the accepted price, the order another."),
        Consequence(_BILLING, Reach.PRODUCT, "The accepted price is not the one that was handed over and charged."),
    ),
    "asset-orphan": (
        Consequence("referential.order-item-unknown", Reach.ORDER, "The asset names an order that never was."),
    ),
    "asset-unknown": (Consequence(_BILLING, Reach.PRODUCT, "The item that changed the product names another one."),),
    "offering-unknown": (
        Consequence(
            "state.changed-without-amendment", Reach.ORDER, "A draft that was amended names the offering it had then."
        ),
    ),
    "order-unfinished": (
        Consequence(_BILLING, Reach.PRODUCT, "Billing follows a handoff whose item never says it was completed."),
    ),
    "order-duplicated": (
        Consequence("event.version-gap", Reach.ORDER, "Only some events of the order arrive a second time."),
    ),
    "charge-cancelled": (
        Consequence(_BILLING, Reach.PRODUCT, "A charge of a cancelled item is undue, as its own rule says, too."),
    ),
    "account-closed": (Consequence("referential.account-closed", Reach.ACCOUNT, _IN_TOW),),
    "account-merged": (Consequence("referential.account-merged", Reach.ACCOUNT, _IN_TOW),),
}
"""By fault."""


def follows(case: Case, truths: Iterable[Truth], accounts: Mapping[str, str]) -> bool:
    """Whether a case is a consequence of one of the faults; `accounts` names the account of each order."""
    return any(
        consequence.rule == case.rule and _reaches(truth, consequence.reach, case, accounts)
        for truth in truths
        for consequence in CONSEQUENCES.get(truth.fault, ())
    )


def _reaches(truth: Truth, reach: Reach, case: Case, accounts: Mapping[str, str]) -> bool:
    if reach is Reach.ACCOUNT:
        return truth.order_id is not None and case.account_id == accounts.get(truth.order_id)
    named = [case.order_id or "", case.entity_id.partition("/")[0]]
    if reach is Reach.PRODUCT:
        named.append((case.product_instance_id or "").partition("/")[0])
        if truth.product_instance_id is not None and truth.product_instance_id == case.product_instance_id:
            return True
    of_order = {name.removesuffix("-ghost").removesuffix("-copy") for name in named}
    return truth.order_id in of_order or truth.entity_id in of_order
