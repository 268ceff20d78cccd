"""What inventory records of a delivered item, and what the OMS hands to billing about it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from compose.simulate.billing import Billing
from compose.simulate.clock import Signal
from compose.simulate.people import INVENTORY, OMS
from compose.simulate.voice import Voice
from domain.asset import commands as a
from domain.asset.delivery import asset_commands
from domain.billing_handoff.commands import BillingRequest, RequestBillingChange, WithdrawBillingActivation
from domain.billing_handoff.delivery import billing_requests
from domain.billing_handoff.states import BillingEffect
from domain.command import Command, fingerprint
from domain.fulfillment_plan.task import FulfillmentTask

if TYPE_CHECKING:
    from compose.simulate.delivery import Delivery

Course = Generator["timedelta | Signal"]
_ENVELOPE = frozenset(Command.model_fields)
_ABOUT = frozenset(a.Beginning.model_fields) - _ENVELOPE


class AssetsAndHandoffs:
    """The last two tasks of an item, which inventory and the OMS perform."""

    def __init__(self, voice: Voice, delivery: Delivery, billing: Billing) -> None:
        self.voice = voice
        self.delivery = delivery
        self.billing = billing
        self.order_id = delivery.order_id

    def install(self, task: FulfillmentTask) -> Course:
        """Record what the network brought up, changed or ended."""
        voice = self.voice
        yield voice.chance.minutes(1, 8)
        when = self.delivery.activated[str(task.item_id)]
        commands = asset_commands(self.delivery.order, str(task.item_id), when, voice.origin(INVENTORY))
        for command in self._recorded(task, commands):
            if isinstance(command, a.ActivateAsset) and voice.chance.happens(4):
                fields = {name: getattr(command, name) for name in a.Beginning.model_fields if name in _ABOUT}
                why = {"failure_code": "DUPLICATE_SERIAL", "evidence_ref": f"{task.task_id}/log"}
                voice.send(a.FailAssetActivation, INVENTORY, command.aggregate_id, **fields, **why)
                yield voice.chance.minutes(2, 10)
                mended = {"effective_date": when, "evidence_ref": f"{task.task_id}/log-2"}
                voice.send(a.RetryAssetActivation, INVENTORY, command.aggregate_id, **mended)
            else:
                voice.carry_out(command)

    def _recorded(self, task: FulfillmentTask, commands: Iterable[Command]) -> Iterator[Command]:
        """The commands inventory does send; a faulty one overlooks, invents or mistakes something."""
        voice, item_id = self.voice, str(task.item_id)
        for command in commands:
            begins = isinstance(command, a.ActivateAsset)
            fault = voice.scene.faults.of(voice.number)
            about = {"order_id": self.order_id, "item_id": item_id, "product_instance_id": command.aggregate_id}
            if (fault == "asset-missing" and begins) or (
                fault == "asset-not-ended" and isinstance(command, a.TerminateAsset)
            ):
                voice.made(fault, command.aggregate_id, **about)
                continue
            if fault == "asset-differs" and begins:
                voice.made(fault, command.aggregate_id, **about)
                yield command.model_copy(update={"configuration_fingerprint": fingerprint({"wrong": item_id})})
                continue
            yield command
            if fault == "asset-orphan" and begins:
                ghost = f"{self.order_id}/{item_id}-ghost"
                voice.made(fault, ghost, **{**about, "product_instance_id": ghost})
                ids = {"aggregate_id": ghost, "command_id": f"{command.command_id}-ghost", "idempotency_key": None}
                yield command.model_copy(update={**ids, "order_id": f"{self.order_id}-ghost"})

    def hand_over(self, task: FulfillmentTask) -> Course:
        """Ask billing for what follows from the delivered item."""
        voice, order = self.voice, self.delivery.order
        item_id = str(task.item_id)
        yield voice.chance.minutes(1, 5)
        handoffs = self.billing.handoffs_of(order.items[item_id])
        when = self.delivery.activated[item_id]
        for request in billing_requests(order, item_id, when, handoffs, voice.origin(OMS)):
            told = voice.carry_out(request)
            if request.effect is BillingEffect.BEGIN and voice.chance.happens(3):
                told = yield from self._withdrawn(request)
            voice.spawn(self.billing.answer(voice, told.events[-1]))

    def _withdrawn(self, request: BillingRequest) -> Generator[timedelta, None, Any]:
        """The request was sent before its papers were there: it is taken back and sent again."""
        voice = self.voice
        yield voice.chance.minutes(1, 3)
        why = {"evidence_ref": f"{request.aggregate_id}/check", "reason_code": "PAPERS_MISSING"}
        about = {"order_id": request.order_id, "item_id": request.item_id}
        voice.send(WithdrawBillingActivation, OMS, request.aggregate_id, **about, **why)
        yield voice.chance.minutes(1, 3)
        again = {n: getattr(request, n) for n in BillingRequest.model_fields if n not in _ENVELOPE}
        return voice.send(RequestBillingChange, OMS, request.aggregate_id, **again)
