"""Reservations: a state machine of inventory, which order management only observes (R168)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.command import Command
from domain.reservation import commands as c
from domain.reservation.aggregate import MACHINE, RESERVATION
from domain.reservation.events import EVENTS
from domain.reservation.machine import ATTEMPTS_MAX, ROWS
from domain.reservation.states import TERMINAL_STATES, ReleaseCause, ReservationState, ResourceKind
from tests.domain import machine_walk as walks
from tests.domain.desk import Desk, check_claims, check_foreign, check_wire
from tests.domain.machine_walk import NOW, Choose
from tests.domain.orders import creation

ID = "acme:reservation-1"
HOUR = timedelta(hours=1)
FREE = c.Availability(resource_ids=("port-2", "port-1", "port-3"))
NONE = c.Availability(resource_ids=("port-1",))
UNFIT = c.Availability(failure_code="SITE_NOT_SERVED", retryable=False)
SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.ReserveResource: {
        "order_id": "acme:order-1",
        "plan_id": "acme:plan-1",
        "task_id": "task-1",
        "item_id": "a",
        "product_instance_id": "acme:order-1/a",
        "resource_kind": ResourceKind.PORT,
        "quantity": 2,
        "expires_at": NOW + HOUR,
        "availability": FREE,
    },
    c.RetryResourceReservation: {"expires_at": NOW + 2 * HOUR, "availability": FREE},
    c.ExpireResourceReservation: {},
    c.ReleaseResource: {"cause": ReleaseCause.CONSUMED},
}


def sample(_: object, kind: type[Command], command_id: str, choose: Choose) -> Command:
    fields = dict(SAMPLES[kind])
    if "expires_at" in fields:
        fields["expires_at"] = NOW + choose((timedelta(minutes=3), HOUR))
        fields["availability"] = choose((FREE, NONE, NONE, UNFIT))
    if kind is c.ReleaseResource:
        fields["cause"] = choose(tuple(ReleaseCause))
    return kind(**walks.envelope(MACHINE, kind, ID, command_id, choose), **fields)


SUBJECT = walks.Subject(MACHINE, EVENTS, ReservationState, sample)
TestWalk = walks.walk(SUBJECT)


def desk(*steps: type[Command]) -> Desk:
    return Desk(RESERVATION, MACHINE, SAMPLES, ID, *steps)


def failed(availability: c.Availability = NONE) -> Desk:
    found = desk()
    found.send(c.ReserveResource, availability=availability)
    return found


def test_the_table_is_complete_and_true() -> None:
    walks.check_table(SUBJECT, c)
    walks.check_emissions(SUBJECT)
    walks.check_matrix(SUBJECT)
    walks.check_roles(SUBJECT)
    walks.check_beginning(SUBJECT)
    check_claims(desk())
    told = desk(c.ReserveResource, c.ReleaseResource)
    check_foreign(told, creation())
    check_wire(told)
    check_wire(failed())


def test_what_is_asked_for_is_set_aside_exactly() -> None:
    found = desk(c.ReserveResource)
    event = found.last
    assert event.resource_ids == ("port-1", "port-2")
    assert (event.order_id, event.plan_id, event.task_id) == ("acme:order-1", "acme:plan-1", "task-1")
    assert (event.item_id, event.product_instance_id) == ("a", "acme:order-1/a")
    assert event.expires_at == NOW + HOUR
    assert event.state is ReservationState.RESERVED


def test_too_little_is_a_failure_and_no_half_reservation() -> None:
    event = failed().last
    assert (event.failure_code, event.available_quantity, event.retryable) == ("INSUFFICIENT_RESOURCES", 1, True)
    assert failed().state.resource_ids == ()
    assert failed(UNFIT).last.failure_code == "SITE_NOT_SERVED"


def test_a_shortage_can_be_tried_again_so_many_times_and_no_more() -> None:
    """R159."""
    found = failed()
    assert found.send(c.RetryResourceReservation) == ["ResourceReserved"]
    assert [event.attempt for event in found.events] == [1, 2]
    found = failed()
    for attempt in range(2, ATTEMPTS_MAX + 1):
        found.send(c.RetryResourceReservation, availability=NONE)
        assert found.last.attempt == attempt
    assert found.refused(c.RetryResourceReservation).code == "POLICY_TRIES_EXHAUSTED"
    assert failed(UNFIT).refused(c.RetryResourceReservation).code == "STATE_NOT_RETRYABLE"


def test_it_lapses_at_its_time_and_not_before() -> None:
    """R158: the time is an argument; to the microsecond it is one or the other."""
    found = desk(c.ReserveResource)
    found.now = NOW + HOUR - timedelta(microseconds=1)
    assert found.refused(c.ExpireResourceReservation).code == "STATE_RESERVATION_NOT_DUE"
    assert RESERVATION.decide(found.state, found.command(c.ReleaseResource), found.now)
    found.now = NOW + HOUR
    assert found.refused(c.ReleaseResource).code == "STATE_RESERVATION_LAPSED"
    (expired,) = RESERVATION.decide(found.state, found.command(c.ExpireResourceReservation), found.now)
    found.events.append(expired)
    check_wire(found)
    assert expired.expires_at == NOW + HOUR
    assert expired.resource_ids == ("port-1", "port-2")
    assert expired.state is ReservationState.EXPIRED


@pytest.mark.parametrize("kind", [c.ReserveResource, c.RetryResourceReservation])
def test_a_reservation_of_the_past_is_refused(kind: type[Command]) -> None:
    found = desk() if kind is c.ReserveResource else failed()
    assert found.refused(kind, expires_at=found.now).code == "STRUCTURAL_TIME_PAST"
    twice = c.Availability(resource_ids=("port-1", "port-1"))
    assert found.refused(kind, availability=twice).code == "STRUCTURAL_RESOURCE_TWICE"


def test_a_release_says_whether_the_task_got_what_it_needed() -> None:
    found = desk(c.ReserveResource)
    found.send(c.ReleaseResource, cause=ReleaseCause.COMPENSATED, role="fulfillment")
    assert (found.last.cause, found.last.actor_role) == (ReleaseCause.COMPENSATED, "fulfillment")
    assert found.state.state in TERMINAL_STATES


def test_order_management_only_observes() -> None:
    """R168: no command of a reservation can be sent by OMS."""
    assert not any("oms" in row.roles or "order-manager" in row.roles for row in ROWS.values())


def test_another_tenants_order_cannot_be_named() -> None:
    """R511."""
    assert desk().refused(c.ReserveResource, order_id="other:order-1").code == "AUTHORIZATION_TENANT"
    assert desk().refused(c.ReserveResource, plan_id="plan-1").code == "STRUCTURAL_ID"
