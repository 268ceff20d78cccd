"""A plan carried out: every task that can be begun is, side by side, and what goes wrong is dealt with."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from datetime import datetime, timedelta

from compose.simulate.billing import Billing
from compose.simulate.clock import Signal
from compose.simulate.customers import Customer
from compose.simulate.fallout import Fallout
from compose.simulate.people import FULFILLMENT, OPERATOR, ORDER_MANAGER
from compose.simulate.performing import Performer
from compose.simulate.voice import Voice
from domain.fallout_case.states import FalloutCause, RepairKind
from domain.fulfillment_plan import commands as p
from domain.fulfillment_plan.plan import FulfillmentPlan, TaskStanding, plan_id_of
from domain.fulfillment_plan.states import TaskKind, TaskState
from domain.fulfillment_plan.task import FulfillmentTask
from domain.order_state.states import TERMINAL_ITEM_STATES, HeaderState, ItemState, Repair
from domain.product_order import commands as c
from domain.product_order.order import ProductOrder
from domain.product_order.structure import Cutoff

Course = Generator["timedelta | Signal"]
_CAN_FALL_OUT = (TaskKind.RESERVE_RESOURCE, TaskKind.PROVISION_SERVICE, TaskKind.CHANGE_SERVICE)
_CAUSES = {TaskKind.RESERVE_RESOURCE: (FalloutCause.RESOURCE_UNAVAILABLE, "NO_PORT")}
_CANCELLED = {"reason_code": "CUSTOMER_CHANGED_MIND"}


class Delivery:
    """One order's delivery; `fate` says what comes in between."""

    def __init__(
        self, voice: Voice, customer: Customer, order_id: str, fate: str, fallout: Fallout, billing: Billing
    ) -> None:
        self.voice = voice
        self.customer = customer
        self.order_id = order_id
        self.plan_id = plan_id_of(order_id)
        self.fate = fate
        self.fallout = fallout
        self.billing = billing
        self.stopped = False
        self.activated: dict[str, datetime] = {}
        self._running: set[str] = set()
        self._progress = Signal()
        self._performer = Performer(voice, self, billing)
        self._falls_out = self._chosen_to_fall()

    @property
    def order(self) -> ProductOrder:
        """The order as it stands."""
        found: ProductOrder = self.voice.standing("ProductOrder", self.order_id)
        return found

    @property
    def plan(self) -> FulfillmentPlan:
        """The plan as it stands."""
        found: FulfillmentPlan = self.voice.standing("FulfillmentPlan", self.plan_id)
        return found

    def run(self) -> Course:
        """Begin what can be begun until nothing is left; the fate of the order intervenes."""
        if self.fate == "partly":
            self._cancel_a_leaf()
        if self.voice.chance.happens(5):
            yield from self._performer.survey(self.plan.tasks.values())
        self._begin_ready()
        while self._running:
            self._progress = Signal()
            yield self._progress
            if self.fate in ("cancelled", "refused") and self._work_begun():
                yield from self._cancel_all()
            if not self.stopped:
                self._begin_ready()

    def _begin_ready(self) -> None:
        plan = self.plan
        for task_id, standing in plan.tasks.items():
            pending = standing.state is TaskState.PENDING and task_id not in self._running
            if pending and not plan.open_dependencies(task_id) and self._may_begin(standing.task):
                self._running.add(task_id)
                self.voice.spawn(self._carried_out(standing.task))

    def _may_begin(self, task: FulfillmentTask) -> bool:
        if task.item_id is None:
            return True
        state = self.order.item_state(task.item_id)
        if state in TERMINAL_ITEM_STATES or state in (ItemState.CANCELLING, ItemState.FALLOUT):
            return False
        first = self._falls_out.item_id if self._falls_out else None
        return self.fate != "closed" or first is None or task.item_id == first

    def _carried_out(self, task: FulfillmentTask) -> Course:
        """One task from its start to its end."""
        voice = self.voice
        yield voice.chance.minutes(1, 15)
        if task.item_id is not None and self.order.work_state(task.item_id) is ItemState.NOT_STARTED:
            voice.send(c.StartProductOrderItem, FULFILLMENT_OPERATOR, self.order_id, item_id=task.item_id)
        voice.send(p.StartFulfillmentTask, FULFILLMENT, self.plan_id, task_id=task.task_id)
        if self._falls_out is not None and task.task_id == self._falls_out.task_id:
            goes_on = yield from self._fell_out(task)
            if not goes_on:
                self._ended(task)
                return
        yield from self._performer.perform(task)
        standing = self.plan.tasks[task.task_id]
        if standing.state is TaskState.RUNNING:
            done = {"task_id": task.task_id, "attempt": standing.attempt, "result_ref": f"{task.task_id}/answer"}
            voice.send(p.CompleteFulfillmentTask, FULFILLMENT, self.plan_id, **done)
        self._complete_item(task)
        self._ended(task)

    def _ended(self, task: FulfillmentTask) -> None:
        self._running.discard(task.task_id)
        self.voice.scene.simulation.fire(self._progress)

    def _complete_item(self, task: FulfillmentTask) -> None:
        item_id = task.item_id
        if item_id is None or not self.plan.item_delivered(item_id):
            return
        if self.order.work_state(item_id) in (ItemState.IN_PROGRESS, ItemState.PENDING_EXTERNAL):
            when = self.activated.get(item_id, self.voice.now)
            done = {"item_id": item_id, "service_activation_date": when}
            self.voice.send(c.CompleteProductOrderItem, OPERATOR, self.order_id, **done)

    def _chosen_to_fall(self) -> FulfillmentTask | None:
        """The task that fails for certain, when the fate of the order wants one."""
        tasks = [s.task for s in self.plan.tasks.values() if s.task.kind in _CAN_FALL_OUT]
        if self.fate == "given-up":
            leaves = self._leaves()
            tasks = [task for task in tasks if task.item_id in leaves]
        elif self.fate not in ("repaired", "closed"):
            return None
        # What was delivered before can be invoiced, so the last one falls where that is the fault.
        last = self.voice.suffers("invoiced-in-fallout")
        return tasks[-1 if last else 0] if tasks else None

    def _leaves(self) -> list[str]:
        """Items nothing else rests on, where there is more than one item to deliver."""
        items = {i: item for i, item in self.order.items.items() if item.executable}
        needed = {d for item in items.values() for d in (*item.depends_on, item.parent_item_id)}
        leaves = [i for i in items if i not in needed and items[i].cutoff is Cutoff.COMPLETED]
        return leaves if len(items) > 1 else []

    def _fell_out(self, task: FulfillmentTask) -> Generator[timedelta | Signal, None, bool]:
        """The task fails for certain; whether somebody mends it."""
        voice, item_id = self.voice, str(task.item_id)
        yield voice.chance.minutes(2, 30)
        cause, code = _CAUSES.get(task.kind, (FalloutCause.PROVISIONING_FAILED, "DEVICE_REFUSED"))
        failed = {"task_id": task.task_id, "attempt": 1, "failure_code": code, "retryable": False}
        voice.send(p.FailFulfillmentTask, FULFILLMENT, self.plan_id, **failed)
        broken = {"item_id": item_id, "repair": Repair.HUMAN, "failure_code": code}
        voice.send(c.FailProductOrderItem, OPERATOR, self.order_id, **broken)
        self.fallout.detect(cause, code, item_id, task.task_id)
        if voice.suffers("invoiced-in-fallout"):
            self.billing.invoice_in_fallout(voice, self.order_id)
        if self.fate == "repaired":
            yield from self.fallout.repaired(RepairKind.RETRY, ItemState.IN_PROGRESS)
            again = {"task_id": task.task_id, "reason_code": "REPAIRED"}
            voice.send(p.RetryFulfillmentTask, ORDER_MANAGER, self.plan_id, **again)
            return True
        yield from self.fallout.given_up()
        while any(self.plan.tasks[i].task.item_id == item_id for i in self._running - {task.task_id}):
            yield voice.chance.minutes(30, 60)
        if self.fate == "closed":
            voice.send(c.CloseProductOrderAsFailed, ORDER_MANAGER, self.order_id, reason_code="NOT_DELIVERABLE")
            yield from self.take_back(self.plan.tasks.values(), "ORDER_FAILED")
            self.stopped = True
            return False
        yield from self.take_back((s for s in self.plan.tasks.values() if s.task.item_id == item_id), "ORDER_FAILED")
        ended = {"fallout_id": self.fallout.fallout_id, "item_state": ItemState.FAILED_CLOSED}
        ended["repair_ref"] = self.fallout.case_id
        voice.send(c.ResolveProductOrderFallout, ORDER_MANAGER, self.order_id, **ended)
        return False

    def take_back(self, standings: Iterable[TaskStanding], why: str) -> Course:
        """Compensate tasks, those that rest on others first (R157)."""
        left = {s.task.task_id: s.task for s in standings if s.state is not TaskState.COMPENSATED}
        while left:
            resting = {d for task in left.values() for d in task.depends_on}
            for task in [task for task in left.values() if task.task_id not in resting]:
                del left[task.task_id]
                begun = self.plan.tasks[task.task_id].attempt > 0
                if begun:
                    yield from self._performer.undo(task, why)
                undone = {"task_id": task.task_id, "compensation_ref": f"{task.task_id}/undone" if begun else None}
                self.voice.send(p.CompensateFulfillmentTask, FULFILLMENT, self.plan_id, **undone)

    def _work_begun(self) -> bool:
        order = self.order
        states = [order.work_state(i) for i, item in order.items.items() if item.executable]
        return order.state is HeaderState.IN_PROGRESS and ItemState.PENDING_EXTERNAL not in states

    def _cancel_all(self) -> Course:
        """The customer wants to stop while work is going on; what runs comes to its end first."""
        voice, fate = self.voice, self.fate
        self.fate = "straight"
        if fate == "refused":
            voice.send(c.CancelProductOrder, self.customer.seller, self.order_id, **_CANCELLED)
            yield voice.chance.minutes(10, 120)
            voice.send(c.RefuseProductOrderCancellation, ORDER_MANAGER, self.order_id, reason_code="TOO_LATE")
            order = self.order  # what was never begun has stopped at once, and stays so
            gone = {i for i in order.items if order.work_state(i) is ItemState.CANCELLED}
            yield from self.take_back(
                (s for s in self.plan.tasks.values() if s.task.item_id in gone), "ORDER_CANCELLED"
            )
            return
        self.stopped = True
        while self._running:
            self._progress = Signal()
            yield self._progress
        order = self.order
        if order.state is not HeaderState.IN_PROGRESS or not self._work_begun():
            self.stopped = False
            return
        voice.send(c.CancelProductOrder, self.customer.seller, self.order_id, **_CANCELLED)
        kept = {i for i in order.items if order.work_state(i) is ItemState.COMPLETED}
        whole = not kept
        taken_back = (s for s in self.plan.tasks.values() if s.task.item_id not in kept and (whole or s.task.item_id))
        yield from self.take_back(taken_back, "ORDER_CANCELLED")
        for item_id, item in self.order.items.items():
            if item.executable and self.order.item_state(item_id) is ItemState.CANCELLING:
                voice.send(c.CancelProductOrderItem, OPERATOR, self.order_id, item_id=item_id)
                self.billing.charge_cancelled(voice, self.order, item_id)

    def _cancel_a_leaf(self) -> None:
        leaves = self._leaves()
        if not leaves:
            return
        voice, last = self.voice, leaves[-1]
        voice.send(c.CancelProductOrder, self.customer.seller, self.order_id, item_ids=(last,), **_CANCELLED)
        self.billing.charge_cancelled(voice, self.order, last)
        voice.spawn(self.take_back([s for s in self.plan.tasks.values() if s.task.item_id == last], "ORDER_CANCELLED"))


FULFILLMENT_OPERATOR = OPERATOR
