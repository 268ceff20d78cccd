"""What a source may decide about an order beside sending it (R519, R520): a role that may order may not order anything.

Internal senders are checked like all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from domain.command import Actor
from domain.errors import Refusal
from domain.order_state.states import Action
from domain.product_order.commands import CreateProductOrder
from domain.product_order.structure import OrderItem


class Grant(StrEnum):
    """Something a source must be trusted with."""

    BILLING_ACCOUNT = "BILLING_ACCOUNT"
    """To have another account invoiced than the one that orders."""
    PROMISED_DATES = "PROMISED_DATES"
    """To promise a completion, or set when the contract takes effect; to wish for one is free."""
    INSTALLED_PRODUCT = "INSTALLED_PRODUCT"
    """To change or end what is installed."""


_ALL = frozenset(Grant)
GRANTS: Mapping[str, frozenset[Grant]] = {
    "customer": frozenset({Grant.BILLING_ACCOUNT, Grant.INSTALLED_PRODUCT}),
    "partner": frozenset(),
    "call-center": frozenset({Grant.BILLING_ACCOUNT, Grant.INSTALLED_PRODUCT}),
    "sales": _ALL,
    "order-capture": _ALL,
    "migration": _ALL,
    "order-manager": _ALL,
    "oms": _ALL,
}
"""What each role that may create an order is trusted with; a role that is missing is trusted with nothing."""

_NEW = frozenset({Action.ADD, Action.NO_CHANGE})


def creation_is_granted(command: CreateProductOrder) -> None:
    """Refuse an order that decides what its source may not decide."""
    parties, dates = command.parties, command.dates
    if parties.billing_account_id != parties.account_id:
        _require(command.actor, Grant.BILLING_ACCOUNT, f"have {parties.billing_account_id} invoiced")
    if dates.committed_completion is not None or dates.contract_effective is not None:
        _require(command.actor, Grant.PROMISED_DATES, "promise a completion or set the start of the contract")
    items_are_granted(command.actor, command.items)


def items_are_granted(actor: Actor, items: Iterable[OrderItem]) -> None:
    """Refuse lines that act on installed products where the source may not."""
    for item in items:
        if item.action not in _NEW:
            _require(actor, Grant.INSTALLED_PRODUCT, f"{item.action} the product of item {item.item_id}")


def _require(actor: Actor, grant: Grant, what: str) -> None:
    if grant in GRANTS.get(actor.role, frozenset()):
        return
    message = f"{actor.actor_id} of {actor.system}, as {actor.role}, may not {what}."
    remediation = f"Have it sent in a role that is trusted with {grant}, or leave it out."
    raise Refusal(f"AUTHORIZATION_SOURCE_{grant}", message, remediation=remediation, stage="INTAKE")
