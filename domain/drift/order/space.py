"""The fold of space `order`: the group is the order an event names."""

from __future__ import annotations

from collections.abc import Iterable

from domain.drift.order.commitments import cancelled_after_cutoff, changed_without_amendment
from domain.drift.order.matter import Matter
from domain.drift.order.money import charge_on_cancelled, handoff_unknown, invoiced_in_fallout, order_item_unknown
from domain.drift.order.results import payment_unknown, provisioned_vs_task, reservation_held, reservation_lost
from domain.drift.order.sayings import SAYINGS
from domain.drift.order.standing import (
    completed_with_open_task,
    fallout_on_completed,
    header_vs_items,
    payment_without_order,
    tasks_done_order_open,
)
from domain.drift.rules import RuleSet
from domain.drift.space import Check, Space, group_of, named
from domain.fold.facts import Facts
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.reading import text

SPACE = "order"

CHECKS: dict[str, Check[Matter]] = {
    "state.header-vs-items": header_vs_items,
    "state.completed-with-open-task": completed_with_open_task,
    "state.tasks-done-order-open": tasks_done_order_open,
    "state.fallout-on-completed": fallout_on_completed,
    "state.provisioned-vs-task": provisioned_vs_task,
    "state.reservation-lost": reservation_lost,
    "state.reservation-held": reservation_held,
    "state.payment-without-order": payment_without_order,
    "state.payment-unknown": payment_unknown,
    "state.charge-on-cancelled": charge_on_cancelled,
    "state.invoiced-in-fallout": invoiced_in_fallout,
    "state.cancelled-after-cutoff": cancelled_after_cutoff,
    "state.changed-without-amendment": changed_without_amendment,
    "referential.order-item-unknown": order_item_unknown,
    "referential.handoff-unknown": handoff_unknown,
}


def _places(event: Heard) -> Iterable[Place]:
    order_id = text(event.data, "orderId")
    return (Place(group_of(event, SPACE, order_id)),) if order_id else ()


def _view(place: Place, shared: Facts, _: Facts) -> Matter:
    return Matter(named(place), shared)


def order_space(rules: RuleSet) -> Space[Matter]:
    """The fold with these rules."""
    return Space(SPACE, rules, places=_places, sayings=SAYINGS, view=_view, checks=CHECKS)
