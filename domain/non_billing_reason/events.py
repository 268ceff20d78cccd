"""The facts a NonBillingReason publishes on `billing.non-billing-reasons.v1` (R238)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.model import Classification, Doc, Model
from domain.money import Money
from domain.non_billing_reason.states import NonBillingCode, NonBillingState

OWNER = "billing"
AGGREGATE = "NonBillingReason"


class NonBillingReasonEvent(Model):
    """What every NonBillingReason event carries; the whole reason, so that each can be read by itself."""

    reason_id: Annotated[str, Doc("Identity of the reason: product instance and component, like the billing row.")]
    order_id: Annotated[str, Doc("Order whose item was delivered.")]
    item_id: Annotated[str, Doc("That item.")]
    product_instance_id: Annotated[str, Doc("Installed product that is not billed.")]
    component_id: Annotated[str, Doc("Price component that is not billed.")]
    code: Annotated[NonBillingCode, Doc("Why it is not billed.")]
    valid_from: Annotated[datetime, Doc("From when on it is not billed.")]
    valid_until: Annotated[datetime | None, Doc("Until when; null without end.")] = None
    amount_per_period: Annotated[Money, Doc("What is forgone each period.", Classification.CONFIDENTIAL)]
    case_id: Annotated[str | None, Doc("Reconciliation case it settles; null without one.")] = None
    requested_by: Annotated[str, Doc("Who asked for it.", Classification.CONFIDENTIAL)]
    version: Annotated[int, Doc("Version of the reason after this event, contiguous from 1.")]
    state: Annotated[NonBillingState, Doc("State after this event.")]
    from_state: Annotated[NonBillingState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[NonBillingState | None, Doc("State it entered; null when the state stayed.")] = None
    reason_code: Annotated[str | None, Doc("Why this was decided, in a stable code.")] = None
    source_command_id: Annotated[str, Doc("Command that caused it (R64).")]
    actor_id: Annotated[str, Doc("Who or which system decided.", Classification.CONFIDENTIAL)]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it happened.")]


class NonBillingReasonRequested(NonBillingReasonEvent):
    """Somebody asked that a component is not billed."""

    justification: Annotated[str, Doc("Why, in words.", Classification.CONFIDENTIAL)]
    evidence_ref: Annotated[str | None, Doc("What supports it.")] = None


class NonBillingReasonApproved(NonBillingReasonEvent):
    """Somebody else, with the authority, allowed it."""

    authority_limit: Annotated[Money, Doc("What the approver may forgo each period.", Classification.CONFIDENTIAL)]


class NonBillingReasonRevoked(NonBillingReasonEvent):
    """It does not hold any more, or was not allowed."""


EVENTS: tuple[type[NonBillingReasonEvent], ...] = (
    NonBillingReasonRequested,
    NonBillingReasonApproved,
    NonBillingReasonRevoked,
)
