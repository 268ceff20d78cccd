"""Which milestones an order has reached, and when."""

from __future__ import annotations

from domain.billing_handoff.states import HandoffState
from domain.charge.states import ChargeState
from domain.order_state.states import ItemState
from domain.order_status.billing_registers import ChargeSaid, HandoffSaid
from domain.order_status.delivery_registers import AssetSaid
from domain.order_status.known import ENDED_TASKS, Known
from domain.order_status.vocabulary import Milestone

_BY_EVENT = {
    Milestone.SUBMITTED: "ProductOrderSubmitted",
    Milestone.VALIDATED: "ProductOrderValidated",
    Milestone.ACCEPTED: "ProductOrderAccepted",
    Milestone.DECOMPOSED: "ProductOrderDecomposed",
    Milestone.FIRST_ITEM_STARTED: "ProductOrderItemStarted",
}
_WITHDRAWN = HandoffState.WITHDRAWN.value
_REJECTED = ChargeState.REJECTED.value


def milestones(known: Known) -> list[tuple[Milestone, int]]:
    """The milestones reached, with their times in microseconds, in the order in which they come."""
    found: dict[Milestone, int | None] = {}
    first: dict[str, int] = {}
    for entry, _ in known.seen:
        first.setdefault(entry.kind, entry.time_us)
    for milestone, kind in _BY_EVENT.items():
        found[milestone] = first.get(kind)
    found[Milestone.ALL_TASKS_DONE] = _all_tasks_done(known)
    found[Milestone.ACTIVATED] = _activated(known)
    requested = [entry.time_us for _, _, entry in known.registers.get("requested", ())]
    found[Milestone.BILLING_REQUESTED] = min(requested, default=None)
    found[Milestone.CHARGED] = _charged(known)
    found[Milestone.COMPLETED] = known.completed_us
    return [(milestone, at) for milestone, at in found.items() if at is not None]


def _all_tasks_done(known: Known) -> int | None:
    """When the last task ended, once all have."""
    if not known.tasks or any(task.state not in ENDED_TASKS for task in known.tasks):
        return None
    return max(task.since_us or 0 for task in known.tasks)


def _activated(known: Known) -> int | None:
    """When inventory recorded the last item, once it has recorded every one that was not given up."""
    recorded: dict[str | None, int] = {}
    for _, _, entry in known.registers.get("asset", ()):
        if entry.kind != "AssetActivationFailed":
            item_id = AssetSaid(*entry.value).item_id
            recorded[item_id] = max(entry.time_us, recorded.get(item_id, 0))
    wanted = [item.item_id for item in known.live if item.state is not ItemState.FAILED_CLOSED]
    if not wanted or any(item_id not in recorded for item_id in wanted):
        return None
    return max(recorded[item_id] for item_id in wanted)


def _charged(known: Known) -> int | None:
    """When billing did the last thing it was asked, once it has done all that still holds."""
    done: dict[tuple[str | None, str | None], int] = {}
    for _, _, entry in known.registers.get("charge", ()):
        charge = ChargeSaid(*entry.value)
        if charge.state != _REJECTED:
            done[charge.product_instance_id, charge.component_id] = entry.time_us
    asked = [HandoffSaid(*entry.value) for _, _, entry in known.registers.get("handoff", ())]
    wanted = [(h.product_instance_id, h.component_id) for h in asked if h.state != _WITHDRAWN]
    if not wanted or any(one not in done for one in wanted):
        return None
    return max(done[one] for one in wanted)
