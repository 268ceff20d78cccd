"""Provisioning: the technical result, known only when somebody answered or looked (R163, R169, R270, R298)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.command import Command
from domain.provisioning_request import commands as c
from domain.provisioning_request.aggregate import MACHINE, PROVISIONING_REQUEST
from domain.provisioning_request.events import EVENTS
from domain.provisioning_request.guards import ATTEMPTS_MAX
from domain.provisioning_request.machine import ROWS
from domain.provisioning_request.states import (
    TERMINAL_STATES,
    ObservationTrigger,
    Operation,
    ProvisioningState,
    ServiceStatus,
)
from tests.domain import machine_walk as walks
from tests.domain.desk import Desk, check_claims, check_foreign, check_wire
from tests.domain.machine_walk import NOW, Choose
from tests.domain.orders import creation

ID = "acme:provisioning-1"
HOUR = timedelta(hours=1)
DUE = NOW + HOUR
SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.StartProvisioning: {
        "order_id": "acme:order-1",
        "plan_id": "acme:plan-1",
        "task_id": "task-1",
        "item_id": "a",
        "product_instance_id": "acme:order-1/a",
        "service_id": "svc-1",
        "operation": Operation.ACTIVATE,
        "target_system": "access-network",
        "configuration_fingerprint": "f" * 64,
        "answer_due_at": DUE,
    },
    c.RetryProvisioning: {"answer_due_at": NOW + 3 * HOUR},
    c.CompleteProvisioning: {"service_activation_date": NOW},
    c.FailProvisioning: {"failure_code": "PORT_FAULT", "retryable": True},
    c.ReportProvisioningOverdue: {},
    c.ObserveServiceStatus: {"service_status": ServiceStatus.UP, "observed_at": NOW},
}


def sample(_: object, kind: type[Command], command_id: str, choose: Choose) -> Command:
    fields = dict(SAMPLES[kind])
    minutes = choose((0, 2, 4, 6))
    if "answer_due_at" in fields:
        fields["answer_due_at"] = NOW + choose((timedelta(minutes=3), timedelta(minutes=8), HOUR))
    if kind is c.StartProvisioning:
        fields["operation"] = choose((Operation.ACTIVATE, Operation.MODIFY, Operation.SUSPEND))
    if kind is c.CompleteProvisioning and choose((True, False)):
        fields["service_activation_date"] = None
    if kind is c.FailProvisioning:
        fields["retryable"] = choose((True, True, False))
    if kind is c.ObserveServiceStatus:
        seen = choose((ServiceStatus.UP, ServiceStatus.UP, *ServiceStatus))
        fields |= {"service_status": seen, "observed_at": NOW + timedelta(minutes=minutes)}
    return kind(**walks.envelope(MACHINE, kind, ID, command_id, choose), **fields)


SUBJECT = walks.Subject(MACHINE, EVENTS, ProvisioningState, sample)
TestWalk = walks.walk(SUBJECT)


def desk(*steps: type[Command]) -> Desk:
    return Desk(PROVISIONING_REQUEST, MACHINE, SAMPLES, ID, *steps)


def overdue(operation: Operation = Operation.ACTIVATE) -> Desk:
    """A request whose answer did not come in time."""
    found = desk()
    found.send(c.StartProvisioning, operation=operation)
    found.now = DUE
    found.send(c.ReportProvisioningOverdue)
    return found


def look(found: Desk, status: ServiceStatus, at: datetime | None = None) -> None:
    found.send(c.ObserveServiceStatus, service_status=status, observed_at=at or found.now)


def test_the_table_is_complete_and_true() -> None:
    walks.check_table(SUBJECT, c)
    walks.check_emissions(SUBJECT)
    walks.check_matrix(SUBJECT)
    walks.check_roles(SUBJECT)
    walks.check_beginning(SUBJECT)
    check_claims(desk())
    told = desk(
        c.StartProvisioning, c.FailProvisioning, c.ObserveServiceStatus, c.RetryProvisioning, c.CompleteProvisioning
    )
    check_foreign(told, creation())
    check_wire(told)


def test_every_event_names_what_it_is_about() -> None:
    found = desk(c.StartProvisioning, c.FailProvisioning, c.RetryProvisioning, c.CompleteProvisioning)
    look(found, ServiceStatus.UP)
    for event in found.events:
        assert (event.order_id, event.plan_id, event.task_id) == ("acme:order-1", "acme:plan-1", "task-1")
        assert (event.item_id, event.product_instance_id, event.service_id) == ("a", "acme:order-1/a", "svc-1")
    assert [event.attempt for event in found.events] == [1, 1, 2, 2, 2]
    assert found.events[3].configuration_fingerprint == "f" * 64


def test_provisioning_never_says_anything_about_the_order() -> None:
    """R169: no state of the order in its events, no command of its own for order management."""
    assert not any({"oms", "order-manager"} & row.roles for row in ROWS.values())
    assert not any("order_state" in event.model_fields for event in EVENTS)
    assert all(event.__name__.startswith(("Provisioning", "ServiceStatus")) for event in EVENTS)


def test_a_late_answer_is_an_unknown_outcome_and_not_a_failure() -> None:
    """R163, R298."""
    found = desk(c.StartProvisioning)
    found.now = DUE - timedelta(microseconds=1)
    assert found.refused(c.ReportProvisioningOverdue).code == "STATE_ANSWER_NOT_DUE"
    found = overdue()
    assert found.state.state is ProvisioningState.OUTCOME_UNKNOWN
    assert found.state.state not in TERMINAL_STATES
    assert (found.last.service_status, found.last.trigger, found.last.observed_at) == (
        ServiceStatus.NOT_KNOWN,
        ObservationTrigger.ANSWER_OVERDUE,
        DUE,
    )


def test_an_unknown_outcome_is_not_tried_again_nor_guessed() -> None:
    """R163, R297, R298."""
    found = overdue()
    assert found.refused(c.RetryProvisioning).code == "STATE_ILLEGAL_TRANSITION"
    for kind in (c.CompleteProvisioning, c.FailProvisioning):
        assert found.refused(kind).code == "STATE_OUTCOME_NOT_OBSERVED"
    look(found, ServiceStatus.NOT_KNOWN)
    assert found.refused(c.CompleteProvisioning).code == "STATE_OUTCOME_NOT_OBSERVED"
    assert found.last.trigger is ObservationTrigger.INQUIRY


def test_what_was_seen_before_the_answer_was_due_settles_nothing() -> None:
    found = overdue()
    look(found, ServiceStatus.UP, NOW)
    assert found.refused(c.CompleteProvisioning).code == "STATE_OUTCOME_NOT_OBSERVED"


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (Operation.ACTIVATE, ServiceStatus.UP),
        (Operation.MODIFY, ServiceStatus.DEGRADED),
        (Operation.RESUME, ServiceStatus.UP),
        (Operation.SUSPEND, ServiceStatus.SUSPENDED),
        (Operation.DEACTIVATE, ServiceStatus.ABSENT),
    ],
)
def test_an_unknown_outcome_is_a_success_when_the_network_shows_it(operation: Operation, status: ServiceStatus) -> None:
    found = overdue(operation)
    live = NOW if operation is Operation.ACTIVATE else None
    look(found, ServiceStatus.DOWN)
    refusal = found.refused(c.CompleteProvisioning, service_activation_date=live)
    assert refusal.code == "STATE_OUTCOME_CONTRADICTED"
    look(found, status)
    assert found.send(c.CompleteProvisioning, service_activation_date=live) == ["ProvisioningSucceeded"]


def test_an_unknown_outcome_is_a_failure_when_the_network_shows_it() -> None:
    found = overdue()
    look(found, ServiceStatus.ABSENT)
    assert found.send(c.FailProvisioning) == ["ProvisioningFailed"]
    found.send(c.RetryProvisioning)
    assert found.state.seen_since_unknown is None


def test_what_may_be_tried_again_is_so_many_times_and_no_more() -> None:
    """R159."""
    found = desk(c.StartProvisioning)
    for _ in range(ATTEMPTS_MAX - 1):
        found.send(c.FailProvisioning)
        assert found.state.state is ProvisioningState.FAILED_RETRYABLE
        found.send(c.RetryProvisioning)
    found.send(c.FailProvisioning)
    assert found.refused(c.RetryProvisioning).code == "POLICY_TRIES_EXHAUSTED"
    found = desk(c.StartProvisioning)
    found.send(c.FailProvisioning, retryable=False, partially_applied=True)
    assert (found.last.retryable, found.last.partially_applied) == (False, True)
    assert found.refused(c.RetryProvisioning).code == "STATE_ILLEGAL_TRANSITION"


def test_the_network_is_looked_at_whatever_came_of_the_request() -> None:
    """R270: a service that is down later does not change the result of before."""
    found = desk(c.StartProvisioning, c.CompleteProvisioning)
    look(found, ServiceStatus.DOWN)
    assert (found.last.service_status, found.last.trigger) == (ServiceStatus.DOWN, ObservationTrigger.ROUTINE)
    assert found.state.state is ProvisioningState.SUCCEEDED
    refusal = found.refused(c.ObserveServiceStatus, observed_at=found.last.observed_at - timedelta(seconds=1))
    assert refusal.code == "CONFLICT_OBSERVATION_OLDER"
    ahead = found.refused(c.ObserveServiceStatus, observed_at=found.now + timedelta(seconds=1))
    assert ahead.code == "STRUCTURAL_TIME_AHEAD"


def test_an_activation_says_since_when_and_an_end_does_not() -> None:
    """R275."""
    found = desk(c.StartProvisioning)
    assert found.refused(c.CompleteProvisioning, service_activation_date=None).code == "STRUCTURAL_ACTIVATION_DATE"
    ahead = found.refused(c.CompleteProvisioning, service_activation_date=found.now + HOUR)
    assert ahead.code == "STRUCTURAL_TIME_AHEAD"
    ended = desk()
    ended.send(c.StartProvisioning, operation=Operation.DEACTIVATE)
    assert ended.refused(c.CompleteProvisioning).code == "STRUCTURAL_ACTIVATION_DATE"
    assert ended.send(c.CompleteProvisioning, service_activation_date=None) == ["ProvisioningSucceeded"]


def test_requests_that_make_no_sense() -> None:
    """Times and tenants (R511)."""
    assert desk().refused(c.StartProvisioning, answer_due_at=NOW).code == "STRUCTURAL_TIME_PAST"
    assert desk().refused(c.StartProvisioning, order_id="other:order-1").code == "AUTHORIZATION_TENANT"
