"""Reservation: commands in, events out; a state machine that inventory owns (R168)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from domain.aggregate import AggregateType
from domain.command import Command
from domain.machine import Draft, Machine, claims
from domain.reservation import commands as c
from domain.reservation import events as e
from domain.reservation.machine import CREATION_GUARDS, GUARDS, ROWS, TIMED_GUARDS
from domain.reservation.reservation import Reservation, evolve
from domain.reservation.states import REPAIR_STATES, TERMINAL_STATES, ReservationState

POLICY_VERSION = "reservation.v1"

_SHORTAGE = "INSUFFICIENT_RESOURCES"
_JOINS = ("order_id", "plan_id", "task_id", "item_id", "product_instance_id", "resource_kind", "quantity")


def _identity(reservation: Reservation | None, command: Command) -> dict[str, Any]:
    source = reservation if reservation else command
    attempt = reservation.attempt if reservation else 1
    if reservation and isinstance(command, c.RetryResourceReservation):
        attempt += 1
    joins = {name: getattr(source, name) for name in _JOINS}
    return {"reservation_id": command.aggregate_id, **joins, "attempt": attempt}


def _tried(reservation: Reservation | None, command: c.ReserveResource | c.RetryResourceReservation) -> list[Draft]:
    """Set aside exactly what was asked for, in the order of the ids, or nothing."""
    quantity = reservation.quantity if reservation else cast("c.ReserveResource", command).quantity
    found = command.availability
    free = sorted(found.resource_ids)
    if found.failure_code is None and len(free) >= quantity:
        return [Draft(e.ResourceReserved, {"resource_ids": tuple(free[:quantity]), "expires_at": command.expires_at})]
    fields = {
        "failure_code": found.failure_code or _SHORTAGE,
        "retryable": found.retryable,
        "available_quantity": len(free),
    }
    return [Draft(e.ResourceReservationFailed, fields)]


def _expired(reservation: Reservation, _: Command) -> list[Draft]:
    fields = {"resource_ids": reservation.resource_ids, "expires_at": reservation.expires_at}
    return [Draft(e.ResourceReservationExpired, fields)]


def _released(reservation: Reservation, command: c.ReleaseResource) -> list[Draft]:
    return [Draft(e.ResourceReservationReleased, {"resource_ids": reservation.resource_ids, "cause": command.cause})]


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "ReserveResource": _tried,
    "RetryResourceReservation": _tried,
    "ExpireResourceReservation": _expired,
    "ReleaseResource": _released,
}

MACHINE: Machine[Reservation, e.ReservationEvent] = Machine(
    noun="reservation",
    code="RESERVATION",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=ReservationState.FAILED,
    terminal=TERMINAL_STATES,
    repair=REPAIR_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

RESERVATION: AggregateType[Reservation] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
