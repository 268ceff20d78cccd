"""Pieces of rows that several audiences are shown, by wire names."""

from __future__ import annotations

from typing import Any

from domain.order_state.build import version_gaps
from domain.order_state.tmf622 import V4, V5
from domain.order_status.known import Known
from domain.order_status.messages import NEXT, OPERATIONS, texts
from domain.order_status.milestones import milestones
from domain.order_status.moments import moment, moment_or_none
from domain.order_status.progress import fulfilled
from domain.order_status.situation import Situation
from domain.order_status.structures import cancellable
from domain.order_status.vocabulary import CancellationStep

NEWEST_MAX = 100
"""Entries of a history that a row shows; the timeline of the order has them all."""

_CANCELLATIONS = {
    "ProductOrderCancellationRequested": CancellationStep.REQUESTED.value,
    "ProductOrderCancellationRefused": CancellationStep.REFUSED.value,
}


def identity(known: Known) -> dict[str, Any]:
    """Which order it is, and whose."""
    newest = known.newest
    return {
        "orderId": known.order_id,
        "orderNumber": newest.order_number or None,
        "accountId": newest.account_id or None,
    }


def delivery(situation: Situation) -> dict[str, Any]:
    """State, blocker, next action and times: what everybody who works on an order sees."""
    known, still = situation.known, situation.standstill
    state, action = known.view.state, situation.next
    return {
        "state": state.value,
        "message": texts(OPERATIONS, state),
        "tmf622V4State": V4[state],
        "tmf622V5State": V5[state],
        "progressPercent": situation.progress_percent,
        "blocker": _blocker(situation),
        "nextAction": {"step": action.step.value, "by": action.by, "message": texts(NEXT, action.step)},
        "stuck": still.stuck_since_us is not None,
        "stuckSince": moment_or_none(still.stuck_since_us),
        "lastMovedAt": moment(still.last_moved_us),
        "committedCompletion": moment_or_none(known.dates.committed_us),
        "jeopardy": situation.jeopardy.value,
        "milestones": [{"milestone": m.value, "at": moment(at)} for m, at in milestones(known)],
        "items": _items(known),
        "fulfilled": fulfilled(known)._asdict(),
        "cancellations": _cancellations(known),
        "versionGaps": version_gaps(known.facts),
    }


def _blocker(situation: Situation) -> dict[str, Any] | None:
    if not situation.blockers:
        return None
    current = situation.blockers[0]
    return {
        "kind": current.kind.value,
        "itemId": current.item_id,
        "code": current.code,
        "repair": current.repair,
        "since": moment(current.since_us),
    }


def _items(known: Known) -> list[dict[str, Any]]:
    may = cancellable(known)
    return [
        {
            "itemId": item.item_id,
            "state": item.state.value,
            "action": (item.definition.action or None) if item.definition else None,
            "since": moment(item.work.since_us) if item.work else None,
            "cancellable": may[item.item_id],
        }
        for item in known.view.items
    ]


def _cancellations(known: Known) -> list[dict[str, Any]]:
    found = [(entry, said) for entry, said in known.seen if entry.kind in _CANCELLATIONS]
    return [
        {
            "version": entry.version,
            "step": _CANCELLATIONS[entry.kind],
            "itemIds": said.item_ids,
            "at": moment(entry.time_us),
            "reasonCode": said.reason_code,
        }
        for entry, said in found[-NEWEST_MAX:]
    ]
