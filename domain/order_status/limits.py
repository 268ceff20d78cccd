"""How long an order may stand still, and when a promise is at risk: parameters of the rule (R187, R190)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from domain.order_state.states import HeaderState
from domain.order_status.moments import DAY_US, HOUR_US, MINUTE_US

STILL_US: Mapping[HeaderState, int] = MappingProxyType(
    {
        HeaderState.SUBMITTED: 15 * MINUTE_US,
        HeaderState.VALIDATING: 15 * MINUTE_US,
        HeaderState.ACCEPTED: 4 * HOUR_US,
        HeaderState.IN_PROGRESS: 72 * HOUR_US,
        HeaderState.FALLOUT: 24 * HOUR_US,
        HeaderState.CANCELLING: 24 * HOUR_US,
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Microseconds.

    - `still_us`: how long nothing may move an order in a state; a state that is not named may stand still for ever
    - `waiting_us`: the same for an order in progress whose only begun items wait for somebody outside
    - `lead_us`: how long before its committed date an order that has not ended is at risk
    - `blocked_lead_us`: the same while something blocks it, or it is stuck
    """

    still_us: Mapping[HeaderState, int] = field(default_factory=lambda: STILL_US)
    waiting_us: int = 5 * DAY_US
    lead_us: int = 48 * HOUR_US
    blocked_lead_us: int = 120 * HOUR_US
