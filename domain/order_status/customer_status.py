"""The one state a customer is told (R188, R194, R195); rules are those of the projection, in its order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.order_state.derive import ItemView, OrderView
from domain.order_state.states import TERMINAL_HEADER_STATES, Action, HeaderState, ItemState
from domain.order_status.vocabulary import CustomerStatus

_ENDED_WITHOUT_DELIVERY = {
    HeaderState.REJECTED: CustomerStatus.NOT_ACCEPTED,
    HeaderState.CANCELLED: CustomerStatus.CANCELLED,
    HeaderState.FAILED_CLOSED: CustomerStatus.CLOSED,
}
_NOT_BEGUN = frozenset({HeaderState.SUBMITTED, HeaderState.VALIDATING, HeaderState.ACCEPTED})
_BRINGING = frozenset({Action.ADD.value, Action.MODIFY.value, Action.RENEW.value, Action.REPLACE.value})
_ACTIVE = _BRINGING | {Action.RESUME.value}
_SUSPENDING = Action.SUSPEND.value


class Delivered(NamedTuple):
    """An executable item that is complete; `action` is empty while its line is unread."""

    item_id: str
    action: str


class Decided(NamedTuple):
    """The status and the rule that decided."""

    status: CustomerStatus
    clause: str


def customer_status(view: OrderView, parents: Mapping[str, str | None], awaits_customer: bool) -> Decided | None:
    """What the customer is told; nothing of a draft. `parents` are the bundles of the items, by item."""
    state = view.state
    if state is HeaderState.DRAFT:
        return None
    ended = _ENDED_WITHOUT_DELIVERY.get(state)
    if ended is not None:
        return Decided(ended, "ended-without-delivery")
    if view.cancellation_open and state not in TERMINAL_HEADER_STATES:
        return Decided(CustomerStatus.CANCELLING, "cancellation-open")
    if awaits_customer:
        return Decided(CustomerStatus.ACTION_NEEDED, "waits-for-customer")
    if state in _NOT_BEGUN:
        return Decided(CustomerStatus.RECEIVED, "not-begun")
    if state is HeaderState.COMPLETED:
        return Decided(_completed(view.items, parents), "completed")
    if any(item.action in _ACTIVE for item in _delivered(view.items)):
        return Decided(CustomerStatus.PARTLY_ACTIVE, "some-delivered")
    return Decided(CustomerStatus.IN_PROGRESS, "otherwise")


def _delivered(items: Iterable[ItemView]) -> list[Delivered]:
    return [
        Delivered(item.item_id, item.definition.action if item.definition else "")
        for item in items
        if item.executable and item.state is ItemState.COMPLETED
    ]


def _completed(items: Iterable[ItemView], parents: Mapping[str, str | None]) -> CustomerStatus:
    """By what was done to the top of each bundle; an item whose line is unread counts as one that is active."""
    actions = {item.action for item in _tops(_delivered(items), parents)}
    if not actions or "" in actions or actions & _ACTIVE:
        return CustomerStatus.ACTIVE
    return CustomerStatus.SUSPENDED if _SUSPENDING in actions else CustomerStatus.ENDED


def _tops(delivered: list[Delivered], parents: Mapping[str, str | None]) -> list[Delivered]:
    """Delivered items with no delivered one above them in their bundle."""
    done = {item.item_id for item in delivered}
    return [item for item in delivered if not any(above in done for above in _above(item.item_id, parents))]


def _above(item_id: str, parents: Mapping[str, str | None]) -> list[str]:
    """The bundles an item is in, from the nearest; a bundle that is its own member ends the walk."""
    found: list[str] = []
    parent = parents.get(item_id)
    while parent is not None and parent not in found and parent != item_id:
        found.append(parent)
        parent = parents.get(parent)
    return found
