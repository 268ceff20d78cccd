"""Approval cases: authority, segregation of duties, evidence (R128, R288, R510, R532, R563)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.approval_case import commands as c
from domain.approval_case.aggregate import APPROVAL_CASE, MACHINE
from domain.approval_case.authority import AUTHORITY_PERCENT_BY_LEVEL, level_for
from domain.approval_case.events import EVENTS, ApprovalInput
from domain.approval_case.states import ApprovalCaseState, ApprovalOutcome, EscalationCause
from domain.command import Command
from domain.fingerprints import sha256_of
from tests.domain import machine_walk as walks
from tests.domain.desk import Desk, check_claims, check_foreign, check_wire
from tests.domain.machine_walk import NOW, Choose
from tests.domain.orders import creation

ID = "acme:approval-1"
DAY = timedelta(days=1)
APPROVED, REJECTED = ApprovalOutcome.APPROVED, ApprovalOutcome.REJECTED


def asked(percent: str = "25", limit: str = "20", **more: Any) -> ApprovalInput:
    return ApprovalInput(
        price_calculation_id="acme:calculation-1",
        price_fingerprint="price-1",
        configuration_fingerprint="configuration-1",
        discount_percent=Decimal(percent),
        discount_limit_percent=Decimal(limit),
        justification="Competitor's offer",
        **more,
    )


SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.RequestApproval: {
        "quote_id": "acme:quote-1",
        "quote_version": 1,
        "account_id": "acme:acc-1",
        "input": asked(),
        "due_at": NOW + DAY,
    },
    c.DecideApproval: {
        "outcome": APPROVED,
        "authority_percent": Decimal(30),
        "valid_until": NOW + 30 * DAY,
        "reason_code": "COMPETITION",
    },
    c.EscalateApproval: {
        "to_level": "finance-director",
        "cause": EscalationCause.AUTHORITY_TOO_SMALL,
        "due_at": NOW + DAY,
    },
    c.ExpireApproval: {},
}


def sample(_: object, kind: type[Command], command_id: str, choose: Choose) -> Command:
    fields = dict(SAMPLES[kind])
    fields.pop("reason_code", None)
    if "input" in fields:
        fields["input"] = asked(choose(("25", "40", "20", "100")))
    if "due_at" in fields:
        fields["due_at"] = NOW + choose((timedelta(minutes=4), DAY, timedelta(minutes=-1)))
    if kind is c.DecideApproval:
        fields |= {"outcome": choose((APPROVED, REJECTED)), "authority_percent": choose((Decimal(30), Decimal(100)))}
    if kind is c.EscalateApproval:
        fields["to_level"] = choose((*AUTHORITY_PERCENT_BY_LEVEL, "nobody"))
    return kind(**walks.envelope(MACHINE, kind, ID, command_id, choose), **fields)


SUBJECT = walks.Subject(MACHINE, EVENTS, ApprovalCaseState, sample, walks=300, steps=12)
TestWalk = walks.walk(SUBJECT, examples=40, steps=12)


def desk(*steps: type[Command]) -> Desk:
    return Desk(APPROVAL_CASE, MACHINE, SAMPLES, ID, *steps)


def case(percent: str = "25") -> Desk:
    found = desk()
    found.send(c.RequestApproval, input=asked(percent), actor_id="sally", role="sales")
    return found


def by(role: str, percent: int | None = None, **more: Any) -> dict[str, Any]:
    """A decision by somebody with the whole authority of a role, or less."""
    full = AUTHORITY_PERCENT_BY_LEVEL[role]
    return {"role": role, "authority_percent": full if percent is None else Decimal(percent), **more}


def test_the_table_is_complete_and_true() -> None:
    walks.check_table(SUBJECT, c)
    walks.check_emissions(SUBJECT)
    walks.check_matrix(SUBJECT)
    walks.check_roles(SUBJECT)
    walks.check_beginning(SUBJECT)
    check_claims(desk())
    check_foreign(desk(c.RequestApproval, c.DecideApproval), creation())
    check_wire(desk(c.RequestApproval, c.DecideApproval))
    check_wire(desk(c.RequestApproval, c.EscalateApproval))


@pytest.mark.parametrize(
    ("percent", "level"),
    [("20.0001", "sales-manager"), ("30", "sales-manager"), ("30.0001", "deal-desk"), ("100", "finance-director")],
)
def test_the_smallest_level_that_can_allow_it_is_asked(percent: str, level: str) -> None:
    """R532."""
    assert level_for(Decimal(percent)) == level
    assert case(percent).last.level == level


def test_what_is_within_the_limit_needs_no_case() -> None:
    """R532: the limit itself is within it; a broken rule needs one whatever the discount."""
    found = desk()
    assert found.refused(c.RequestApproval, input=asked("20")).code == "POLICY_APPROVAL_NOT_NEEDED"
    assert found.send(c.RequestApproval, input=asked("0", policy_violations=("FLOOR_PRICE",))) == ["ApprovalRequested"]


def test_the_requester_does_not_decide() -> None:
    """R510: whatever role they have by then."""
    found = case()
    refusal = found.refused(c.DecideApproval, **by("finance-director", actor_id="sally"))
    assert refusal.code == "AUTHORIZATION_SEGREGATION_OF_DUTIES"
    assert found.send(c.DecideApproval, **by("finance-director", actor_id="max")) == ["ApprovalDecided"]


def test_the_deciders_own_limit_must_cover_the_discount() -> None:
    """R563: 40 percent where 20 are allowed; 30 and 39.9999 do not cover it, 40 do."""
    found = case("40")
    assert found.refused(c.DecideApproval, **by("sales-manager")).code == "AUTHORIZATION_LEVEL"
    short = by("deal-desk") | {"authority_percent": Decimal("39.9999")}
    assert found.refused(c.DecideApproval, **short).code == "AUTHORIZATION_LIMIT"
    assert found.refused(c.DecideApproval, **by("deal-desk", 60)).code == "AUTHORIZATION_LIMIT_CLAIMED"
    assert found.send(c.DecideApproval, **by("deal-desk", 40)) == ["ApprovalDecided"]
    assert (found.last.authority_limit.level, found.last.authority_limit.discount_percent) == ("deal-desk", 40)


def test_saying_no_needs_no_authority_for_it() -> None:
    found = case("40")
    found.send(c.DecideApproval, **by("deal-desk", 1), outcome=REJECTED)
    assert found.state.state is ApprovalCaseState.REJECTED
    assert found.last.evidence.outcome is REJECTED


def test_a_decision_has_a_reason_and_what_was_seen() -> None:
    """R128, R375: actor, time, reason and the input as it was."""
    found = case()
    assert found.refused(c.DecideApproval, reason_code=None).code == "STRUCTURAL_REASON_MISSING"
    found.send(c.DecideApproval, **by("sales-manager", actor_id="max"), justification="Strategic")
    event = found.last
    assert (event.actor_id, event.reason_code, event.occurred_at) == ("max", "COMPETITION", found.now)
    assert event.input == asked()
    assert event.input_fingerprint == sha256_of(asked())
    assert event.evidence.decided_by == "max"
    assert event.approval_fingerprint == event.evidence.fingerprint == found.state.evidence.fingerprint
    assert event.evidence.price_fingerprint == "price-1"


def test_a_case_is_escalated_upwards_only_and_then_decided_there() -> None:
    found = case()
    found.send(c.EscalateApproval, to_level="deal-desk", cause=EscalationCause.NO_ANSWER, role="cpq")
    assert (found.last.from_level, found.last.level) == ("sales-manager", "deal-desk")
    assert found.refused(c.EscalateApproval, to_level="sales-manager").code == "STRUCTURAL_LEVEL"
    assert found.refused(c.DecideApproval, **by("sales-manager")).code == "AUTHORIZATION_LEVEL"
    assert found.send(c.DecideApproval, **by("deal-desk")) == ["ApprovalDecided"]


def test_a_case_lapses_at_its_time_and_not_before() -> None:
    """R158, R395: an answer that is lost ends in a fact, too."""
    found = case()
    found.now = NOW + DAY - timedelta(microseconds=1)
    assert found.refused(c.ExpireApproval).code == "STATE_APPROVAL_NOT_DUE"
    found.now = NOW + DAY
    assert found.refused(c.DecideApproval).code == "STALENESS_APPROVAL_DUE"
    assert found.send(c.ExpireApproval) == ["ApprovalExpired"]
    assert found.state.evidence is None
    assert found.refused(c.DecideApproval).code == "STATE_ILLEGAL_TRANSITION"


def test_dates_lie_ahead_and_ids_in_the_tenant() -> None:
    """R511."""
    assert desk().refused(c.RequestApproval, due_at=NOW).code == "STRUCTURAL_TIME_PAST"
    assert case().refused(c.DecideApproval, valid_until=NOW).code == "STRUCTURAL_TIME_PAST"
    assert case().refused(c.EscalateApproval, due_at=NOW).code == "STRUCTURAL_TIME_PAST"
    assert desk().refused(c.RequestApproval, quote_id="other:q").code == "AUTHORIZATION_TENANT"
