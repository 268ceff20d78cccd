"""An order that left its path, and the people who bring it back or give it up."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

from compose.simulate.people import OMS, OPERATOR, ORDER_MANAGER
from compose.simulate.voice import Voice
from domain.command import fingerprint
from domain.fallout_case import commands as f
from domain.fallout_case.case import case_id_of
from domain.fallout_case.playbook import NEEDS_APPROVAL
from domain.fallout_case.states import FalloutCause, FalloutNature, RepairKind, Resolution
from domain.order_state.states import ItemState
from domain.product_order import commands as c
from domain.product_order.order import ProductOrder


class Fallout:
    """The open fallout of an order and its case."""

    def __init__(self, voice: Voice, order_id: str) -> None:
        self.voice = voice
        self.order_id = order_id
        self.case_id = ""
        self.fallout_id = ""

    @property
    def order(self) -> ProductOrder:
        """The order as it stands."""
        found: ProductOrder = self.voice.standing("ProductOrder", self.order_id)
        return found

    def detect(self, cause: FalloutCause, failure_code: str, item_id: str | None, task_id: str | None) -> None:
        """Open a case for the fallout the order has just raised."""
        order = self.order
        (self.fallout_id,) = (one for one, about in order.open_fallouts().items() if about == item_id)
        self.case_id = case_id_of(self.order_id, self.fallout_id)
        self.voice.send(
            f.DetectFallout,
            OMS,
            self.case_id,
            order_id=self.order_id,
            account_id=order.account_id,
            fallout_id=self.fallout_id,
            item_id=item_id,
            product_instance_id=order.items[item_id].product_instance_id if item_id else None,
            task_id=task_id,
            cause=cause,
            failure_code=failure_code,
            evidence_ref=f"{self.case_id}/log",
        )

    def repaired(self, kind: RepairKind, item_state: ItemState | None) -> Generator[timedelta]:
        """Assign the case, mend what is wrong and let the order go on; `closed` follows when it is proven."""
        voice = self.voice
        yield voice.chance.minutes(5, 60)
        voice.send(f.AssignFallout, ORDER_MANAGER, self.case_id, assignee_id=OPERATOR.actor_id)
        yield voice.chance.about(timedelta(hours=5))
        approval = {}
        if kind in NEEDS_APPROVAL:
            approval = {"dry_run_ref": f"{self.case_id}/trial", "approval_ref": f"{self.case_id}/approval"}
            approval["approved_by"] = ORDER_MANAGER.actor_id
        voice.send(
            f.ApplyOrderRepair,
            OPERATOR,
            self.case_id,
            repair_id="repair-1",
            kind=kind,
            justification="What was missing is there.",
            prior_state_hash=fingerprint({"state": "before", "case": self.case_id}),
            new_state_hash=fingerprint({"state": "after", "case": self.case_id}),
            evidence_ref=f"{self.case_id}/ticket",
            **approval,
        )
        goes_on = {"fallout_id": self.fallout_id, "item_state": item_state}
        goes_on["repair_ref"] = f"{self.case_id}/repair-1"
        voice.send(c.ResolveProductOrderFallout, ORDER_MANAGER, self.order_id, **goes_on)
        yield voice.chance.minutes(1, 5)
        proof = {"resolution": Resolution.REPAIRED, "verification_ref": f"{self.case_id}/check"}
        voice.send(f.ResolveFallout, ORDER_MANAGER, self.case_id, **proof)

    def given_up(self) -> Generator[timedelta]:
        """Decide that it will not be mended."""
        voice = self.voice
        yield voice.chance.minutes(5, 60)
        voice.send(f.AssignFallout, ORDER_MANAGER, self.case_id, assignee_id=OPERATOR.actor_id)
        yield voice.chance.about(timedelta(hours=8))
        voice.send(
            f.CloseFalloutAsFailed,
            ORDER_MANAGER,
            self.case_id,
            closed_as=FalloutNature.TERMINAL_TECHNICAL,
            rollback_ref="runbook:not-deliverable",
            customer_notice_ref=f"{self.case_id}/letter",
            reason_code="NOT_DELIVERABLE",
        )
