"""The delivery plan of an order in pages (R209, R296-R298)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from domain.delivery_view.tasks import Delivery, task_of
from domain.fold.fold import Row
from domain.fold.reading import moment
from domain.fulfillment_plan.states import TaskState

TASKS_PER_PAGE = 100
"""A usual order has one page; one of a thousand items has many small records instead of one that does not fit."""
PLANS_NAMED_MAX = 20


def plan_rows(delivery: Delivery) -> list[Row]:
    """The pages; none while no event of a plan is known."""
    if not delivery.plans:
        return []
    tasks = delivery.tasks
    states = {task.task_id: task.state for task in tasks}
    header = _header(delivery, states)
    pages = max(1, -(-len(tasks) // TASKS_PER_PAGE))
    rows = []
    for page in range(1, pages + 1):
        page_id = f"{delivery.order_id}/{page}"
        shown = tasks[(page - 1) * TASKS_PER_PAGE : page * TASKS_PER_PAGE]
        data = {
            "pageId": page_id,
            **header,
            "page": page,
            "pages": pages,
            "tasks": [task_of(task, states, delivery.facts) for task in shown],
        }
        rows.append(Row("FulfillmentPlanView", page_id, data))
    return rows


def _header(delivery: Delivery, states: dict[str, str]) -> dict[str, Any]:
    plan_id, newest = delivery.plans[0]
    state, account, rules = newest.value
    made = delivery.facts.entry(plan_id, "made")
    order_version, fingerprint, paid = [None] * 3 if made is None else made.value
    counts = Counter(states.values())
    return {
        "orderId": delivery.order_id,
        "planId": plan_id,
        "otherPlanIds": [other for other, _ in delivery.plans[1 : PLANS_NAMED_MAX + 1]],
        "accountId": account,
        "state": state or "UNKNOWN",
        "stateSince": moment(newest.time_us),
        "rulesVersion": rules,
        "orderVersion": order_version,
        "inputFingerprint": fingerprint,
        "paymentRequired": paid if isinstance(paid, bool) else None,
        "createdAt": None if made is None else moment(made.time_us),
        "taskCount": len(states),
        **{f"{state.value.lower()}Count": counts[state.value] for state in TaskState},
    }
