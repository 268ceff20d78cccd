"""Where a reservation can stand, and what it can be about (R160, R161, R168)."""

from __future__ import annotations

from enum import StrEnum


class ReservationState(StrEnum):
    """State of a reservation; inventory alone decides it, others only observe it (R168)."""

    RESERVED = "RESERVED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    RELEASED = "RELEASED"


TERMINAL_STATES = frozenset({ReservationState.EXPIRED, ReservationState.RELEASED})
REPAIR_STATES = frozenset({ReservationState.FAILED})


class ResourceKind(StrEnum):
    """What is set aside."""

    PORT = "PORT"
    NUMBER = "NUMBER"
    ADDRESS_BLOCK = "ADDRESS_BLOCK"
    DEVICE = "DEVICE"
    CAPACITY = "CAPACITY"
    APPOINTMENT = "APPOINTMENT"


class ReleaseCause(StrEnum):
    """Why a reservation was given up; only CONSUMED means that its task got what it needed."""

    CONSUMED = "CONSUMED"
    COMPENSATED = "COMPENSATED"
    CANCELLED = "CANCELLED"
    WITHDRAWN = "WITHDRAWN"
