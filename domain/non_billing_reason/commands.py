"""What may be asked of a NonBillingReason."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.command import Command
from domain.money import Money
from domain.non_billing_reason.states import NonBillingCode

Text = Annotated[str, Field(min_length=1)]


class _Request(Command):
    """What is not to be billed, and why; the aggregate's id is `<productInstanceId>/<componentId>`."""

    order_id: Text
    item_id: Text
    product_instance_id: Text
    component_id: Text
    code: NonBillingCode
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None = None
    amount_per_period: Money
    case_id: Text | None = None
    justification: Text
    evidence_ref: Text | None = None


class RequestNonBillingReason(_Request):
    """Ask that a delivered component is not billed."""


class RequestNonBillingReasonAgain(_Request):
    """Ask anew after a reason was revoked."""


class ApproveNonBillingReason(Command):
    """Allow it, by somebody else whose authority covers what is forgone."""

    authority_limit: Money


class RevokeNonBillingReason(Command):
    """Take a reason back, or turn a request down."""
