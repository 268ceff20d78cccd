"""How far an order is (R187), and what of it was delivered (R400)."""

from __future__ import annotations

from typing import NamedTuple

from domain.fulfillment_plan.states import TaskState
from domain.order_state.states import HeaderState, ItemState
from domain.order_status.known import Known

_COMPLETED = TaskState.COMPLETED.value


def progress_percent(known: Known) -> int:
    """Completed tasks of planned ones, rounded down; an item that has ended counts as done, whatever its tasks say.

    An item weighs as much as it has tasks, one without any as much as one task. Tasks for the whole order count by
    themselves until every item has ended.
    """
    if not known.executable:
        return 100 if known.view.state is HeaderState.COMPLETED else 0
    if all(item.ended for item in known.executable):
        return 100
    planned: dict[str | None, int] = {}
    completed: dict[str | None, int] = {}
    for task in known.tasks:
        planned[task.item_id] = planned.get(task.item_id, 0) + 1
        if task.state == _COMPLETED:
            completed[task.item_id] = completed.get(task.item_id, 0) + 1
    whole, done = planned.get(None, 0), completed.get(None, 0)
    for item in known.executable:
        weight = planned.get(item.item_id, 1)
        whole += weight
        done += weight if item.ended else completed.get(item.item_id, 0)
    return 100 * done // whole


class Fulfilled(NamedTuple):
    """How many executable items came to which end."""

    completed: int
    cancelled: int
    failed: int
    open: int


def fulfilled(known: Known) -> Fulfilled:
    """The items of an order by how they ended."""
    states = [item.state for item in known.executable]
    completed, cancelled = states.count(ItemState.COMPLETED), states.count(ItemState.CANCELLED)
    failed = states.count(ItemState.FAILED_CLOSED)
    return Fulfilled(completed, cancelled, failed, len(states) - completed - cancelled - failed)
