"""CaseDecision: who may decide what about a case, two pairs of eyes, reasons, and waivers that end (R503, R510)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.case_decision import commands
from domain.case_decision import commands as c
from domain.case_decision import events as e
from domain.case_decision.aggregate import CASE_DECISION, MACHINE
from domain.case_decision.decision import CaseDecision
from domain.case_decision.guards import WAIVER_MAX
from domain.case_decision.states import DecisionState, ResolutionKind
from domain.command import Command
from tests.domain.desk import Desk, check_claims, check_foreign, check_wire
from tests.domain.machine_walk import (
    NOW,
    Choose,
    Subject,
    check_beginning,
    check_emissions,
    check_matrix,
    check_roles,
    check_table,
    envelope,
    walk,
)
from tests.domain.test_non_billing_reason import REASON_ID
from tests.domain.test_non_billing_reason import SUBJECT as OTHER

CASE_ID = "acme:4f6f2a9e-8a55-5a37-9df4-1d0a7c1f8c11"
SEEN = {"case_version": 3, "mismatch_since": NOW - timedelta(hours=2)}
UNTIL = NOW + timedelta(days=30)
ABOUT = {"rule_id": "asset.missing", "entity_type": "OrderItem", "entity_id": "acme:o-1/a", "order_id": "acme:o-1"}
SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.AssignCase: {**SEEN, **ABOUT, "account_id": "acme:a-1", "assignee_id": "kim"},
    c.ReassignCase: {**SEEN, "assignee_id": "lee", "note": "on leave"},
    c.ProposeResolution: {
        **SEEN,
        "kind": ResolutionKind.OPERATIONAL_CORRECTION,
        "justification": "The asset was activated by hand.",
        "correction_event_id": "e-1",
        "evidence_ref": "ticket-1",
        "reason_code": "CORRECTED",
    },
    c.ResolveCase: SEEN,
    c.RequestCaseWaiver: {**SEEN, "valid_until": UNTIL, "justification": "Being migrated.", "reason_code": "MIGRATION"},
    c.WaiveCase: {**SEEN, "reason_code": "MIGRATION"},
    c.ReopenCase: {**SEEN, "reason_code": "NOT_SO"},
    c.EscalateCase: {**SEEN, "to_role": "finance-approver", "reason_code": "TOO_MUCH"},
}


def sample(_: CaseDecision | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    fields = dict(SAMPLES[kind])
    if kind is c.RequestCaseWaiver:
        fields["valid_until"] = choose((UNTIL, UNTIL, NOW, NOW + 2 * WAIVER_MAX, NOW + timedelta(minutes=5)))
    if kind is c.EscalateCase:
        fields["to_role"] = choose(("finance-approver", "finance-approver", "order-manager"))
    return kind(**{**fields, **envelope(MACHINE, kind, CASE_ID, command_id, choose)})


SUBJECT = Subject(MACHINE, e.EVENTS, DecisionState, sample)
TestWalk = walk(SUBJECT, examples=25, steps=15)


def desk(*steps: type[Command]) -> Desk:
    return Desk(CASE_DECISION, MACHINE, SAMPLES, CASE_ID, *steps)


def test_the_table_and_the_matrix() -> None:
    check_table(SUBJECT, commands)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)


def test_it_goes_over_the_wire_and_claims_its_keys() -> None:
    told = desk(c.AssignCase, c.EscalateCase, c.ProposeResolution, c.ResolveCase, c.ReopenCase, c.ReassignCase)
    told.send(c.RequestCaseWaiver)
    told.send(c.WaiveCase, actor_id="max")
    check_wire(told)
    check_claims(told)
    foreign = OTHER.sample(None, next(iter(OTHER.machine.rows.values())).command, "x", lambda options: options[0])
    assert foreign.aggregate_id == REASON_ID
    check_foreign(told, foreign)


def test_every_event_says_what_the_case_is_about_and_what_was_seen_of_it() -> None:
    told = desk(c.AssignCase, c.RequestCaseWaiver)
    told.send(c.WaiveCase, actor_id="max", case_version=7)
    assert [(x.rule_id, x.entity_id, x.order_id, x.account_id) for x in told.events] == [
        ("asset.missing", "acme:o-1/a", "acme:o-1", "acme:a-1")
    ] * 3
    assert [x.case_version for x in told.events] == [3, 3, 7]
    assert (told.last.requested_by, told.last.valid_until, told.last.justification) == (
        told.events[1].actor_id,
        UNTIL,
        "Being migrated.",
    )


@pytest.mark.parametrize(
    ("asking", "approving"), [(c.ProposeResolution, c.ResolveCase), (c.RequestCaseWaiver, c.WaiveCase)]
)
def test_whoever_proposed_or_asked_may_not_approve(asking: type[Command], approving: type[Command]) -> None:
    """R510: in whatever role, and not by reassigning first."""
    told = desk(c.AssignCase)
    told.send(asking, role="finance-approver", actor_id="kim")
    refused = told.refused(approving, role="billing-supervisor", actor_id="kim")
    assert refused.code == "AUTHORIZATION_FOUR_EYES"
    assert told.refused(approving, role="order-manager", actor_id="lee").code == "AUTHORIZATION_ROLE"
    told.send(approving, role="finance-approver", actor_id="lee")
    assert told.last.actor_id == "lee"


@pytest.mark.parametrize("kind", [c.ProposeResolution, c.RequestCaseWaiver, c.EscalateCase])
def test_a_decision_that_is_to_be_answered_for_gives_its_reason(kind: type[Command]) -> None:
    assert desk(c.AssignCase).refused(kind, reason_code=None).code == "STRUCTURAL_REASON_MISSING"


@pytest.mark.parametrize(
    ("until", "code"),
    [(NOW, "STRUCTURAL_TIME_PAST"), (NOW + WAIVER_MAX + timedelta(hours=1), "POLICY_WAIVER_TOO_LONG")],
)
def test_a_waiver_ends_and_not_too_late(until: datetime, code: str) -> None:
    assert desk(c.AssignCase).refused(c.RequestCaseWaiver, valid_until=until).code == code


def test_a_waiver_that_is_over_cannot_be_allowed_any_more() -> None:
    told = desk(c.AssignCase)
    told.send(c.RequestCaseWaiver, valid_until=told.now + timedelta(minutes=3))
    told.now += timedelta(minutes=10)
    assert told.refused(c.WaiveCase, actor_id="max").code == "STALENESS_WAIVER_OVER"


def test_what_is_named_belongs_to_the_tenant_and_has_happened() -> None:
    assert desk().refused(c.AssignCase, order_id="other:o-1").code == "AUTHORIZATION_TENANT"
    ahead = NOW + timedelta(days=1)
    assert desk(c.AssignCase).refused(c.ReassignCase, mismatch_since=ahead).code == "STRUCTURAL_TIME_AHEAD"


def test_a_case_is_escalated_to_somebody_who_may_close_it() -> None:
    assert desk(c.AssignCase).refused(c.EscalateCase, to_role="order-manager").code == "STRUCTURAL_ROLE"
