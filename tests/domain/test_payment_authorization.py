"""Payments: what is held, what is not, what nobody knows yet, and who gives it back (R163, R279, R298)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.command import Command
from domain.money import Money
from domain.payment_authorization import commands as c
from domain.payment_authorization.aggregate import MACHINE, PAYMENT_AUTHORIZATION
from domain.payment_authorization.events import EVENTS
from domain.payment_authorization.machine import ROWS, is_owed_back
from domain.payment_authorization.states import (
    TERMINAL_STATES,
    FailureOutcome,
    PaymentMethod,
    PaymentState,
    VoidCause,
)
from tests.domain import machine_walk as walks
from tests.domain.desk import Desk, check_claims, check_foreign, check_wire
from tests.domain.machine_walk import NOW, Choose
from tests.domain.orders import creation

ID = "acme:payment-1"
HOUR = timedelta(hours=1)
REQUEST = {
    "order_id": "acme:order-1",
    "account_id": "acme:acc-1",
    "amount": Money(amount=Decimal("349.00"), currency="EUR"),
    "method": PaymentMethod.CARD,
}
HELD = {"provider_reference": "auth-77", "expires_at": NOW + HOUR}
SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.AuthorizePayment: {**REQUEST, **HELD},
    c.RefusePaymentAuthorization: {**REQUEST, "outcome": FailureOutcome.DECLINED, "failure_code": "LIMIT"},
    c.ReportPaymentTimeout: REQUEST,
    c.ConfirmPaymentAuthorization: HELD,
    c.DenyPaymentAuthorization: {"failure_code": "NOT_FOUND"},
    c.VoidPayment: {"cause": VoidCause.ORDER_FAILED},
}


def sample(_: object, kind: type[Command], command_id: str, choose: Choose) -> Command:
    fields = dict(SAMPLES[kind])
    if "expires_at" in fields:
        fields["expires_at"] = NOW + choose((timedelta(minutes=3), HOUR))
    if kind is c.VoidPayment:
        fields["cause"] = choose(tuple(VoidCause))
    if kind is c.RefusePaymentAuthorization:
        fields["outcome"] = choose((FailureOutcome.DECLINED, FailureOutcome.ERROR))
    return kind(**walks.envelope(MACHINE, kind, ID, command_id, choose), **fields)


SUBJECT = walks.Subject(MACHINE, EVENTS, PaymentState, sample)
TestWalk = walks.walk(SUBJECT)


def desk(*steps: type[Command]) -> Desk:
    return Desk(PAYMENT_AUTHORIZATION, MACHINE, SAMPLES, ID, *steps)


def test_the_table_is_complete_and_true() -> None:
    walks.check_table(SUBJECT, c)
    walks.check_emissions(SUBJECT)
    walks.check_matrix(SUBJECT)
    walks.check_roles(SUBJECT)
    walks.check_beginning(SUBJECT)
    check_claims(desk())
    told = desk(c.AuthorizePayment, c.VoidPayment)
    check_foreign(told, creation())
    check_wire(told)
    check_wire(desk(c.ReportPaymentTimeout, c.ConfirmPaymentAuthorization, c.VoidPayment))


def test_what_is_held_is_said_with_its_order_amount_and_end() -> None:
    event = desk(c.AuthorizePayment).last
    assert (event.order_id, event.account_id, event.amount) == ("acme:order-1", "acme:acc-1", REQUEST["amount"])
    assert (event.expires_at, event.provider_reference) == (NOW + HOUR, "auth-77")


@pytest.mark.parametrize("cause", [VoidCause.ORDER_REJECTED, VoidCause.ORDER_CANCELLED, VoidCause.ORDER_FAILED])
def test_payments_compensates_an_order_that_ended_unfulfilled(cause: VoidCause) -> None:
    """R279: the money is owed back until it is voided, and payments is who voids it."""
    found = desk(c.AuthorizePayment)
    assert is_owed_back(found.state, found.now)
    assert found.send(c.VoidPayment, cause=cause) == ["PaymentVoided"]
    assert (found.last.cause, found.last.order_id, found.last.provider_reference) == (cause, "acme:order-1", "auth-77")
    assert not is_owed_back(found.state, found.now)
    assert found.refused(c.VoidPayment).code == "STATE_ILLEGAL_TRANSITION"


def test_order_management_never_says_whether_the_money_is_there() -> None:
    """R279."""
    assert not any({"oms", "order-manager"} & row.roles for row in ROWS.values())


def test_no_answer_is_neither_granted_nor_refused() -> None:
    """R163, R298: it stays open until the provider answers, and counts as held as long."""
    found = desk(c.ReportPaymentTimeout)
    assert (found.last.outcome, found.last.failure_code) == (FailureOutcome.NOT_KNOWN, "PROVIDER_TIMEOUT")
    assert found.state.state is PaymentState.OUTCOME_UNKNOWN
    assert found.state.state not in TERMINAL_STATES
    assert is_owed_back(found.state, found.now + timedelta(days=365))


def test_what_was_unknown_is_found_to_be_held_or_not_or_is_made_sure() -> None:
    found = desk(c.ReportPaymentTimeout)
    assert found.send(c.ConfirmPaymentAuthorization) == ["PaymentAuthorized"]
    assert found.state.provider_reference == "auth-77"
    found = desk(c.ReportPaymentTimeout)
    assert found.send(c.DenyPaymentAuthorization) == ["PaymentAuthorizationFailed"]
    assert found.last.outcome is FailureOutcome.DECLINED
    assert not is_owed_back(found.state, found.now)
    found = desk(c.ReportPaymentTimeout)
    assert found.send(c.VoidPayment, cause=VoidCause.PRECAUTION) == ["PaymentVoided"]


@pytest.mark.parametrize("cause", [VoidCause.LAPSED, VoidCause.DUPLICATE])
def test_what_is_unknown_cannot_have_lapsed(cause: VoidCause) -> None:
    assert desk(c.ReportPaymentTimeout).refused(c.VoidPayment, cause=cause).code == "STATE_OUTCOME_UNKNOWN"


def test_a_known_hold_is_given_back_for_a_cause() -> None:
    refusal = desk(c.AuthorizePayment).refused(c.VoidPayment, cause=VoidCause.PRECAUTION)
    assert refusal.code == "STATE_OUTCOME_KNOWN"


def test_a_hold_lapses_at_its_time_and_not_before() -> None:
    """R158."""
    found = desk(c.AuthorizePayment)
    found.now = NOW + HOUR - timedelta(microseconds=1)
    assert found.refused(c.VoidPayment, cause=VoidCause.LAPSED).code == "STATE_HOLD_NOT_LAPSED"
    assert is_owed_back(found.state, found.now)
    found.now = NOW + HOUR
    assert not is_owed_back(found.state, found.now)
    command = found.command(c.VoidPayment, cause=VoidCause.LAPSED)
    (event,) = PAYMENT_AUTHORIZATION.decide(found.state, command, found.now)
    assert event.state is PaymentState.VOIDED


def test_requests_that_make_no_sense() -> None:
    """Amounts, times and tenants (R511)."""
    nothing = Money(amount=Decimal(0), currency="EUR")
    assert desk().refused(c.ReportPaymentTimeout, amount=nothing).code == "STRUCTURAL_AMOUNT"
    assert desk().refused(c.AuthorizePayment, expires_at=NOW).code == "STRUCTURAL_TIME_PAST"
    unknown = desk(c.ReportPaymentTimeout)
    assert unknown.refused(c.ConfirmPaymentAuthorization, expires_at=NOW).code == "STRUCTURAL_TIME_PAST"
    assert desk().refused(c.AuthorizePayment, account_id="other:acc-1").code == "AUTHORIZATION_TENANT"
    with pytest.raises(ValidationError):
        desk().command(c.RefusePaymentAuthorization, outcome=FailureOutcome.NOT_KNOWN)
    with pytest.raises(ValidationError):
        desk().command(c.AuthorizePayment, expires_at=(NOW + HOUR).replace(tzinfo=None))
