"""Decisions by somebody whose authority does not reach so far, or who may not decide at all (R288, R316, R510)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from domain.approval_case.states import ApprovalOutcome
from domain.drift.values import number
from domain.fold.heard import Heard
from domain.fold.reading import money_texts, part, text

Reason = list[str]
"""What is wrong with a decision: field, what would have been right, what is there."""


def _nothing(_: Heard) -> list[Reason]:
    return []


def _apart(event: Heard, requester: str | None, decider: str | None = None) -> list[Reason]:
    """Whoever asked does not decide."""
    deciders = {decider, event.actor_id, text(event.data, "actorId")}
    return [["decidedBy", "somebody else than who asked", requester]] if requester and requester in deciders else []


def _approval(event: Heard) -> list[Reason]:
    data = event.data
    found = _apart(event, text(data, "requestedBy"), text(part(data, "evidence"), "decidedBy"))
    limit = number(part(data, "authorityLimit").get("discountPercent"))
    asked = number(part(data, "input").get("discountPercent"))
    if text(data, "outcome") == ApprovalOutcome.APPROVED and limit and asked and Decimal(asked) > Decimal(limit):
        found.append(["authorityLimit", f"at least {asked} percent", f"{limit} percent"])
    return found


def _waived_charge(event: Heard) -> list[Reason]:
    found = _apart(event, text(event.data, "requestedBy"))
    limit, forgone = money_texts(event.data, "authorityLimit"), money_texts(event.data, "amountPerPeriod")
    if limit and forgone and (limit[1] != forgone[1] or Decimal(limit[0]) < Decimal(forgone[0])):
        found.append(["authorityLimit", " ".join(forgone), " ".join(limit)])
    return found


def _correction(event: Heard) -> list[Reason]:
    return _apart(event, text(part(event.data, "correction"), "requestedBy"))


DECISIONS: Mapping[str, Callable[[Heard], list[Reason]]] = {
    "ApprovalRequested": _nothing,
    "ApprovalDecided": _approval,
    "NonBillingReasonRequested": _nothing,
    "NonBillingReasonApproved": _waived_charge,
    "NonBillingReasonRevoked": _nothing,
    "QuoteCorrectionApproved": _correction,
    "CorrectionApproved": lambda event: _apart(event, text(event.data, "requestedBy")),
}
"""What is wrong with a decision, by its event; a decision made anew takes the place of the one before."""
