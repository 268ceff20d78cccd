"""What people are told of a case, whom it is told, and when."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alert.of_case import EVIDENCE_MAX
from domain.alert.policy import ChannelPolicy, Grouping, QuietHours, RateLimit, Route
from domain.alert.record import Alert
from domain.case.states import Severity
from domain.case_decision import events as e
from domain.drift.finding import Difference
from domain.money import Money
from tests.domain.cases import HOUR, MINUTE, SETTLED, Told, ceased, decided, euros, found

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def alert(told: Told) -> Alert:
    alerts = [step.alert for step in told.steps if step.alert is not None]
    return alerts[-1]


def test_it_says_what_how_much_since_when_who_must_act_and_where() -> None:
    """R240, R241."""
    yen = Money(amount=Decimal(90_000), currency="JPY")
    told = alert(Told(found(leakage=euros("12345.60"), overbilling=yen)))
    assert told.title == "HIGH asset.missing on OrderItem acme:o-1/a: opened"
    assert told.message == (
        "The item is completed, and no asset was made. "
        "Money at risk: 12,345.60 EUR not billed and 90,000 JPY billed too much. Since 2026-03-02 08:00 UTC. "
        "To act: inventory-operations. Inventory is to activate the asset. Due 2026-03-05 08:30 UTC."
    )
    assert told.link == f"/cases/{told.case_id}"
    assert told.evidence[0] == "asset: expected ACTIVE, found nothing"
    assert told.evidence[1].startswith("ProductOrderItemCompleted e-9 (oms.product-orders.v1, ")
    assert told.dedup_key == told.case_id


def test_whoever_took_it_on_is_named_and_a_term_that_was_missed_is_said() -> None:
    told = Told(found(leakage=None), decided(e.CaseAssigned, 1, SETTLED + HOUR))
    told.until(SETTLED + 200 * HOUR)
    assert "Money at risk: none." in alert(told).message
    assert "To act: kim of inventory-operations." in alert(told).message
    assert alert(told).message.endswith("The term was missed.")


def test_the_end_says_how_it_ended() -> None:
    converged = Told(found(), ceased(SETTLED + HOUR))
    converged.until(SETTLED + 2 * HOUR)
    assert alert(converged).message.endswith("The systems agree again.")
    asked = decided(e.CaseWaiverRequested, 2, SETTLED + 2 * HOUR)
    waived = Told(
        found(), decided(e.CaseAssigned, 1, SETTLED + HOUR), asked, decided(e.CaseWaived, 3, SETTLED + 3 * HOUR)
    )
    assert alert(waived).message.endswith("It is put up with until 2026-04-01.")


def test_the_same_cause_at_the_same_owner_is_one_group() -> None:
    keys = {
        (cause, owner): alert(Told(found(cause=cause, corrected_by=owner))).group_key
        for cause in ("account acme:a-1", "catalog publication 7")
        for owner in ("billing", "crm")
    }
    assert len(set(keys.values())) == 4
    assert all(key.startswith("acme:") for key in keys.values())
    assert (
        alert(Told(found(version=9, cause="account acme:a-1", corrected_by="crm"))).group_key
        == keys["account acme:a-1", "crm"]
    )


def test_evidence_is_bounded() -> None:
    many = tuple(Difference(field=f"f{n}", expected="1", actual="2") for n in range(40))
    assert len(alert(Told(found(differences=many))).evidence) == EVIDENCE_MAX


@pytest.mark.parametrize(
    ("route", "takes"),
    [
        (Route(), True),
        (Route(min_severity=Severity.HIGH), False),
        (Route(owners=("billing",)), False),
        (Route(owners=("billing", "inventory")), True),
        (Route(tenants=("other", "ac*")), True),
        (Route(tenants=("other",)), False),
        (Route(not_tenants=("ac*",)), False),
    ],
)
def test_a_channel_is_told_what_concerns_it(route: Route, takes: bool) -> None:
    low = alert(Told(found()))
    assert route.takes(low, told=False) == takes
    assert route.takes(low, told=True), "what was told is told to its end"


@pytest.mark.parametrize(
    ("start", "end", "zone", "now", "until"),
    [
        (time(8), time(17), "UTC", "2026-03-02T07:59", None),
        (time(8), time(17), "UTC", "2026-03-02T08:00", "2026-03-02T17:00"),
        (time(8), time(17), "UTC", "2026-03-02T17:00", None),
        (time(22), time(6), "UTC", "2026-03-02T23:30", "2026-03-03T06:00"),
        (time(22), time(6), "UTC", "2026-03-03T05:59", "2026-03-03T06:00"),
        (time(22), time(6), "UTC", "2026-03-03T06:00", None),
        (time(22), time(6), "Europe/Berlin", "2026-03-02T21:30", "2026-03-03T05:00"),
        # the night the clocks go forward has one hour less
        (time(22), time(6), "Europe/Berlin", "2026-03-28T22:00", "2026-03-29T04:00"),
    ],
)
def test_quiet_hours(start: time, end: time, zone: str, now: str, until: str | None) -> None:
    hours = QuietHours(start, end, zone)
    at = datetime.fromisoformat(f"{now}+00:00")
    assert hours.until(Severity.HIGH, at) == (until and datetime.fromisoformat(f"{until}+00:00"))
    assert hours.until(Severity.CRITICAL, at) is None
    assert ChannelPolicy(quiet=hours).quiet_until(Severity.LOW, at) == hours.until(Severity.LOW, at)
    assert ChannelPolicy().quiet_until(Severity.LOW, at) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 600), max_size=30), st.integers(1, 5))
def test_no_period_has_more_messages_than_the_limit(asked_at: list[int], most: int) -> None:
    limit = RateLimit(most, timedelta(seconds=60))
    sent: list[datetime] = []
    for second in sorted(asked_at):
        now = NOW + timedelta(seconds=second)
        wait = limit.next_at(sent, now)
        if wait is None:
            sent.append(now)
        else:
            assert now < wait <= now + limit.period
    for at in sent:
        assert sum(at <= other < at + limit.period for other in sent) <= most


def test_alerts_of_a_group_wait_for_each_other_unless_they_are_urgent() -> None:
    grouping = Grouping(wait=10 * MINUTE, interval=HOUR)
    assert grouping.due_at(Severity.LOW, NOW, None) == NOW + 10 * MINUTE
    assert grouping.due_at(Severity.LOW, NOW, NOW - 5 * MINUTE) == NOW + 55 * MINUTE
    assert grouping.due_at(Severity.LOW, NOW, NOW - 5 * HOUR) == NOW + 10 * MINUTE
    assert grouping.due_at(Severity.CRITICAL, NOW, NOW) == NOW
