"""Support's row: what blocks an order, who must act, and what may be said of it (R190)."""

from __future__ import annotations

from typing import Any

from domain.fallout_case.states import TERMINAL_FALLOUT_STATES
from domain.fold.facts import Entry
from domain.order_status.delivery_registers import CaseSaid
from domain.order_status.known import Known
from domain.order_status.messages import CUSTOMER, texts
from domain.order_status.moments import moment, moment_or_none
from domain.order_status.rows.pieces import NEWEST_MAX, identity
from domain.order_status.situation import Situation
from domain.order_status.vocabulary import ChangeKind

_CLOSED = frozenset(state.value for state in TERMINAL_FALLOUT_STATES)
_LINES = ChangeKind.LINES.value


def support_row(situation: Situation, shared: dict[str, Any]) -> dict[str, Any]:
    """The whole picture of an order without its tasks, evidence and payments."""
    known, told = situation.known, situation.customer
    return {
        **identity(known),
        **shared,
        "customerStatus": told.status.value if told else None,
        "customerMessage": texts(CUSTOMER, told.status) if told else None,
        "requestedCompletion": moment_or_none(known.dates.requested_us),
        "changes": _changes(known),
        "openCases": _open_cases(known),
        "timeline": [
            {
                "at": moment(entry.time_us),
                "version": entry.version,
                "event": entry.kind,
                "itemId": said.item_id,
            }
            for entry, said in known.seen[-NEWEST_MAX:]
        ],
        "conflictingVersions": sorted(known.facts.conflicts),
    }


def _changes(known: Known) -> list[dict[str, Any]]:
    found = [
        (entry, said, _LINES if entry.kind == "ProductOrderAmended" else said.detail)
        for entry, said in known.seen
        if entry.kind in ("ProductOrderAmended", "ProductOrderDetailsUpdated")
    ]
    return [
        {"version": entry.version, "kind": kind, "at": moment(entry.time_us), "reasonCode": said.reason_code}
        for entry, said, kind in found[-NEWEST_MAX:]
        if kind is not None
    ]


def _open_cases(known: Known) -> list[dict[str, Any]]:
    assigned = {case_id: entry.value for case_id, _, entry in known.registers.get("assigned", ())}
    due = {case_id: entry.value for case_id, _, entry in known.registers.get("due", ())}
    cases = [(case_id, CaseSaid(*entry.value)) for case_id, _, entry in _cases(known)]
    return [
        {
            "caseId": case_id,
            "falloutId": case.fallout_id,
            "itemId": case.item_id,
            "severity": case.severity,
            "state": case.state,
            "team": assigned.get(case_id, (None, 0))[0],
            "escalationLevel": assigned.get(case_id, (None, 0))[1],
            "dueAt": moment_or_none(due.get(case_id)),
        }
        for case_id, case in cases
        if case.state not in _CLOSED
    ]


def _cases(known: Known) -> list[tuple[str, str, Entry]]:
    return known.registers.get("case", [])
