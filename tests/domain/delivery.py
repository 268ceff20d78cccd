"""An enterprise in memory that delivers accepted orders: OMS, fulfillment and inventory, each through its aggregate."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.aggregate import AggregateType
from domain.asset.aggregate import ASSET
from domain.asset.delivery import asset_commands
from domain.billing_handoff.aggregate import BILLING_HANDOFF
from domain.billing_handoff.delivery import billing_requests
from domain.command import Actor, Command, Origin
from domain.fallout_case.aggregate import FALLOUT_CASE
from domain.fulfillment_plan import commands as p
from domain.fulfillment_plan.aggregate import FULFILLMENT_PLAN
from domain.fulfillment_plan.decomposition import snapshot_of
from domain.fulfillment_plan.plan import FulfillmentPlan, plan_id_of
from domain.fulfillment_plan.states import TaskKind, TaskState
from domain.fulfillment_plan.task import FulfillmentTask
from domain.order_state.states import ItemState
from domain.product_order import commands as o
from domain.product_order.aggregate import PRODUCT_ORDER
from domain.product_order.order import ProductOrder
from domain.product_order.structure import OrderItem
from domain.product_order.validation import ValidationContext
from tests.domain.orders import NOW, creation

RULES = "decomposition.v1"


class Enterprise:
    """Every aggregate by its type and id, and every event in the order in which they happened."""

    def __init__(self) -> None:
        self.standing: dict[tuple[str, str], Any] = {}
        self.events: list[Any] = []
        self.now: datetime = NOW
        self.sent = 0

    def carry_out(self, kind: AggregateType[Any], command: Command) -> tuple[Any, ...]:
        self.now += timedelta(minutes=1)
        key = (kind.name, command.aggregate_id)
        events = kind.decide(self.standing.get(key), command, self.now)
        for event in events:
            self.standing[key] = kind.evolve(self.standing.get(key), event)
        self.events += events
        return events

    def send(self, kind: AggregateType[Any], command: type[Command], role: str, identity: str, /, **fields: Any) -> Any:
        """A command by somebody in a role; its last event."""
        self.sent += 1
        base = {"aggregate_id": identity, "command_id": f"command-{self.sent}", "correlation_id": "corr-1"}
        actor = Actor(actor_id=fields.pop("actor_id", f"{role}-1"), role=role, system=role)
        return self.carry_out(kind, command(**base, actor=actor, **fields))[-1]

    def all(self, kind: AggregateType[Any]) -> dict[str, Any]:
        return {identity: standing for (name, identity), standing in self.standing.items() if name == kind.name}

    def happened(self, name: str) -> list[Any]:
        return [event for event in self.events if type(event).__name__ == name]


class Delivery:
    """One order on its way through the enterprise."""

    def __init__(self, enterprise: Enterprise, order_id: str, *items: OrderItem, **fields: Any) -> None:
        self.enterprise = enterprise
        self.order_id = order_id
        self.plan_id = plan_id_of(order_id)
        command = creation(items, f"create {order_id}", aggregate_id=order_id, **fields)
        enterprise.carry_out(PRODUCT_ORDER, command)
        self.order_says(o.SubmitProductOrder)
        self.order_says(o.AcceptProductOrder, context=ValidationContext(checked_at=enterprise.now))
        snapshot = snapshot_of(self.order)
        self.plan_says(p.CreateFulfillmentPlan, order=snapshot, rules_version=RULES)
        self.order_says(o.CompleteProductOrderDecomposition, plan_id=self.plan_id, rules_version=RULES)

    @property
    def order(self) -> ProductOrder:
        found: ProductOrder = self.enterprise.standing[PRODUCT_ORDER.name, self.order_id]
        return found

    @property
    def plan(self) -> FulfillmentPlan:
        found: FulfillmentPlan = self.enterprise.standing[FULFILLMENT_PLAN.name, self.plan_id]
        return found

    def order_says(self, command: type[Command], **fields: Any) -> Any:
        return self.enterprise.send(PRODUCT_ORDER, command, "order-manager", self.order_id, **fields)

    def plan_says(self, command: type[Command], **fields: Any) -> Any:
        return self.enterprise.send(FULFILLMENT_PLAN, command, "fulfillment", self.plan_id, **fields)

    def case_says(self, command: type[Command], role: str, identity: str, /, **fields: Any) -> Any:
        return self.enterprise.send(FALLOUT_CASE, command, role, identity, **fields)

    def begin(self, task: FulfillmentTask) -> None:
        if task.item_id is not None and self.order.work_state(task.item_id) is ItemState.NOT_STARTED:
            self.order_says(o.StartProductOrderItem, item_id=task.item_id)
        self.plan_says(p.StartFulfillmentTask, task_id=task.task_id)

    def finish(self, task: FulfillmentTask) -> None:
        """Do what the task stands for, complete it, and complete its item with its last task."""
        self._act(task)
        self.plan_says(p.CompleteFulfillmentTask, task_id=task.task_id, attempt=1, result_ref="answer-1")
        if task.item_id is not None and self.plan.item_delivered(task.item_id):
            done = {"item_id": task.item_id, "service_activation_date": self.enterprise.now}
            self.order_says(o.CompleteProductOrderItem, **done)

    def _act(self, task: FulfillmentTask) -> None:
        enterprise = self.enterprise
        if task.kind is TaskKind.UPDATE_ASSET:
            origin = Origin(Actor(actor_id="inventory-1", role="inventory", system="inventory"), "corr-1")
            for command in asset_commands(self.order, str(task.item_id), enterprise.now, origin):
                enterprise.carry_out(ASSET, command)
        if task.kind is TaskKind.REQUEST_BILLING:
            origin = Origin(Actor(actor_id="oms-1", role="oms", system="oms"), "corr-1")
            handoffs = enterprise.all(BILLING_HANDOFF)
            for request in billing_requests(self.order, str(task.item_id), enterprise.now, handoffs, origin):
                enterprise.carry_out(BILLING_HANDOFF, request)

    def run(self) -> Delivery:
        """Carry out every task that can be begun, until none is left."""
        while ready := self.ready():
            self.begin(ready[0])
            self.finish(ready[0])
        return self

    def ready(self) -> list[FulfillmentTask]:
        plan = self.plan
        return [
            standing.task
            for task_id, standing in plan.tasks.items()
            if standing.state is TaskState.PENDING and not plan.open_dependencies(task_id)
        ]
