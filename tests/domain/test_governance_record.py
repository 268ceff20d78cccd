"""GovernanceRecord: what somebody must answer for (R124, R261, R301, R324, R345, R495-R503, R506, R507, R509, R510)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.command import Actor, Command
from domain.errors import Refusal
from domain.governance_record import commands
from domain.governance_record import commands as c
from domain.governance_record import events as e
from domain.governance_record.aggregate import GOVERNANCE_RECORD, MACHINE, decide
from domain.governance_record.events import GovernanceState
from domain.governance_record.policies import POLICY_CHECKS, PolicyKind
from domain.governance_record.record import GovernanceRecord, evolve
from domain.ownership.corrections import CORRECTION_RULES, CorrectionKind
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

RECORD_ID = "acme:correction-1"
WRONG, RIGHT = "a" * 64, "b" * 64
SUBJECTS = {
    CorrectionKind.DISPLAY: "CatalogPublication",
    CorrectionKind.OPERATIONAL: "FulfillmentPlan",
    CorrectionKind.COMMERCIAL: "Quote",
    CorrectionKind.FINANCIAL: "Charge",
    CorrectionKind.IDENTITY: "Account",
    CorrectionKind.HISTORICAL: "EvidencePackage",
}
OWNERS = {
    CorrectionKind.DISPLAY: "catalog",
    CorrectionKind.OPERATIONAL: "fulfillment",
    CorrectionKind.COMMERCIAL: "cpq",
    CorrectionKind.FINANCIAL: "billing",
    CorrectionKind.IDENTITY: "crm",
    CorrectionKind.HISTORICAL: "evidence",
}


def correction(kind: CorrectionKind = CorrectionKind.FINANCIAL, **fields: Any) -> dict[str, Any]:
    base = {
        "kind": kind,
        "subject_aggregate": SUBJECTS[kind],
        "subject_id": "acme:thing-1",
        "corrects_event_id": "event-1",
        "original_state_hash": WRONG,
        "justification": "Billed twice the agreed price.",
        "evidence_refs": ("acme:evidence-1",),
    }
    return {**base, **fields}


OVERRIDE = {
    "subject_aggregate": "Quote",
    "subject_id": "acme:quote-1",
    "decision": "discount above the limit",
    "justification": "Strategic account.",
    "authorised_by": "director-1",
}
ACCESS = {
    "resource": "acme:order-1",
    "justification": "The order is stuck and the customer offline.",
    "granted_from": NOW,
    "granted_until": NOW + timedelta(hours=2),
    "reviewer_id": "auditor-1",
}
POLICY = {
    "policy_id": "discount-limit",
    "kind": PolicyKind.DISCOUNT,
    "from_version": "v1",
    "to_version": "v2",
    "effective_from": NOW + timedelta(days=1),
    "author_id": "author-1",
    "checks": tuple(sorted(POLICY_CHECKS[PolicyKind.DISCOUNT])),
}
ATTEMPT = {
    "principal": "User:crm",
    "resource_type": "TOPIC",
    "resource": "oms.product-orders.v1",
    "operation": "WRITE",
    "denied_by": "kafka-authorizer",
    "host": "10.0.0.9",
    "observed_at": NOW,
    "attempts": 3,
}


def sample(record: GovernanceRecord | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    wrong = choose(tuple(CorrectionKind))
    found: dict[str, Any] = {
        c.RequestCorrection: correction(wrong, evidence_refs=choose((("e-1",), ("e-1",), ()))),
        c.ApplyCorrection: {
            "corrected_state_hash": choose((RIGHT, RIGHT, WRONG)),
            "correcting_event_id": "event-2",
            "adjustment_ref": choose((None, "inv-2", "inv-2")),
        },
        c.RecordManualOverride: OVERRIDE,
        c.RecordBreakGlassAccess: {**ACCESS, "granted_until": NOW + timedelta(hours=choose((1, 8, 9)))},
        c.ChangePolicy: {**POLICY, "kind": choose((PolicyKind.DISCOUNT, PolicyKind.DISCOUNT, PolicyKind.WORKFLOW))},
        c.RecordUnauthorizedMutation: ATTEMPT,
    }.get(kind, {})
    given = envelope(MACHINE, kind, RECORD_ID, command_id, choose)
    if record is not None and record.correction is not None and choose((True, True, False)):
        standing = record.correction
        role = standing.corrected_owner if kind is c.ApplyCorrection else min(CORRECTION_RULES[standing.kind].approvers)
        if role in MACHINE.rows[kind.__name__].roles:
            given["actor"] = Actor(actor_id=f"{role}-1", role=role, system=role)
    return kind(**{**found, **given})


SUBJECT = Subject(MACHINE, e.EVENTS, GovernanceState, sample, walks=600)
TestWalk = walk(SUBJECT, examples=40, steps=10)


def send(record: GovernanceRecord | None, kind: type[Command], actor: str, role: str, /, **fields: Any) -> Any:
    base = {
        "aggregate_id": RECORD_ID,
        "command_id": f"{kind.__name__}-{actor}",
        "actor": Actor(actor_id=actor, role=role, system=fields.pop("system", role)),
        "correlation_id": "corr-1",
        "reason_code": "WRONG_PRICE",
    }
    (event,) = decide(record, kind(**{**base, **fields}), NOW)
    return event


def code_of(record: GovernanceRecord | None, kind: type[Command], actor: str, role: str, /, **fields: Any) -> str:
    with pytest.raises(Refusal) as caught:
        send(record, kind, actor, role, **fields)
    assert caught.value.message
    assert caught.value.remediation
    return caught.value.code


def requested(kind: CorrectionKind = CorrectionKind.FINANCIAL) -> GovernanceRecord:
    return evolve(None, send(None, c.RequestCorrection, "kim", "support", **correction(kind)))


def approved(kind: CorrectionKind = CorrectionKind.FINANCIAL) -> GovernanceRecord:
    record = requested(kind)
    return evolve(record, send(record, c.ApproveCorrection, "lee", min(CORRECTION_RULES[kind].approvers)))


def test_the_table_and_the_matrix() -> None:
    check_table(SUBJECT, commands)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)


@pytest.mark.parametrize("kind", CorrectionKind)
def test_a_correction_is_asked_for_allowed_and_applied_by_three(kind: CorrectionKind) -> None:
    """R497-R502, R124, R261: both states are kept, and the owner's event is named."""
    record = approved(kind)
    fields = {"corrected_state_hash": RIGHT, "correcting_event_id": "event-2", "adjustment_ref": "inv-2"}
    event = send(record, c.ApplyCorrection, f"{OWNERS[kind]}-1", OWNERS[kind], **fields)
    assert isinstance(event, e.CorrectionApplied)
    assert (event.original_state_hash, event.corrected_state_hash) == (WRONG, RIGHT)
    assert (event.requested_by, event.approved_by, event.corrected_owner) == ("kim", "lee", OWNERS[kind])
    assert (event.subject_aggregate, event.subject_id) == (SUBJECTS[kind], "acme:thing-1")
    assert (event.from_state, event.to_state) == (GovernanceState.APPROVED, GovernanceState.APPLIED)


