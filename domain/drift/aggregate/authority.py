"""Decisions by somebody whose authority does not reach so far, or who may not decide at all (R288, R316, R510)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from domain.drift.values import number
from domain.fold.heard import Heard

Reason = list[str]
"""What is wrong with a decision: field, what would have been right, what is there."""


def _nothing(_: Heard) -> list[Reason]:
    return []


def _apart(event: Heard, requester: Any) -> list[Reason]:
    """Whoever asked does not decide."""
    actor = event.actor_id or event.data.get("actorId")
    return [["decidedBy", "somebody else than who asked", str(actor)]] if requester and requester == actor else []


def _approval(event: Heard) -> list[Reason]:
    data = event.data
    found = _apart(event, data.get("requestedBy"))
    evidence = data.get("evidence") or {}
    if not found and evidence.get("decidedBy") and evidence["decidedBy"] == data.get("requestedBy"):
        found = [["decidedBy", "somebody else than who asked", evidence["decidedBy"]]]
    limit = (data.get("authorityLimit") or {}).get("discountPercent")
    asked = (data.get("input") or {}).get("discountPercent")
    if data.get("outcome") == "APPROVED" and limit is not None and asked is not None and asked > limit:
        found.append(["authorityLimit", f"at least {number(asked)} percent", f"{number(limit)} percent"])
    return found


def _waived_charge(event: Heard) -> list[Reason]:
    found = _apart(event, event.data.get("requestedBy"))
    limit, forgone = event.data.get("authorityLimit"), event.data.get("amountPerPeriod")
    if limit and forgone and (limit["currency"] != forgone["currency"] or limit["amount"] < forgone["amount"]):
        found.append(["authorityLimit", _text(forgone), _text(limit)])
    return found


def _correction(event: Heard) -> list[Reason]:
    correction = event.data.get("correction") or {}
    return _apart(event, correction.get("requestedBy"))


def _text(money: Mapping[str, Any]) -> str:
    return f"{number(Decimal(money['amount']))} {money['currency']}"


DECISIONS: Mapping[str, Callable[[Heard], list[Reason]]] = {
    "ApprovalRequested": _nothing,
    "ApprovalDecided": _approval,
    "NonBillingReasonRequested": _nothing,
    "NonBillingReasonApproved": _waived_charge,
    "NonBillingReasonRevoked": _nothing,
    "QuoteCorrectionApproved": _correction,
    "CorrectionApproved": lambda event: _apart(event, event.data.get("requestedBy")),
}
"""What is wrong with a decision, by its event; a decision made anew takes the place of the one before."""
