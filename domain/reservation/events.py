"""The facts a Reservation publishes on `inventory.reservations.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.event import OwnerEvent
from domain.model import Doc
from domain.reservation.states import ReleaseCause, ReservationState, ResourceKind

OWNER = "inventory"
AGGREGATE = "Reservation"


class ReservationEvent(OwnerEvent):
    """What every Reservation event carries."""

    reservation_id: Annotated[str, Doc("Identity of the reservation.")]
    state: Annotated[ReservationState, Doc("State after this event.")]
    from_state: Annotated[ReservationState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[ReservationState | None, Doc("State it entered; null when the state stayed.")] = None
    order_id: Annotated[str, Doc("Order the resource is for.")]
    plan_id: Annotated[str | None, Doc("Fulfillment plan of the task; null when the requester named none.")] = None
    task_id: Annotated[str, Doc("Fulfillment task that needs the resource; a loss is judged against its state.")]
    item_id: Annotated[str | None, Doc("Order item concerned; null when the order as a whole is.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product of the item.")] = None
    resource_kind: Annotated[ResourceKind, Doc("What is set aside.")]
    quantity: Annotated[int, Doc("Units asked for.")]
    attempt: Annotated[int, Doc("Which try this is or belongs to, from 1.")]


class ResourceReserved(ReservationEvent):
    """The resource is set aside until it expires, is consumed or given up."""

    resource_ids: Annotated[tuple[str, ...], Doc("The resources set aside, one for each unit.")]
    expires_at: Annotated[datetime, Doc("When it lapses unless released before.")]


class ResourceReservationFailed(ReservationEvent):
    """Nothing could be set aside."""

    failure_code: Annotated[str, Doc("Stable code of the failure.")]
    retryable: Annotated[bool, Doc("Whether trying again can help.")]
    available_quantity: Annotated[int, Doc("Units that were free when it was tried.")]


class ResourceReservationExpired(ReservationEvent):
    """The reservation lapsed; the resource may go to somebody else."""

    resource_ids: Annotated[tuple[str, ...], Doc("The resources that were set aside.")]
    expires_at: Annotated[datetime, Doc("When it lapsed; this event only says that inventory noticed.")]


class ResourceReservationReleased(ReservationEvent):
    """The reservation ended before it lapsed."""

    resource_ids: Annotated[tuple[str, ...], Doc("The resources that were set aside.")]
    cause: Annotated[ReleaseCause, Doc("Why; CONSUMED means that the task used the resource, all else is a loss.")]


EVENTS: tuple[type[ReservationEvent], ...] = (
    ResourceReserved,
    ResourceReservationFailed,
    ResourceReservationExpired,
    ResourceReservationReleased,
)
