"""What only time tells: an order that is stuck, and a promise at risk (R190, R406)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from domain.order_state.states import HeaderState
from domain.order_status.blocking import waits_only
from domain.order_status.known import Known
from domain.order_status.limits import Limits
from domain.order_status.moments import Reached
from domain.order_status.vocabulary import Jeopardy

_STANDING = """
ProductOrderDetailsUpdated FulfillmentTaskFailed FulfillmentTaskOutcomeUnknown FalloutDetected FalloutAssigned
ServiceStatusObserved ResourceReservationFailed ResourceReservationExpired ProvisioningFailed AssetActivationFailed
PaymentAuthorizationFailed PaymentVoided
"""
_STANDING_EVENTS = frozenset(_STANDING.split())
_AFTER_DELIVERY = frozenset({"BillingHandoff", "Charge", "NonBillingReason"})

_DELIVERED = frozenset({HeaderState.COMPLETED, HeaderState.PARTIALLY_COMPLETED})


def moves(kind: str, aggregate: str) -> bool:
    """Whether an event takes an order on its way; a note, a failure or an invoice does not."""
    return kind not in _STANDING_EVENTS and aggregate not in _AFTER_DELIVERY


class Standstill(NamedTuple):
    """When the order was last moved, and since when it is stuck (None when it is not); microseconds."""

    last_moved_us: int
    stuck_since_us: int | None


def standstill(known: Known, limits: Limits, time: Reached) -> Standstill:
    """Whether nothing has moved the order for longer than its state allows."""
    moved: Iterable[int] = (entry.time_us for _, _, entry in known.registers.get("moved", ()))
    last = max(moved, default=known.newest.time_us)
    allowed = None if known.ended else limits.still_us.get(known.view.state)
    if allowed is not None and known.view.state is HeaderState.IN_PROGRESS and waits_only(known):
        allowed = limits.waiting_us
    if allowed is None or not time.passed(last + allowed):
        return Standstill(last, None)
    return Standstill(last, last + allowed)


def jeopardy(known: Known, blocked: bool, limits: Limits, time: Reached) -> Jeopardy:
    """How the committed date stands; an order that ended without delivery has no promise to keep."""
    committed = known.dates.committed_us
    if committed is None:
        return Jeopardy.NOT_PROMISED
    if known.ended:
        if known.view.state not in _DELIVERED:
            return Jeopardy.VOID
        delivered = known.completed_us
        if delivered is None:
            delivered = max((item.work.since_us for item in known.live if item.work), default=committed)
        return Jeopardy.KEPT if delivered <= committed else Jeopardy.MISSED
    if time.passed(committed):
        return Jeopardy.MISSED
    lead = limits.blocked_lead_us if blocked else limits.lead_us
    return Jeopardy.AT_RISK if time.passed(committed - lead) else Jeopardy.ON_TRACK
