"""The state of a NonBillingReason and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.model import Model
from domain.money import Money
from domain.non_billing_reason import events as e
from domain.non_billing_reason.states import NonBillingCode, NonBillingState


@dataclass(frozen=True, slots=True)
class NonBillingReason:
    """A reason as billing knows it."""

    reason_id: str
    version: int
    state: NonBillingState
    order_id: str
    item_id: str
    product_instance_id: str
    component_id: str
    code: NonBillingCode
    valid_from: datetime
    valid_until: datetime | None
    amount_per_period: Money
    case_id: str | None
    requested_by: str

    def excuses(self, moment: datetime) -> bool:
        """Whether a missing charge is in order at a moment: approved, and inside the validity window (R238)."""
        begun = self.valid_from <= moment
        return self.state is NonBillingState.APPROVED and begun and not self.over(moment)

    def over(self, moment: datetime) -> bool:
        """Whether the validity window has ended."""
        return self.valid_until is not None and self.valid_until <= moment


_STATES = {
    e.NonBillingReasonRequested: NonBillingState.REQUESTED,
    e.NonBillingReasonApproved: NonBillingState.APPROVED,
    e.NonBillingReasonRevoked: NonBillingState.REVOKED,
}


def evolve(reason: NonBillingReason | None, event: Model) -> NonBillingReason:
    """The reason after an event; every event has the whole reason."""
    state = _STATES.get(type(event))
    if not isinstance(event, e.NonBillingReasonEvent) or state is None:
        message = f"{type(event).__name__} is no event of a NonBillingReason"
        raise TypeError(message)
    if reason is None and state is not NonBillingState.REQUESTED:
        message = f"the first event of {event.reason_id} is {type(event).__name__}"
        raise ValueError(message)
    return NonBillingReason(
        reason_id=event.reason_id,
        version=event.version,
        state=state,
        order_id=event.order_id,
        item_id=event.item_id,
        product_instance_id=event.product_instance_id,
        component_id=event.component_id,
        code=event.code,
        valid_from=event.valid_from,
        valid_until=event.valid_until,
        amount_per_period=event.amount_per_period,
        case_id=event.case_id,
        requested_by=event.requested_by,
    )
