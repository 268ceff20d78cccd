"""The seller's row: whether the deal is moving (R189)."""

from __future__ import annotations

from typing import Any

from domain.order_state.states import HeaderState
from domain.order_status.blocking import awaits_customer, waits_only
from domain.order_status.messages import SALES, texts
from domain.order_status.moments import moment_or_none
from domain.order_status.rows.pieces import identity
from domain.order_status.situation import Situation
from domain.order_status.vocabulary import Jeopardy, Movement

_BY_STATE = {
    HeaderState.DRAFT: Movement.NOT_SUBMITTED,
    HeaderState.FALLOUT: Movement.HELD,
    HeaderState.CANCELLING: Movement.STOPPING,
    HeaderState.PARTIALLY_COMPLETED: Movement.DELIVERED,
    HeaderState.COMPLETED: Movement.DELIVERED,
    HeaderState.CANCELLED: Movement.LOST,
    HeaderState.REJECTED: Movement.LOST,
    HeaderState.FAILED_CLOSED: Movement.LOST,
}
_AT_RISK = frozenset({Jeopardy.AT_RISK, Jeopardy.MISSED})


def sales_row(situation: Situation) -> dict[str, Any]:
    """Movement, the chain from quote to order, and how the promise stands."""
    known, dates = situation.known, situation.known.dates
    moves = movement(situation)
    return {
        **identity(known),
        "movement": moves.value,
        "moving": moves is Movement.MOVING,
        "message": texts(SALES, moves),
        "chain": _chain(situation),
        "progressPercent": situation.progress_percent,
        "submittedAt": moment_or_none(known.first("ProductOrderSubmitted")),
        "acceptedAt": moment_or_none(known.first("ProductOrderAccepted")),
        "completedAt": moment_or_none(known.completed_us),
        "requestedCompletion": moment_or_none(dates.requested_us),
        "committedCompletion": moment_or_none(dates.committed_us),
        "jeopardy": situation.jeopardy.value,
        "atRisk": situation.jeopardy in _AT_RISK,
    }


def movement(situation: Situation) -> Movement:
    """How the deal gets on: by the state, then whether it is stuck or waits."""
    known = situation.known
    by_state = _BY_STATE.get(known.view.state)
    if by_state is not None:
        return by_state
    if situation.standstill.stuck_since_us is not None:
        return Movement.HELD
    waits = awaits_customer(situation.blockers) or waits_only(known)
    return Movement.WAITING if waits else Movement.MOVING


def _chain(situation: Situation) -> list[dict[str, Any]]:
    newest = situation.known.newest
    links: list[dict[str, Any]] = []
    if newest.quote_id is not None:
        links.append({"kind": "QUOTE", "entityId": newest.quote_id, "number": None, "revision": newest.quote_version})
    number = newest.order_number or None
    links.append({"kind": "ORDER", "entityId": situation.known.order_id, "number": number, "revision": None})
    return links
