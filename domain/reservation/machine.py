"""The rows of a Reservation's state machine (R153-R162, R168) and the conditions they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.command import Command
from domain.conditions import same_tenant, still_ahead
from domain.errors import Refusal
from domain.machine import Transition, rows
from domain.reservation import commands as c
from domain.reservation import events as e
from domain.reservation.reservation import Reservation
from domain.reservation.states import ReservationState

ATTEMPTS_MAX = 5
INVENTORY_ROLES = frozenset({"inventory", "inventory-operator"})

S = ReservationState

ROWS = rows(
    Transition(
        c.ReserveResource,
        frozenset(),
        INVENTORY_ROLES,
        (e.ResourceReserved, e.ResourceReservationFailed),
        guards=("same-tenant", "expires-later", "resources-differ"),
        side_effects="fulfillment starts the task, or waits for somebody to mend the shortage",
        compensation="ReleaseResource",
        timeout=timedelta(hours=72),
        on_timeout="inventory: ExpireResourceReservation at expiresAt",
    ),
    Transition(
        c.RetryResourceReservation,
        frozenset({S.FAILED}),
        INVENTORY_ROLES,
        (e.ResourceReserved, e.ResourceReservationFailed),
        guards=("retry-can-help", "tries-left", "expires-later", "resources-differ"),
        side_effects="fulfillment starts the task",
        compensation="ReleaseResource",
        timeout=timedelta(hours=72),
        on_timeout="inventory: ExpireResourceReservation at expiresAt",
        retry=f"at most {ATTEMPTS_MAX} tries; each is a command of its own",
    ),
    Transition(
        c.ExpireResourceReservation,
        frozenset({S.RESERVED}),
        INVENTORY_ROLES,
        (e.ResourceReservationExpired,),
        guards=("lapsed",),
        side_effects="fulfillment reserves anew for a task that still runs",
    ),
    Transition(
        c.ReleaseResource,
        frozenset({S.RESERVED}),
        INVENTORY_ROLES | {"fulfillment"},
        (e.ResourceReservationReleased,),
        guards=("not-lapsed",),
        side_effects="the resource is free again, or in use for good",
    ),
)


def retry_can_help(reservation: Reservation, command: Command) -> None:
    """What cannot succeed is not tried again (R159)."""
    if not reservation.retryable:
        message = f"Reservation {command.aggregate_id} failed for good."
        raise Refusal("STATE_NOT_RETRYABLE", message, remediation="Ask for another resource in a new reservation.")


def tries_left(reservation: Reservation, command: Command) -> None:
    """Tries are bounded (R159)."""
    if reservation.attempt >= ATTEMPTS_MAX:
        message = f"Reservation {command.aggregate_id} was tried {reservation.attempt} times."
        raise Refusal("POLICY_TRIES_EXHAUSTED", message, remediation="Raise a fallout for a person to mend.")


def _tenant(command: c.ReserveResource) -> None:
    same_tenant(command, orderId=command.order_id, planId=command.plan_id)


def _expires_later(_: object, command: c.ReserveResource | c.RetryResourceReservation, now: datetime) -> None:
    still_ahead(command, "expiresAt", command.expires_at, now)


def resources_differ(command: c.ReserveResource | c.RetryResourceReservation) -> None:
    """One resource is not two units."""
    ids = command.availability.resource_ids
    if len(set(ids)) != len(ids):
        message = f"{command.name} on {command.aggregate_id} counts a resource twice: {sorted(ids)}."
        raise Refusal("STRUCTURAL_RESOURCE_TWICE", message, remediation="Name every free resource once.")


def _lapsed(reservation: Reservation | None, command: Command, now: datetime) -> None:
    """It expires at its time and not before (R158)."""
    expires_at = reservation.expires_at if reservation else None
    if expires_at is not None and now < expires_at:
        message = f"Reservation {command.aggregate_id} lasts until {expires_at.isoformat()}."
        raise Refusal("STATE_RESERVATION_NOT_DUE", message, remediation="Wait until then, or release it.")


def _not_lapsed(reservation: Reservation | None, command: Command, now: datetime) -> None:
    """What has lapsed cannot be given up any more: somebody else may have it."""
    expires_at = reservation.expires_at if reservation else None
    if expires_at is not None and now >= expires_at:
        message = f"Reservation {command.aggregate_id} lapsed at {expires_at.isoformat()}."
        raise Refusal("STATE_RESERVATION_LAPSED", message, remediation="Record its expiry, and reserve anew.")


GUARDS: Mapping[str, Callable[[Reservation, Any], None]] = {
    "retry-can-help": retry_can_help,
    "tries-left": tries_left,
    "resources-differ": lambda _, command: resources_differ(command),
}
CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "same-tenant": _tenant,
    "resources-differ": resources_differ,
}
TIMED_GUARDS: Mapping[str, Callable[[Reservation | None, Any, datetime], None]] = {
    "expires-later": _expires_later,
    "lapsed": _lapsed,
    "not-lapsed": _not_lapsed,
}
