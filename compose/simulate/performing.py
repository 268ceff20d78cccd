"""What each kind of task means to the owner who performs it, and what undoes it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from compose.simulate.billing import Billing
from compose.simulate.clock import Signal
from compose.simulate.installing import AssetsAndHandoffs
from compose.simulate.people import FULFILLMENT, INVENTORY, OPERATOR, PAYMENTS, PROVISIONING
from compose.simulate.voice import Voice
from domain.fulfillment_plan import commands as p
from domain.fulfillment_plan.plan import TaskStanding
from domain.fulfillment_plan.states import ObservedOutcome, TaskKind, TaskState
from domain.fulfillment_plan.task import FulfillmentTask
from domain.money import Money
from domain.order_state.states import ItemState, Repair
from domain.payment_authorization import commands as m
from domain.payment_authorization.states import FailureOutcome, PaymentMethod, VoidCause
from domain.product_order import commands as c
from domain.provisioning_request import commands as v
from domain.provisioning_request.states import Operation, ServiceStatus
from domain.reservation import commands as r
from domain.reservation.states import ReleaseCause, ReservationState, ResourceKind

if TYPE_CHECKING:
    from compose.simulate.delivery import Delivery

Course = Generator["timedelta | Signal"]
K = TaskKind
OPERATIONS: Mapping[TaskKind, Operation] = {
    K.PROVISION_SERVICE: Operation.ACTIVATE,
    K.CHANGE_SERVICE: Operation.MODIFY,
    K.EXTEND_TERM: Operation.MODIFY,
    K.SUSPEND_SERVICE: Operation.SUSPEND,
    K.RESUME_SERVICE: Operation.RESUME,
    K.TERMINATE_SERVICE: Operation.DEACTIVATE,
}
SHOWN = {
    Operation.ACTIVATE: ServiceStatus.UP,
    Operation.MODIFY: ServiceStatus.UP,
    Operation.RESUME: ServiceStatus.UP,
    Operation.SUSPEND: ServiceStatus.SUSPENDED,
    Operation.DEACTIVATE: ServiceStatus.ABSENT,
}
_BRINGS_UP = frozenset({Operation.ACTIVATE, Operation.MODIFY, Operation.RESUME})
ANSWER_WITHIN = timedelta(hours=4)
HOLD = timedelta(days=30)
KEPT = timedelta(days=400)
"""How long money is held that nobody gives back: longer than anybody looks."""
SURVEY = timedelta(hours=4)


class Performer:
    """Performs the tasks of one order, each through the aggregates of whoever owns the result (R169)."""

    def __init__(self, voice: Voice, delivery: Delivery, billing: Billing) -> None:
        self.voice = voice
        self.delivery = delivery
        self.billing = billing
        self.order_id = delivery.order_id
        self._payment = 0
        self._owners = AssetsAndHandoffs(voice, delivery, billing)

    def perform(self, task: FulfillmentTask) -> Course:
        """Do what a running task stands for."""
        steps: Mapping[TaskKind, Callable[[FulfillmentTask], Course]] = {
            K.AUTHORIZE_PAYMENT: self._pay,
            K.CHECK_SERVICEABILITY: self._wait_briefly,
            K.RESERVE_RESOURCE: self._reserve,
            K.RELEASE_RESOURCE: self._wait_briefly,
            K.SHIP_EQUIPMENT: self._wait_for_others,
            K.SCHEDULE_VISIT: self._wait_for_others,
            K.UPDATE_ASSET: self._owners.install,
            K.REQUEST_BILLING: self._owners.hand_over,
        }
        yield from steps.get(task.kind, self._provision)(task)

    def undo(self, task: FulfillmentTask, why: str) -> Course:
        """Take back what a task has done."""
        yield self.voice.chance.minutes(1, 20)
        if task.kind is K.RESERVE_RESOURCE:
            self._release(task, ReleaseCause.COMPENSATED)
        elif task.kind is K.AUTHORIZE_PAYMENT:
            if self.voice.suffers("payment-kept"):
                self.voice.made("payment-kept", self._payment_id, order_id=self.order_id)
            else:
                self.voice.send(m.VoidPayment, PAYMENTS, self._payment_id, cause=VoidCause(why))
        elif task.kind is K.PROVISION_SERVICE and self.voice.standing("ProvisioningRequest", task.task_id):
            undo = f"{task.task_id}/undo"
            self._ask(undo, task, Operation.DEACTIVATE)
            yield self.voice.chance.minutes(1, 20)
            self.voice.send(v.CompleteProvisioning, PROVISIONING, undo)

    @property
    def _payment_id(self) -> str:
        return f"{self.order_id}/payment-{self._payment}"

    def _wait_briefly(self, _: FulfillmentTask) -> Course:
        yield self.voice.chance.about(timedelta(minutes=20))

    def _wait_for_others(self, task: FulfillmentTask) -> Course:
        """Somebody outside is waited for (R141)."""
        yield self.voice.chance.minutes(5, 30)
        if self.delivery.order.item_state(str(task.item_id)) is ItemState.IN_PROGRESS:
            waits = {"item_id": task.item_id, "waiting_for": task.performed_by}
            self.voice.send(c.HoldProductOrderItem, OPERATOR, self.order_id, **waits)
        yield min(self.voice.chance.about(timedelta(hours=30)), timedelta(days=4))

    def _pay(self, task: FulfillmentTask) -> Course:
        voice, order = self.voice, self.delivery.order
        self._payment += 1
        due = sum((x.price.amount * x.quantity for i in order.items.values() for x in i.price_components), Decimal(1))
        asked: dict[str, Any] = {
            "order_id": self.order_id,
            "account_id": order.account_id,
            "amount": Money(amount=due, currency=order.commercial.currency),
            "method": voice.chance.one({PaymentMethod.CARD: 60, PaymentMethod.DIRECT_DEBIT: 40}),
        }
        yield voice.chance.minutes(1, 10)
        answer = voice.chance.one({"yes": 88, "declined": 6, "silence": 6})
        until = voice.now + (KEPT if voice.suffers("payment-kept") else HOLD)
        held = {"provider_reference": f"hold-{self._payment_id}", "expires_at": until}
        if answer == "silence":
            voice.send(m.ReportPaymentTimeout, PAYMENTS, self._payment_id, **asked)
            yield from self._unknown(task, "the payment provider did not answer", voice.chance.minutes(3, 12))
            voice.send(m.ConfirmPaymentAuthorization, PAYMENTS, self._payment_id, **held)
            self._resolved(task)
            return
        if answer == "declined":
            refused = {"outcome": FailureOutcome.DECLINED, "failure_code": "INSUFFICIENT_FUNDS"}
            voice.send(m.RefusePaymentAuthorization, PAYMENTS, self._payment_id, **asked, **refused)
            yield from self._again(task, "PAYMENT_DECLINED")
            self._payment += 1
            held |= {"provider_reference": f"hold-{self._payment_id}", "expires_at": max(until, voice.now + HOLD)}
        voice.send(m.AuthorizePayment, PAYMENTS, self._payment_id, **asked, **held)

    def _reserve(self, task: FulfillmentTask) -> Course:
        voice, reservation = self.voice, task.task_id
        yield voice.chance.minutes(1, 20)
        asked = {**self._about(task), "resource_kind": ResourceKind.PORT}
        free = r.Availability(resource_ids=(f"port-{voice.number}-{task.item_id}",))
        if voice.chance.happens(5):
            none = r.Availability(failure_code="NO_FREE_PORT")
            expires = {"expires_at": voice.now + HOLD}
            voice.send(r.ReserveResource, INVENTORY, reservation, **asked, **expires, availability=none)
            yield voice.chance.minutes(30, 300)
            expires = {"expires_at": voice.now + HOLD}
            voice.send(r.RetryResourceReservation, INVENTORY, reservation, **expires, availability=free)
            return
        lost = voice.suffers("reservation-lost")
        expires = {"expires_at": voice.now + (SURVEY if lost else HOLD)}
        voice.send(r.ReserveResource, INVENTORY, reservation, **asked, **expires, availability=free)
        if lost:
            yield SURVEY + voice.chance.minutes(1, 10)
            voice.send(r.ExpireResourceReservation, INVENTORY, reservation)
            voice.made("reservation-lost", reservation, order_id=self.order_id, item_id=task.item_id)
            yield timedelta(hours=1)

    def survey(self, standings: Iterable[TaskStanding]) -> Course:
        """Before work begins a place is held until the customer answers, and lapses when they do not."""
        wanted = [s.task for s in standings if s.task.kind is K.RESERVE_RESOURCE and s.state is TaskState.PENDING]
        if not wanted:
            return
        voice, task = self.voice, wanted[0]
        hold = f"{task.task_id}/survey"
        free = r.Availability(resource_ids=(f"port-{voice.number}-survey",))
        about = {"resource_kind": ResourceKind.PORT, "expires_at": voice.now + SURVEY, "availability": free}
        voice.send(r.ReserveResource, INVENTORY, hold, **self._about(task), **about)
        yield SURVEY + voice.chance.minutes(1, 10)
        voice.send(r.ExpireResourceReservation, INVENTORY, hold)

    def _about(self, task: FulfillmentTask) -> dict[str, Any]:
        return {
            "order_id": self.order_id,
            "plan_id": self.delivery.plan_id,
            "task_id": task.task_id,
            "item_id": task.item_id,
            "product_instance_id": task.product_instance_id,
        }

    def _release(self, task: FulfillmentTask, cause: ReleaseCause) -> None:
        standing = self.voice.standing("Reservation", task.task_id)
        if standing is not None and standing.state is ReservationState.RESERVED:
            self.voice.send(r.ReleaseResource, INVENTORY, task.task_id, cause=cause)

    def _ask(self, request: str, task: FulfillmentTask, operation: Operation) -> None:
        self.voice.send(
            v.StartProvisioning,
            PROVISIONING,
            request,
            **self._about(task),
            service_id=task.service_id,
            operation=operation,
            target_system="network-1",
            configuration_fingerprint=self.delivery.order.items[str(task.item_id)].configuration_fingerprint,
            answer_due_at=self.voice.now + ANSWER_WITHIN,
        )

    def _provision(self, task: FulfillmentTask) -> Course:
        voice, request, operation = self.voice, task.task_id, OPERATIONS[task.kind]
        self._ask(request, task, operation)
        course = voice.chance.one({"well": 88, "again": 7, "silence": 5})
        if course == "silence":
            yield ANSWER_WITHIN + voice.chance.minutes(1, 5)
            voice.send(v.ReportProvisioningOverdue, PROVISIONING, request)
            yield from self._unknown(task, "the network did not answer", voice.chance.minutes(5, 12))
            seen = {"service_status": SHOWN[operation], "observed_at": voice.now}
            voice.send(v.ObserveServiceStatus, PROVISIONING, request, **seen)
        else:
            yield voice.chance.about(timedelta(minutes=25))
        if course == "again":
            failed = {"failure_code": "DEVICE_BUSY", "retryable": True}
            voice.send(v.FailProvisioning, PROVISIONING, request, **failed)
            if self.delivery.order.item_state(str(task.item_id)) is ItemState.IN_PROGRESS:
                failing = {"item_id": task.item_id, "repair": Repair.AUTO, "failure_code": "DEVICE_BUSY"}
                voice.send(c.FailProductOrderItem, OPERATOR, self.order_id, **failing)
            yield from self._again(task, "DEVICE_BUSY")
            voice.send(v.RetryProvisioning, PROVISIONING, request, answer_due_at=voice.now + ANSWER_WITHIN)
            yield voice.chance.minutes(5, 40)
        when = voice.now
        dated = {"service_activation_date": when} if operation in _BRINGS_UP else {}
        voice.send(v.CompleteProvisioning, PROVISIONING, request, **dated)
        if course == "silence":
            self._resolved(task)
        self.delivery.activated.setdefault(str(task.item_id), when)
        reservation = f"{self.order_id}/{task.item_id}/reservation"
        standing = voice.standing("Reservation", reservation)
        if standing is not None and standing.state is ReservationState.RESERVED:
            voice.send(r.ReleaseResource, INVENTORY, reservation, cause=ReleaseCause.CONSUMED)
        if operation is Operation.ACTIVATE and voice.suffers("service-down"):
            voice.spawn(self._goes_down(task))
        elif operation is Operation.ACTIVATE and voice.chance.happens(10):
            voice.spawn(self._look_again(request))

    def _goes_down(self, task: FulfillmentTask) -> Course:
        yield timedelta(hours=3)
        seen = {"service_status": ServiceStatus.DOWN, "observed_at": self.voice.now}
        self.voice.send(v.ObserveServiceStatus, PROVISIONING, task.task_id, **seen)
        about = {"order_id": self.order_id, "item_id": task.item_id}
        self.voice.made("service-down", str(task.product_instance_id), **about)

    def _look_again(self, request: str) -> Course:
        yield self.voice.chance.minutes(60, 600)
        standing = self.voice.standing("ProvisioningRequest", request)
        seen = {"service_status": SHOWN[standing.operation], "observed_at": self.voice.now}
        self.voice.send(v.ObserveServiceStatus, PROVISIONING, request, **seen)

    def _unknown(self, task: FulfillmentTask, detail: str, wait: timedelta) -> Course:
        """Nobody knows what became of the task; somebody looks (R163, R259)."""
        attempt = self.delivery.plan.tasks[task.task_id].attempt
        unknown = {"task_id": task.task_id, "attempt": attempt, "detail": detail}
        self.voice.send(p.MarkFulfillmentTaskUnknown, FULFILLMENT, self.delivery.plan_id, **unknown)
        yield wait

    def _resolved(self, task: FulfillmentTask) -> None:
        attempt = self.delivery.plan.tasks[task.task_id].attempt
        seen: dict[str, Any] = {"outcome": ObservedOutcome.SUCCEEDED, "observation_ref": f"{task.task_id}/observation"}
        seen |= {"task_id": task.task_id, "attempt": attempt, "observed_at": self.voice.now}
        self.voice.send(p.ResolveFulfillmentTaskOutcome, FULFILLMENT, self.delivery.plan_id, **seen)

    def _again(self, task: FulfillmentTask, code: str) -> Course:
        """The task failed and is tried again when its retry policy allows (R159)."""
        voice, plan_id = self.voice, self.delivery.plan_id
        attempt = self.delivery.plan.tasks[task.task_id].attempt
        failed = {"task_id": task.task_id, "attempt": attempt, "failure_code": code}
        if task.retry.attempts_max <= attempt:
            return
        voice.send(p.FailFulfillmentTask, FULFILLMENT, plan_id, **failed)
        yield task.retry.delay(attempt) + voice.chance.minutes(1, 5)
        voice.send(p.RetryFulfillmentTask, FULFILLMENT, plan_id, task_id=task.task_id)
