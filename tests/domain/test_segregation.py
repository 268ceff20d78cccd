"""Nobody has two of the five duties about one deal, and where somebody had, it is found (R503, R510)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.governance_record.policies import PolicyKind
from domain.ownership.corrections import CorrectionKind
from domain.ownership.questions import MATRIX
from domain.segregation import DECISIVE_EVENTS, GOVERNS, Breach, Duty, MaterialDecision, breaches, decisions_of
from tests.domain.machine_walk import NOW
from tests.domain.sample_events import EVENT_RECORDS, envelope_of, filled

BY_NAME = {record.name: record for record in EVENT_RECORDS}


def decided(actor: str, duty: Duty, *ids: str, minute: int = 0, **fields: Any) -> MaterialDecision:
    at = NOW + timedelta(minutes=minute)
    return MaterialDecision(actor, duty, "acme", frozenset(ids), at, f"{actor}/{duty}/{minute}", **fields)


def pairs(found: tuple[Breach, ...]) -> list[tuple[str, Duty, Duty]]:
    return [(b.actor_id, b.first.duty, b.second.duty) for b in found]


def shown(name: str, changes: Mapping[str, Any] = {}, **envelope: Any) -> list[tuple[str, Duty]]:
    event = filled(BY_NAME[name].model).model_copy(update=dict(changes))
    return [(d.actor_id, d.duty) for d in decisions_of(envelope_of(BY_NAME[name], **envelope), event)]


@pytest.mark.parametrize("first", [d for d in Duty if d is not Duty.CREATE_POLICY])
@pytest.mark.parametrize("second", [d for d in Duty if d is not Duty.CREATE_POLICY])
def test_two_duties_about_one_deal_are_a_breach(first: Duty, second: Duty) -> None:
    """R510: the same duty twice is none, and neither are two people or two deals."""
    history = [decided("kim", first, "q", minute=1), decided("kim", second, "q", "o", minute=2)]
    assert pairs(breaches(history)) == ([("kim", first, second)] if first is not second else [])
    assert breaches([history[0], decided("lee", second, "q", minute=2)]) == ()
    assert breaches([history[0], decided("kim", second, "other", minute=2)]) == ()


@pytest.mark.parametrize("kind", PolicyKind)
@pytest.mark.parametrize("duty", [d for d in Duty if d is not Duty.CREATE_POLICY])
def test_whoever_wrote_a_policy_does_not_act_under_it(kind: PolicyKind, duty: Duty) -> None:
    """R510: wherever the policy governs, whichever deal it is."""
    governs = GOVERNS.get(kind, frozenset())
    history = [decided("kim", Duty.CREATE_POLICY, minute=1, governs=governs), decided("kim", duty, "q", minute=2)]
    assert pairs(breaches(history)) == ([("kim", Duty.CREATE_POLICY, duty)] if duty in governs else [])
    assert breaches([history[0], decided("lee", duty, "q", minute=2)]) == ()


def test_ids_that_belong_together_are_one_deal() -> None:
    history = [decided("kim", Duty.APPROVE, "q", minute=1), decided("kim", Duty.CORRECT_BILLING, "o", "p", minute=2)]
    assert breaches(history) == ()
    assert len(breaches(history, [frozenset({"q", "o"})])) == 1
    between = decided("lee", Duty.APPLY, "q", "o", minute=3)
    assert len(breaches([*history, between])) == 1


def test_other_tenants_are_other_deals() -> None:
    other = MaterialDecision("kim", Duty.APPROVE, "other", frozenset({"q"}), NOW, "e")
    assert breaches([other, decided("kim", Duty.APPLY, "q", minute=1)]) == ()


def test_three_duties_are_three_breaches_and_repetition_adds_none() -> None:
    history = [
        decided("kim", duty, "q", minute=n) for n, duty in enumerate((Duty.APPLY, Duty.APPROVE, Duty.EDIT_EVIDENCE) * 2)
    ]
    assert pairs(breaches(history)) == [
        ("kim", Duty.APPLY, Duty.APPROVE),
        ("kim", Duty.APPLY, Duty.EDIT_EVIDENCE),
        ("kim", Duty.APPROVE, Duty.EDIT_EVIDENCE),
    ]


DECISIONS = st.builds(
    lambda actor, duty, ids, minute: decided(actor, duty, *ids, minute=minute),
    st.sampled_from(["kim", "lee"]),
    st.sampled_from([d for d in Duty if d is not Duty.CREATE_POLICY]),
    st.sets(st.sampled_from("abcd"), min_size=1, max_size=2),
    st.integers(0, 9),
)


@given(st.lists(DECISIONS, max_size=12), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_order_and_duplicates_make_no_difference(history: list[MaterialDecision], seed: int) -> None:
    shuffled = [*history, *history[:3]]
    Random(seed).shuffle(shuffled)
    assert breaches(shuffled) == breaches(history)


def test_events_show_the_duties_of_people() -> None:
    assert shown("PolicyChanged") == [("acme:author_id", Duty.CREATE_POLICY)]
    assert shown("ManualOverrideRecorded") == [("kim", Duty.APPLY), ("acme:authorised_by", Duty.APPROVE)]
    assert shown("ApprovalDecided") == shown("CorrectionApproved") == [("kim", Duty.APPROVE)]
    assert shown("NonBillingReasonRequested") == [("kim", Duty.CORRECT_BILLING)]
    assert shown("NonBillingReasonApproved") == [("kim", Duty.APPROVE)]
    assert shown("EvidenceAttached") == [("kim", Duty.EDIT_EVIDENCE)]
    corrected = [("kim", Duty.CORRECT_BILLING), ("acme:approved_by", Duty.APPROVE)]
    assert shown("ChargeAmended", {"corrects_former_terms": True}) == corrected
    assert shown("ChargeAmended", {"corrects_former_terms": False}) == []
    assert shown("CorrectionApplied", {"kind": CorrectionKind.FINANCIAL}) == [("kim", Duty.CORRECT_BILLING)]
    for name in ("OrderRepairApplied", "AssetModified"):
        assert shown(name) == [("kim", Duty.APPLY), ("acme:approved_by", Duty.APPROVE)]
        assert shown(name, {"approved_by": None}) == []
    assert shown("CorrectionApplied", {"kind": CorrectionKind.DISPLAY}) == [("kim", Duty.APPLY)]
    assert shown("CaseResolved") == [("acme:proposed_by", Duty.APPLY), ("kim", Duty.APPROVE)]
    assert shown("CaseWaived") == [("acme:requested_by", Duty.APPLY), ("kim", Duty.APPROVE)]


def test_an_invoice_corrects_billing_only_beside_the_agreement() -> None:
    line = filled(BY_NAME["InvoiceIssued"].model).lines[0]
    agreed = line.model_copy(update={"reason_code": None})
    assert shown("InvoiceIssued", {"lines": (agreed, line)}) == [("kim", Duty.CORRECT_BILLING)]
    assert shown("InvoiceIssued", {"lines": (agreed,)}) == []


def test_a_system_that_acts_by_its_rules_has_no_duty() -> None:
    assert shown("EvidenceAttached", actor_role="evidence") == []
    assert shown("ChargeAmended", {"corrects_former_terms": True}, actor_role="billing") == [
        ("acme:approved_by", Duty.APPROVE)
    ]


def test_most_events_show_no_duty() -> None:
    for name in set(BY_NAME) - DECISIVE_EVENTS:
        assert shown(name) == []
    assert {event for row in MATRIX for event in row.events} >= DECISIVE_EVENTS


def test_events_of_one_deal_are_linked_by_what_they_name() -> None:
    """The approver of a correction of a charge on the order whose quote they approved."""
    records = BY_NAME["ApprovalDecided"], BY_NAME["ChargeAmended"]
    approved = filled(records[0].model)
    amended = filled(records[1].model).model_copy(update={"corrects_former_terms": True, "approved_by": "lee"})
    history = [
        *decisions_of(envelope_of(records[0]), approved),
        *decisions_of(envelope_of(records[1], 2), amended),
    ]
    assert breaches(history) == ()
    linked = [frozenset({approved.quote_id, amended.order_id})]
    assert pairs(breaches(history, linked)) == [("kim", Duty.APPROVE, Duty.CORRECT_BILLING)]
