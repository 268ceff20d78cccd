"""The states of a PriceCalculation."""

from __future__ import annotations

from enum import StrEnum


class PriceCalculationState(StrEnum):
    """Whether there is a price."""

    CALCULATED = "CALCULATED"
    FAILED = "FAILED"


TERMINAL_STATES = frozenset({PriceCalculationState.CALCULATED})
REPAIR_STATES = frozenset({PriceCalculationState.FAILED})
