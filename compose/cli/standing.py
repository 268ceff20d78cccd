"""How a case stands, in a few words: where, how urgent, who must act, until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.case.states import CLOSED, UNANSWERED, CaseStatus

Case = Mapping[str, Any]
"""A case as the API tells it."""


def standing_of(case: Case) -> str:
    """Severity and status; of a closed case the status alone."""
    return str(case["status"]) if case["status"] in CLOSED else f"{case['severity']} {case['status']}"


def must_act(case: Case) -> str:
    """Who has to do something next, and whose system has to be corrected; nobody once a case is closed."""
    status = CaseStatus(case["status"])
    if status in CLOSED:
        return "nobody"
    if status in UNANSWERED:
        asked = case["proposal"]["proposedBy"] if status is CaseStatus.PENDING_RESOLUTION else _asked_by(case)
        return f"an approver other than {asked}"
    who = case["escalatedTo"] if status is CaseStatus.ESCALATED else case["assigneeId"]
    return f"{who or case['team']} ({case['owner']})"


def due(case: Case) -> str:
    """When the case has to be closed, and whether that was missed; nothing once it is."""
    if case["status"] in CLOSED:
        return ""
    return f"{day(case['slaDue'])}{', missed' if case['slaMissed'] else ''}"


def day(moment: str | None) -> str:
    """A moment to the minute, in UTC."""
    return "" if moment is None else moment[:16].replace("T", " ")


def _asked_by(case: Case) -> str:
    return str(case["waiver"]["requestedBy"])
