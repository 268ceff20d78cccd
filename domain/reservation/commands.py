"""What may be asked of a Reservation: business transitions, never field updates (R67)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.command import Command
from domain.model import Model
from domain.reservation.states import ReleaseCause, ResourceKind


class Availability(Model):
    """What inventory found free when it was asked.

    `failure_code` says why nothing may be set aside whatever is free; `retryable` whether that can pass.
    """

    resource_ids: tuple[str, ...] = ()
    failure_code: str | None = None
    retryable: bool = True


class ReserveResource(Command):
    """Set a resource aside for a task; fails as a fact of its own when there is not enough."""

    order_id: str
    plan_id: str | None = None
    task_id: str
    item_id: str | None = None
    product_instance_id: str | None = None
    resource_kind: ResourceKind
    quantity: Annotated[int, Field(ge=1)] = 1
    expires_at: AwareDatetime
    availability: Availability


class RetryResourceReservation(Command):
    """Try again what failed."""

    expires_at: AwareDatetime
    availability: Availability


class ExpireResourceReservation(Command):
    """Record that the time of a reservation is over."""


class ReleaseResource(Command):
    """Give a reservation up, or record that its resource is in use for good."""

    cause: ReleaseCause