def test_whoever_asked_may_not_allow() -> None:
    """R510."""
    record = requested()
    assert code_of(record, c.ApproveCorrection, "kim", "finance-approver") == "AUTHORIZATION_FOUR_EYES"
    assert code_of(record, c.ApproveCorrection, "lee", "data-steward") == "AUTHORIZATION_ROLE"
    fields = {"corrected_state_hash": RIGHT, "correcting_event_id": "event-2", "adjustment_ref": "inv-2"}
    assert code_of(approved(), c.ApplyCorrection, "lee", "billing", **fields) == "AUTHORIZATION_FOUR_EYES"


def test_the_owner_alone_corrects() -> None:
    """R324, R331."""
    fields = {"corrected_state_hash": RIGHT, "correcting_event_id": "event-2", "adjustment_ref": "inv-2"}
    assert code_of(approved(), c.ApplyCorrection, "oms-1", "oms", **fields) == "AUTHORIZATION_NOT_OWNER"


def test_a_financial_correction_is_an_adjustment() -> None:
    """R500."""
    fields = {"corrected_state_hash": RIGHT, "correcting_event_id": "event-2"}
    assert code_of(approved(), c.ApplyCorrection, "billing-1", "billing", **fields) == "POLICY_NO_ADJUSTMENT"
    same = {**fields, "corrected_state_hash": WRONG, "adjustment_ref": "inv-2"}
    assert code_of(approved(), c.ApplyCorrection, "billing-1", "billing", **same) == "CONFLICT_NOTHING_CORRECTED"
    operational = approved(CorrectionKind.OPERATIONAL)
    assert send(operational, c.ApplyCorrection, "fulfillment-1", "fulfillment", **fields).adjustment_ref is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason_code": None}, "STRUCTURAL_REASON_MISSING"),
        ({"subject_aggregate": "Spaceship"}, "REFERENCE_AGGREGATE_UNKNOWN"),
        ({"subject_aggregate": "OrderCaptureAttempt"}, "POLICY_CORRECTION_KIND"),
        ({"subject_aggregate": "Account"}, "POLICY_CORRECTION_KIND"),
        ({"evidence_refs": ()}, "STRUCTURAL_EVIDENCE_MISSING"),
    ],
)
def test_a_correction_that_does_not_fit_is_refused(fields: dict[str, Any], code: str) -> None:
    assert code_of(None, c.RequestCorrection, "kim", "support", **{**correction(), **fields}) == code


