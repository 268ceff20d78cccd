"""From an accepted order to tasks: a pure function of order snapshot, rules version and context (R296, R314)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter

from domain.billing_handoff.policy import concerns_billing
from domain.command import fingerprint
from domain.errors import Refusal
from domain.fulfillment_plan.rules import DecompositionRules, Need, Step
from domain.fulfillment_plan.states import TaskCutoff, TaskKind
from domain.fulfillment_plan.task import FulfillmentTask
from domain.model import Model
from domain.order_state.states import Action
from domain.product_order.graph import check_structure, execution_order
from domain.product_order.order import ProductOrder
from domain.product_order.structure import Cutoff, OrderIntent, OrderItem


class OrderSnapshot(Model):
    """The part of an accepted order that decides how it is delivered; it carries the items as accepted (R295)."""

    order_id: str
    order_version: int
    account_id: str
    intent: OrderIntent
    items: tuple[OrderItem, ...]


class DecompositionContext(Model):
    """What was known beside the order when it was decomposed."""

    payment_required: bool = False


def snapshot_of(order: ProductOrder) -> OrderSnapshot:
    """What of an accepted order decides how it is delivered."""
    return OrderSnapshot(
        order_id=order.order_id,
        order_version=order.version,
        account_id=order.account_id,
        intent=order.intent,
        items=tuple(order.items.values()),
    )


def input_fingerprint(order: OrderSnapshot, rules_version: str, context: DecompositionContext) -> str:
    """Fingerprint of everything a decomposition depends on; the order's version is not, only its content (R314)."""
    snapshot = order.model_dump(mode="json", by_alias=True, exclude={"order_version"})
    known = context.model_dump(mode="json", by_alias=True)
    return fingerprint({"order": snapshot, "rules": rules_version, "context": known})


def decompose(
    order: OrderSnapshot, rules: DecompositionRules, context: DecompositionContext
) -> tuple[FulfillmentTask, ...]:
    """The tasks that deliver an order, each after all it depends on.

    1. The items are checked and taken in the order of their dependencies (R308).
    2. Each takes the steps of its action that its fulfillment policy needs.
    3. An item's first steps wait for the last ones of the items it depends on.
    4. Members of a bundle wait for their parent's service, or it for theirs, unless a dependency says otherwise.
    5. One payment for the whole order stands before what must be paid first (R473).

    The same input gives the same tasks with the same ids. Raises `Refusal` for a structure that has no sequence and
    for a policy the rules do not know.
    """
    check_structure(order.items)
    return _Decomposition(order, rules, context).tasks()


