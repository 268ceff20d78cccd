"""The states of a Charge."""

from __future__ import annotations

from enum import StrEnum


class ChargeState(StrEnum):
    """Where a charge stands. Which days it bills is a matter of its effective dates, not of this state."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REJECTED = "REJECTED"
    TERMINATED = "TERMINATED"


TERMINAL_CHARGE_STATES = frozenset({ChargeState.TERMINATED})
REPAIR_CHARGE_STATES = frozenset({ChargeState.REJECTED})
