"""NonBillingReason: asked for by one, allowed by another who may, and taken back (R238, R503, R510)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.command import Actor, Command
from domain.errors import Refusal
from domain.money import Money
from domain.non_billing_reason import commands
from domain.non_billing_reason import commands as c
from domain.non_billing_reason import events as e
from domain.non_billing_reason.aggregate import MACHINE, NON_BILLING_REASON, decide
from domain.non_billing_reason.reason import NonBillingReason, evolve
from domain.non_billing_reason.states import NonBillingCode, NonBillingState
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

INSTANCE = "acme:order-1/a"
REASON_ID = f"{INSTANCE}/monthly"
FORGONE = Money(amount=Decimal("49.90"), currency="EUR")
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def request(**fields: Any) -> dict[str, Any]:
    base = {
        "order_id": "acme:order-1",
        "item_id": "a",
        "product_instance_id": INSTANCE,
        "component_id": "monthly",
        "code": NonBillingCode.TRIAL,
        "valid_from": START,
        "valid_until": END,
        "amount_per_period": FORGONE,
        "justification": "Three months of trial, agreed by mail.",
    }
    return {**base, **fields}


def sample(_: NonBillingReason | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    found: dict[str, Any] = {}
    if kind in (c.RequestNonBillingReason, c.RequestNonBillingReasonAgain):
        found = request(valid_until=choose((None, END, START)), code=choose(tuple(NonBillingCode)))
    if kind is c.ApproveNonBillingReason:
        found = {"authority_limit": choose((FORGONE, FORGONE, Money(amount=Decimal(1), currency="EUR")))}
    return kind(**{**found, **envelope(MACHINE, kind, REASON_ID, command_id, choose)})


SUBJECT = Subject(MACHINE, e.EVENTS, NonBillingState, sample)
TestWalk = walk(SUBJECT, examples=30, steps=15)


def send(reason: NonBillingReason | None, kind: type[Command], actor: str, role: str, **fields: Any) -> Any:
    base = {
        "aggregate_id": REASON_ID,
        "command_id": f"{kind.__name__}-{actor}",
        "actor": Actor(actor_id=actor, role=role, system="billing"),
        "correlation_id": "corr-1",
    }
    (event,) = decide(reason, kind(**{**base, **fields}), NOW)
    return event


def code_of(reason: NonBillingReason | None, kind: type[Command], actor: str, role: str, **fields: Any) -> str:
    with pytest.raises(Refusal) as caught:
        send(reason, kind, actor, role, **fields)
    assert caught.value.message
    assert caught.value.remediation
    return caught.value.code


def requested(**fields: Any) -> NonBillingReason:
    return evolve(None, send(None, c.RequestNonBillingReason, "kim", "billing-operator", **request(**fields)))


def test_the_table_and_the_matrix() -> None:
    check_table(SUBJECT, commands)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)


def test_whoever_asked_may_not_approve() -> None:
    """R510."""
    reason, limit = requested(), {"authority_limit": FORGONE}
    assert code_of(reason, c.ApproveNonBillingReason, "kim", "finance-approver", **limit) == "AUTHORIZATION_FOUR_EYES"
    assert code_of(reason, c.ApproveNonBillingReason, "lee", "billing-operator", **limit) == "AUTHORIZATION_ROLE"
    event = send(reason, c.ApproveNonBillingReason, "lee", "finance-approver", **limit)
    assert isinstance(event, e.NonBillingReasonApproved)
    assert (event.requested_by, event.actor_id, event.authority_limit) == ("kim", "lee", FORGONE)


@pytest.mark.parametrize("limit", [Money(amount=Decimal("49.89"), currency="EUR"), Money(amount=100, currency="USD")])
def test_authority_covers_what_is_forgone(limit: Money) -> None:
    code = code_of(requested(), c.ApproveNonBillingReason, "lee", "finance-approver", authority_limit=limit)
    assert code == "AUTHORIZATION_LIMIT"


def test_a_reason_excuses_only_once_approved_and_in_its_window() -> None:
    """R238."""
    reason = requested()
    assert not reason.excuses(START)
    approved = evolve(
        reason, send(reason, c.ApproveNonBillingReason, "lee", "finance-approver", authority_limit=FORGONE)
    )
    assert approved.excuses(START)
    assert not approved.excuses(END)
    assert approved.over(END)
    assert not approved.excuses(datetime(2026, 2, 28, tzinfo=UTC))
    assert code_of(approved, c.RevokeNonBillingReason, "lee", "finance-approver") == "STRUCTURAL_REASON_MISSING"
    revoked = evolve(approved, send(approved, c.RevokeNonBillingReason, "lee", "finance-approver", reason_code="OVER"))
    assert not revoked.excuses(START)
    endless = requested(valid_until=None)
    assert not endless.over(datetime(9999, 1, 1, tzinfo=UTC))


def test_after_a_revocation_it_is_asked_for_anew() -> None:
    reason = requested()
    reason = evolve(reason, send(reason, c.RevokeNonBillingReason, "lee", "finance-approver", reason_code="NO"))
    again = request(code=NonBillingCode.GOODWILL)
    event = send(reason, c.RequestNonBillingReasonAgain, "ann", "support", **again)
    reason = evolve(reason, event)
    assert (reason.requested_by, reason.code, reason.version) == ("ann", NonBillingCode.GOODWILL, 3)
    event = send(reason, c.ApproveNonBillingReason, "kim", "finance-approver", authority_limit=FORGONE)
    assert event.to_state is NonBillingState.APPROVED


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"component_id": "other"}, "STRUCTURAL_REASON_KEY"),
        ({"valid_until": START}, "STRUCTURAL_EFFECTIVE_DATES"),
        ({"amount_per_period": Money(amount=Decimal(0), currency="EUR")}, "STRUCTURAL_AMOUNT"),
        ({"amount_per_period": Money(amount=Decimal(1), currency="XXX")}, "STRUCTURAL_AMOUNT"),
    ],
)
def test_a_request_that_does_not_fit_is_refused(fields: dict[str, Any], code: str) -> None:
    assert code_of(None, c.RequestNonBillingReason, "kim", "support", **request(**fields)) == code


def test_what_is_no_event_of_a_reason_is_refused_by_the_fold() -> None:
    reason = requested()
    revoked = send(reason, c.RevokeNonBillingReason, "lee", "finance-approver", reason_code="NO")
    with pytest.raises(ValueError, match="first event"):
        evolve(None, revoked)
    with pytest.raises(TypeError, match="no event"):
        evolve(None, FORGONE)
    assert set(NON_BILLING_REASON.events) == {event.__name__ for event in e.EVENTS}
