"""The fallout of an order: each with its case, runbook, owner and repairs (R210, R583)."""

from __future__ import annotations

from typing import Any

from domain.fallout_case.states import TERMINAL_FALLOUT_STATES
from domain.fold.facts import Entry, Facts
from domain.fold.fold import Row
from domain.fold.reading import moment, moment_or_none

REPAIRS_SHOWN_MAX = 50
"""Of each case the newest repairs are shown, and how many there were."""

_ENDED = frozenset(state.value for state in TERMINAL_FALLOUT_STATES)
_ABOUT = ("accountId", "itemId", "productInstanceId")
_REPAIR = (
    "kind",
    "actorId",
    "actorRole",
    "reasonCode",
    "evidenceRef",
    "dryRunRef",
    "approvalRef",
    "approvedBy",
    "priorStateHash",
    "newStateHash",
)


def fallout_rows(order_id: str, facts: Facts) -> list[Row]:
    """A record for each fallout that the order or a case tells of.

    What only the order tells of has no case yet: somebody is to open one.
    """
    cases = {e.value[0] or case: case for case, e in sorted(facts.each("case"), key=_oldest_first)}
    raised = {rest: e for _, rest, e in facts.starting_with("raised/")}
    mended = {rest: e for _, rest, e in facts.starting_with("mended/")}
    return [
        _row(order_id, fallout, cases.get(fallout), raised.get(fallout), mended.get(fallout), facts)
        for fallout in sorted(cases.keys() | raised.keys())
    ]


def _oldest_first(found: tuple[str, Entry]) -> tuple[int, str]:
    return found[1].time_us, found[0]


def _row(
    order_id: str, fallout: str, case: str | None, raised: Entry | None, mended: Entry | None, facts: Facts
) -> Row:
    key = f"{order_id}/{fallout}"
    known: list[Any] = [None] * 9 if case is None else facts.value(case, "case")
    account, item, instance, repair, code = [None] * 5 if raised is None else raised.value
    state = known[8] or ("MENDED" if mended is not None else "RAISED")
    data = {
        "falloutKey": key,
        "orderId": order_id,
        "falloutId": fallout,
        "caseId": case,
        **dict(zip(_ABOUT, (known[1] or account, known[2] or item, known[3] or instance), strict=True)),
        "taskId": known[4],
        "state": state,
        "open": state not in _ENDED and (case is not None or mended is None),
        "cause": known[5],
        "nature": known[6],
        "severity": known[7],
        "repair": repair,
        "raisedAt": None if raised is None else moment(raised.time_us),
        **_case(case or "", code, facts),
    }
    return Row("FalloutView", key, data)


def _case(case: str, code: str | None, facts: Facts) -> dict[str, Any]:
    detected, ended = facts.entry(case, "detected"), facts.entry(case, "ended")
    failure, by, runbook, rollback, telling = [None] * 5 if detected is None else detected.value
    team, assignee, level = facts.value(case, "assigned", [None, None, 0])
    resolved, closed_as, verified, rolled_back, notice = [None] * 5 if ended is None else ended.value
    repairs = sorted(
        ((e.version, rest, e) for a, rest, e in facts.starting_with("repair/") if a == case), key=lambda r: r[:2]
    )
    return {
        "failureCode": failure or code,
        "detectedBy": by,
        "runbookRef": runbook,
        "rollback": rollback,
        "customerCommunication": telling,
        "team": team,
        "assigneeId": assignee,
        "escalationLevel": level,
        "dueAt": moment_or_none(facts.value(case, "due")) if ended is None else None,
        "detectedAt": None if detected is None else moment(detected.time_us),
        "endedAt": None if ended is None else moment(ended.time_us),
        "resolution": resolved or closed_as,
        "verificationRef": verified,
        "rollbackRef": rolled_back,
        "customerNoticeRef": notice,
        "repairCount": len(repairs),
        "repairs": [
            {"repairId": rest, "at": moment(e.time_us), **dict(zip(_REPAIR, e.value, strict=True))}
            for _, rest, e in repairs[-REPAIRS_SHOWN_MAX:]
        ],
    }