def test_an_override_is_open_authorised_and_has_a_reason() -> None:
    """R301."""
    own = {**OVERRIDE, "authorised_by": "kim"}
    assert code_of(None, c.RecordManualOverride, "kim", "deal-desk", **own) == "AUTHORIZATION_FOUR_EYES"
    bare = {**OVERRIDE, "reason_code": None}
    assert code_of(None, c.RecordManualOverride, "kim", "deal-desk", **bare) == "STRUCTURAL_REASON_MISSING"
    event = send(None, c.RecordManualOverride, "kim", "deal-desk", **OVERRIDE)
    assert (event.authorised_by, event.subject_id, event.state) == ("director-1", "acme:quote-1", "RECORDED")


@pytest.mark.parametrize("hours", [0, -1, 9])
def test_emergency_access_ends_soon(hours: int) -> None:
    """R509."""
    fields = {**ACCESS, "granted_until": NOW + timedelta(hours=hours)}
    assert code_of(None, c.RecordBreakGlassAccess, "kim", "support", **fields) == "POLICY_BREAK_GLASS_EXPIRY"


def test_emergency_access_is_reviewed_by_another() -> None:
    """R509."""
    own = {**ACCESS, "reviewer_id": "kim"}
    assert code_of(None, c.RecordBreakGlassAccess, "kim", "support", **own) == "AUTHORIZATION_FOUR_EYES"
    event = send(None, c.RecordBreakGlassAccess, "kim", "support", **ACCESS)
    assert (event.resource, event.subject_id, event.granted_until) == ("acme:order-1", None, ACCESS["granted_until"])


def test_whoever_wrote_a_policy_does_not_put_it_into_force() -> None:
    """R510."""
    assert code_of(None, c.ChangePolicy, "author-1", "policy-approver", **POLICY) == "AUTHORIZATION_FOUR_EYES"
    event = send(None, c.ChangePolicy, "lee", "policy-approver", **POLICY)
    assert (event.author_id, event.approved_by, event.to_version) == ("author-1", "lee", "v2")


@pytest.mark.parametrize("kind", PolicyKind)
def test_every_kind_of_change_has_its_checks(kind: PolicyKind) -> None:
    """R495, R496, R506, R507."""
    fields = {**POLICY, "kind": kind}
    for left_out in POLICY_CHECKS[kind]:
        fields["checks"] = tuple(POLICY_CHECKS[kind] - {left_out})
        assert code_of(None, c.ChangePolicy, "lee", "policy-approver", **fields) == "POLICY_CHECKS_MISSING"
    fields["checks"] = tuple(POLICY_CHECKS[kind])
    assert send(None, c.ChangePolicy, "lee", "policy-approver", **fields).kind is kind


def test_a_refused_attempt_is_a_fact() -> None:
    """R345."""
    event = send(None, c.RecordUnauthorizedMutation, "observer-1", "broker-observer", **ATTEMPT)
    assert isinstance(event, e.UnauthorizedMutationAttempted)
    assert {name: getattr(event, name) for name in ATTEMPT} == ATTEMPT


def test_what_is_no_event_of_a_record_is_refused_by_the_fold() -> None:
    event = send(requested(), c.ApproveCorrection, "lee", "finance-approver")
    with pytest.raises(ValueError, match="first event"):
        evolve(None, event)
    with pytest.raises(TypeError, match="no event"):
        evolve(None, Actor(actor_id="a", role="b", system="c"))
    assert set(GOVERNANCE_RECORD.events) == {event.__name__ for event in e.EVENTS}
