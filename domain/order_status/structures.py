"""Two structures over the items of an order, kept apart: bundles and dependencies (R308); and who may still cancel."""

from __future__ import annotations

from typing import NamedTuple

from domain.fulfillment_plan.states import TaskCutoff, TaskState
from domain.order_state.derive import ItemView
from domain.order_state.states import ItemState
from domain.order_status.known import Known
from domain.product_order.guards import PAST_CUTOFF
from domain.product_order.structure import Cutoff

_BEGUN = frozenset({TaskState.RUNNING.value, TaskState.UNKNOWN.value, TaskState.COMPLETED.value})
_ON_START = TaskCutoff.ON_START.value


class Bundle(NamedTuple):
    """An item's place in the commercial hierarchy."""

    item_id: str
    parent_item_id: str | None
    root_item_id: str
    member_ids: list[str]


class Dependency(NamedTuple):
    """What an item must wait for, and what of that is not complete yet."""

    item_id: str
    depends_on: list[str]
    open_dependencies: list[str]


def bundles(known: Known) -> list[Bundle]:
    """The hierarchy, by item id; members are those right below."""
    members: dict[str, list[str]] = {}
    for line in known.lines.values():
        if line.parent_item_id is not None:
            members.setdefault(line.parent_item_id, []).append(line.item_id)
    return [
        Bundle(line.item_id, line.parent_item_id, _root(known, line.item_id), sorted(members.get(line.item_id, ())))
        for line in sorted(known.lines.values())
    ]


def _root(known: Known, item_id: str) -> str:
    """The top of a bundle; items that are each other's bundle have the smallest of them."""
    walked = [item_id]
    while (line := known.lines.get(walked[-1])) is not None and line.parent_item_id is not None:
        if line.parent_item_id in walked:
            return min(walked)
        walked.append(line.parent_item_id)
    return walked[-1]


def dependencies(known: Known) -> list[Dependency]:
    """The dependency graph: every item that waits for another, by item id."""
    complete = {item.item_id for item in known.view.items if item.state is ItemState.COMPLETED}
    return [
        Dependency(line.item_id, sorted(line.depends_on), sorted(set(line.depends_on) - complete))
        for line in sorted(known.lines.values())
        if line.depends_on
    ]


def cancellable(known: Known) -> dict[str, bool]:
    """Whether each item could still be cancelled: not begun beyond its own cut-off or that of a task (R299, R412)."""
    late = {task.item_id for task in known.tasks if task.cutoff == _ON_START and task.state in _BEGUN}
    return {item.item_id: _cancellable(known, item, item.item_id in late) for item in known.view.items}


def _cancellable(known: Known, item: ItemView, task_begun: bool) -> bool:
    if known.ended or not item.executable or item.ended or item.state is ItemState.CANCELLING or task_begun:
        return False
    line = known.lines.get(item.item_id)
    work = item.work.state if item.work else ItemState.NOT_STARTED
    return line is None or work not in PAST_CUTOFF[Cutoff(line.cutoff)]
