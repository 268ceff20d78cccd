"""The state of a Reservation and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.model import Model
from domain.reservation import events as e
from domain.reservation.states import ReservationState, ResourceKind


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation as inventory knows it; `resource_ids` and `expires_at` are those of the newest success."""

    reservation_id: str
    version: int
    state: ReservationState
    order_id: str
    plan_id: str | None
    task_id: str
    item_id: str | None
    product_instance_id: str | None
    resource_kind: ResourceKind
    quantity: int
    attempt: int
    resource_ids: tuple[str, ...] = ()
    expires_at: datetime | None = None
    retryable: bool = False


def evolve(reservation: Reservation | None, event: Model) -> Reservation:
    """The reservation after an event."""
    if not isinstance(event, e.ReservationEvent):
        message = f"{type(event).__name__} is no event of a Reservation"
        raise TypeError(message)
    if reservation is None:
        reservation = _begun(event)
    reservation = replace(reservation, version=event.version, attempt=event.attempt)
    match event:
        case e.ResourceReserved():
            return replace(
                reservation,
                state=ReservationState.RESERVED,
                resource_ids=event.resource_ids,
                expires_at=event.expires_at,
                retryable=False,
            )
        case e.ResourceReservationFailed():
            return replace(reservation, state=ReservationState.FAILED, retryable=event.retryable)
        case e.ResourceReservationExpired():
            return replace(reservation, state=ReservationState.EXPIRED)
        case _:
            return replace(reservation, state=ReservationState.RELEASED)


def _begun(event: e.ReservationEvent) -> Reservation:
    if not isinstance(event, (e.ResourceReserved, e.ResourceReservationFailed)):
        message = f"the first event of {event.reservation_id} is {type(event).__name__}; nothing was asked for yet"
        raise ValueError(message)
    return Reservation(
        reservation_id=event.reservation_id,
        version=event.version,
        state=event.state,
        order_id=event.order_id,
        plan_id=event.plan_id,
        task_id=event.task_id,
        item_id=event.item_id,
        product_instance_id=event.product_instance_id,
        resource_kind=event.resource_kind,
        quantity=event.quantity,
        attempt=event.attempt,
    )