class _Decomposition:
    """One run of `decompose`: the items, their steps, and which item waits for which."""

    def __init__(self, order: OrderSnapshot, rules: DecompositionRules, context: DecompositionContext) -> None:
        self._order = order
        self._rules = rules
        self._items = {item.item_id: item for item in order.items}
        self._steps = {item.item_id: self._steps_of(item) for item in order.items}
        self._sequence = [self._items[i] for i in execution_order(self._items)]
        paid = any(step.kind in rules.paid_first for steps in self._steps.values() for step in steps.values())
        self._paid = (paid or context.payment_required) and any(self._steps.values())
        self._service_links = dict(self._bundle_links())

    def tasks(self) -> tuple[FulfillmentTask, ...]:
        made = {task.task_id: task for task in self._all()}
        sorter = TopologicalSorter({task_id: task.depends_on for task_id, task in made.items()})
        sorter.prepare()
        place = {task_id: number for number, task_id in enumerate(made)}
        result: list[FulfillmentTask] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready(), key=place.__getitem__)
            result += [made[task_id] for task_id in ready]
            sorter.done(*ready)
        return tuple(result)

    def _all(self) -> Iterator[FulfillmentTask]:
        if self._paid:
            yield self._task(Step("payment", TaskKind.AUTHORIZE_PAYMENT), None, ())
        for item in self._sequence:
            for step in self._steps[item.item_id].values():
                yield self._task(step, item, tuple(dict.fromkeys(self._waits_for(item, step))))

    def _steps_of(self, item: OrderItem) -> Mapping[str, Step]:
        needs = self._rules.needs.get(policy := item.fulfillment_policy_ref or self._rules.default_policy)
        if needs is None:
            message = f"Item {item.item_id} of order {self._order.order_id} names fulfillment policy {policy}, "
            message += f"which {self._rules.version} does not know."
            remediation = f"Name one of {sorted(self._rules.needs)}."
            raise Refusal("FEASIBILITY_NO_MAPPING", message, remediation=remediation, stage="DECOMPOSITION")
        if concerns_billing(self._order.intent, item):
            needs = needs | {Need.BILLING}
        steps = self._rules.steps[item.action]
        return {step.name: step for step in steps if step.need is None or step.need in needs}

    def _waits_for(self, item: OrderItem, step: Step) -> Iterator[str]:
        behind = self._standing_before(item, step)
        for name in behind:
            yield self._task_id(item, name)
        if not behind:
            for needed in item.depends_on:
                yield from (self._task_id(self._items[needed], name) for name in self._last_steps(needed))
        if step.name == self._rules.service_step:
            for other in self._service_links.get(item.item_id, ()):
                yield self._task_id(self._items[other], step.name)
        if self._paid and step.kind in self._rules.paid_first:
            yield self._payment_id

    def _standing_before(self, item: OrderItem, step: Step) -> tuple[str, ...]:
        """Steps of the item it comes after; behind one that is left out stand those that one comes after."""
        steps = {s.name: s for s in self._rules.steps[item.action]}
        found: list[str] = []
        for name in step.after:
            if name in self._steps[item.item_id]:
                found.append(name)
            elif name in steps:
                found += self._standing_before(item, steps[name])
        return tuple(dict.fromkeys(found))

    def _last_steps(self, item_id: str) -> tuple[str, ...]:
        steps = self._steps[item_id]
        before = {name for step in steps.values() for name in self._standing_before(self._items[item_id], step)}
        return tuple(name for name in steps if name not in before)

    def _bundle_links(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Which items' service steps wait for which others'; a dependency the order states outranks the rule."""
        first: dict[str, set[str]] = {item.item_id: set(item.depends_on) for item in self._sequence}
        links: dict[str, list[str]] = {}
        for item in self._sequence:
            if item.parent_item_id is None:
                continue
            pair = self._pair(item, self._items[item.parent_item_id])
            if pair is not None and not _reaches(first, pair[1], pair[0]):
                later, earlier = pair
                first[later].add(earlier)
                links.setdefault(later, []).append(earlier)
        return iter((later, tuple(earlier)) for later, earlier in links.items())

    def _pair(self, child: OrderItem, parent: OrderItem) -> tuple[str, str] | None:
        """The later and the earlier of two bundle items, if the rules put one first."""
        actions = {child.action, parent.action}
        if actions <= self._rules.parent_first:
            return child.item_id, parent.item_id
        if actions <= self._rules.child_first:
            return parent.item_id, child.item_id
        return None

    @property
    def _payment_id(self) -> str:
        return f"{self._order.order_id}/payment"

    def _task_id(self, item: OrderItem, step: str) -> str:
        return f"{self._order.order_id}/{item.item_id}/{step}"

    def _task(self, step: Step, item: OrderItem | None, depends_on: tuple[str, ...]) -> FulfillmentTask:
        performance = self._rules.performances[step.kind]
        instance = item and _instance(self._order.order_id, item, step)
        return FulfillmentTask(
            task_id=self._task_id(item, step.name) if item else self._payment_id,
            item_id=item and item.item_id,
            product_instance_id=instance,
            kind=step.kind,
            performed_by=performance.performed_by,
            service_id=instance and f"{instance}/service",
            resource_id=f"{instance}/resource" if step.need is Need.RESOURCE else None,
            depends_on=depends_on,
            cutoff=_cutoff(item, step),
            retry=performance.retry,
            response_timeout_seconds=performance.response_timeout_seconds,
            compensated_by=performance.compensated_by,
        )


def _instance(order_id: str, item: OrderItem, step: Step) -> str:
    if step.on_replaced and item.replaces_product_instance_id is not None:
        return item.replaces_product_instance_id
    if item.product_instance_id is None:
        message = f"Item {item.item_id} of order {order_id} has no product instance."
        raise Refusal("STATE_NOT_ACCEPTED", message, remediation="Accept the order first.", stage="DECOMPOSITION")
    return item.product_instance_id


def _cutoff(item: OrderItem | None, step: Step) -> TaskCutoff:
    """The item's own cut-off, said for the task: from its begin, or from when somebody outside is waited for."""
    if item is None or item.action is Action.NO_CHANGE:
        return TaskCutoff.NEVER
    begun = item.cutoff is Cutoff.STARTED or (item.cutoff is Cutoff.PENDING_EXTERNAL and step.external)
    return TaskCutoff.ON_START if begun else TaskCutoff.NEVER


def _reaches(first: Mapping[str, set[str]], item_id: str, target: str) -> bool:
    """Whether an item waits, over any number of others, for the target."""
    open_ids, seen = [item_id], set[str]()
    while open_ids:
        here = open_ids.pop()
        if here == target:
            return True
        open_ids += first[here] - seen
        seen |= first[here]
    return False
