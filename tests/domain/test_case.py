"""The life of a case: opened by a finding, closed by truth or people, and open again when that does not hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.case.history import ENTRIES_MAX, broken_at
from domain.case.inputs import Reached, micros
from domain.case.policy import REFERENCE
from domain.case.states import AgingBucket, CaseStatus, Severity
from domain.case_decision import events as e
from domain.fold.facts import Outcome
from domain.money import Money
from tests.domain.cases import DAY, HOUR, MINUTE, SETTLED, START, Told, ceased, decided, euros, found

S = CaseStatus
BILLING = {"rule_id": "billing.handoff", "verdict": "MISSING_CHARGE"}
HISTORIC = {"rule_id": "state.duplicate-order"}


def at(**since_settled: Any) -> datetime:
    return SETTLED + timedelta(**since_settled)


def assigned(version: int = 1) -> Any:
    return decided(e.CaseAssigned, version, at(hours=1))


def proposed(version: int = 2) -> Any:
    return decided(e.CaseResolutionProposed, version, at(hours=2))


def resolved(version: int = 3, **fields: Any) -> Any:
    return decided(e.CaseResolved, version, at(hours=3), **fields)


def waiver(version: int = 2, **fields: Any) -> Any:
    return decided(e.CaseWaiverRequested, version, at(hours=2), **fields)


def waived(version: int = 3, **fields: Any) -> Any:
    return decided(e.CaseWaived, version, at(hours=3), **fields)


def test_a_finding_opens_a_case_routed_to_whoever_corrects_it() -> None:
    """R240."""
    told = Told(found())
    case = told.now
    assert (case.status, case.standing, case.openings, case.flaps) == (S.OPEN, True, 1, 0)
    assert (case.owner, case.team, case.assignee_id) == ("inventory", "inventory-operations", None)
    assert (case.since, case.opened_at) == (START, SETTLED)
    assert [ref.event_id for ref in case.evidence] == ["e-9"]
    assert told.alerts == ["OPENED/1"]
    assert told.told == ["OPENED"]


@pytest.mark.parametrize(
    ("money", "severity", "hours"),
    [("999.99", "LOW", 168), ("1000", "MEDIUM", 120), ("10000", "HIGH", 72), ("100000", "CRITICAL", 24)],
)
def test_severity_by_money_fixes_the_term_at_the_opening(money: str, severity: str, hours: int) -> None:
    """R241: it may rise later, the term stays."""
    told = Told(found(leakage=euros(money)))
    assert (told.now.severity, told.now.sla_due) == (severity, at(hours=hours))
    told.tell(found(version=2, at=at(minutes=5), leakage=euros("500000")))
    assert (told.now.severity, told.now.sla_due) == (Severity.CRITICAL, at(hours=hours))


@pytest.mark.parametrize(
    "fields",
    [{"regulated": True}, {"rule_id": "financial.charge-vs-invoice"}, {"rule_id": "state.decided-without-authority"}],
)
def test_what_is_regulatory_is_critical(fields: dict[str, Any]) -> None:
    told = Told(found(leakage=None, **fields))
    assert (told.now.severity, told.now.regulatory) == (Severity.CRITICAL, True)


def test_severity_and_bucket_rise_with_age_and_the_term_is_missed_once() -> None:
    """R241, R342."""
    told = Told(found())
    seen = []
    for hours in (0, 24, 72, 120, 168):
        told.until(at(hours=hours))
        seen.append((hours, told.now.severity, told.now.aging, told.now.sla_missed))
    assert seen == [
        (0, Severity.LOW, AgingBucket.UNDER_24_H, False),
        (24, Severity.MEDIUM, AgingBucket.UNDER_72_H, False),
        (72, Severity.HIGH, AgingBucket.UNDER_120_H, False),
        (120, Severity.CRITICAL, AgingBucket.UNDER_168_H, False),
        (168, Severity.CRITICAL, AgingBucket.OVER_168_H, True),
    ]
    assert (told.now.status, told.now.escalated_to) == (S.ESCALATED, "reconciliation-supervisor")
    assert told.alerts == ["OPENED/1", "UPDATED/2", "UPDATED/3", "UPDATED/4", "UPDATED/5"]
    assert told.steps[-1].wake_us is None


def test_leakage_and_overbilling_apart_and_together() -> None:
    both = Told(found(leakage=euros("700.10"), overbilling=euros("400.05"))).now
    assert (both.leakage, both.overbilling, both.money_at_risk) == (euros("700.10"), euros("400.05"), euros("1100.15"))
    assert both.severity is Severity.MEDIUM
    mixed = Told(found(overbilling=Money(amount=Decimal(20_000), currency="USD"))).now
    assert (mixed.money_at_risk, mixed.severity) == (None, Severity.HIGH)


def test_truth_that_converges_closes_the_case_after_a_while_and_resolves_the_alert() -> None:
    """R242."""
    told = Told(found(), assigned())
    told.tell(ceased(at(hours=5)))
    assert (told.now.status, told.now.standing, told.now.ceased_at) == (S.ASSIGNED, False, at(hours=5))
    assert told.alerts == ["OPENED/1"]
    told.until(at(hours=5, minutes=30))
    assert (told.now.status, told.now.closed_at) == (S.CONVERGED, at(hours=5, minutes=30))
    assert told.alerts == ["OPENED/1", "RESOLVED/2"]
    told.until(at(days=30))
    assert told.now.severity is Severity.LOW
    assert not told.now.sla_missed


def test_a_mismatch_that_comes_and_goes_is_one_case_with_one_alert() -> None:
    told = Told(found(), assigned())
    for n in range(3):
        told.tell(ceased(at(hours=2 + n), 2 + 2 * n))
        told.tell(found(version=3 + 2 * n, at=at(hours=2 + n, minutes=29), since=at(hours=2 + n, minutes=20)))
    assert (told.now.status, told.now.flaps, told.now.openings) == (S.ASSIGNED, 3, 1)
    assert (told.now.opened_at, told.now.assignee_id) == (SETTLED, "kim")
    assert told.alerts == ["OPENED/1"]
    assert told.told.count("CAME_BACK") == 3


def test_a_mismatch_that_returns_after_the_closing_opens_the_case_again() -> None:
    told = Told(found(), assigned(), ceased(at(hours=2)))
    told.until(at(hours=3))
    told.tell(found(version=3, at=at(hours=9), since=at(hours=8), leakage=euros("20000")))
    case = told.now
    assert (case.status, case.openings, case.flaps, case.assignee_id) == (S.OPEN, 2, 1, None)
    assert (case.opened_at, case.sla_due) == (at(hours=8, minutes=30), at(hours=8, minutes=30) + 72 * HOUR)
    assert told.alerts == ["OPENED/1", "RESOLVED/2", "OPENED/3"]
    assert told.told == ["OPENED", "CaseAssigned", "CEASED", "CONVERGED", "REOPENED"]


def test_the_closing_is_told_even_when_nobody_woke_before_the_return() -> None:
    told = Told(found(), ceased(at(hours=2)), found(version=3, at=at(hours=9), since=at(hours=8)))
    assert (told.now.status, told.now.openings) == (S.OPEN, 2)
    assert told.told == ["OPENED", "CEASED", "CONVERGED", "REOPENED"]


def test_people_close_what_has_happened_and_cannot_be_undone() -> None:
    told = Told(found(**HISTORIC), assigned(), proposed(), resolved())
    assert (told.now.status, told.now.closed_at, told.now.standing) == (S.RESOLVED, at(hours=3), True)
    assert told.now.proposal is not None
    assert (told.now.proposal.proposed_by, told.now.proposal.approved_by) == ("kim", "max")
    told.until(at(days=90))
    assert told.now.status is S.RESOLVED
    assert told.alerts == ["OPENED/1", "RESOLVED/2"]


def test_a_resolution_over_a_mismatch_that_stands_opens_the_case_again() -> None:
    told = Told(found(), assigned(), proposed(), resolved())
    assert told.now.status is S.RESOLVED
    told.until(at(hours=3, minutes=30))
    assert (told.now.status, told.now.assignee_id) == (S.OPEN, None)
    assert told.told[-1] == "STILL_STANDS"
    in_time = Told(found(), assigned(), proposed(), resolved(), ceased(at(hours=3, minutes=20)))
    in_time.until(at(days=9))
    assert in_time.now.status is S.RESOLVED


def test_a_billing_case_closes_by_convergence_alone() -> None:
    """R237-R239: the mismatch and the open case go together, at every moment."""
    told = Told(found(**BILLING), assigned(), proposed(), resolved())
    assert (told.now.status, told.told[-2:]) == (S.OPEN, ["CaseResolved", "STILL_STANDS"])
    told.tell(decided(e.CaseAssigned, 4, at(hours=4)), decided(e.CaseWaiverRequested, 5, at(hours=5)))
    told.tell(decided(e.CaseWaived, 6, at(hours=6)))
    assert told.now.status is S.WAIVER_REQUESTED
    assert told.now.waiver is not None
    assert (told.now.waiver.approved_by, told.now.waiver.awaits_owner) == ("max", True)
    told.tell(ceased(at(hours=7), 2))  # billing's non-billing reason excuses the row
    told.until(at(hours=8))
    assert told.now.status is S.CONVERGED


def test_a_waiver_closes_until_it_ends() -> None:
    until = at(days=10)
    told = Told(found(), assigned(), waiver(valid_until=until), waived(valid_until=until))
    assert (told.now.status, told.alerts) == (S.WAIVED, ["OPENED/1", "RESOLVED/2"])
    told.until(until - MINUTE)
    assert told.now.status is S.WAIVED
    told.until(until)
    # the term of the case was over long before
    assert (told.now.status, told.now.escalated_to) == (S.ESCALATED, "reconciliation-supervisor")
    assert told.told[-3:-1] == ["WAIVER_ENDED", "SLA_MISSED"]
    assert told.alerts == ["OPENED/1", "RESOLVED/2", "OPENED/3"]


def test_a_waiver_nobody_allowed_lapses_and_one_of_what_converged_is_moot() -> None:
    told = Told(found(), assigned(), waiver(valid_until=at(hours=10)))
    told.until(at(hours=10))
    assert (told.now.status, told.told[-1]) == (S.OPEN, "WAIVER_LAPSED")
    moot = Told(found(), assigned(), waiver(), waived(), ceased(at(hours=4)))
    moot.until(at(days=60))
    assert moot.now.status is S.CONVERGED


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([assigned(), proposed(), resolved(actor_id="kim")], "AUTHORIZATION_FOUR_EYES"),
        ([assigned(), waiver(), waived(actor_id="kim")], "AUTHORIZATION_FOUR_EYES"),
        ([assigned(), proposed(), resolved(actor_role="reconciliation-analyst")], "AUTHORIZATION_ROLE"),
        ([decided(e.CaseAssigned, 1, at(hours=1), actor_role="sales")], "AUTHORIZATION_ROLE"),
        ([proposed(1)], "STATE_ILLEGAL_TRANSITION"),
        ([resolved(1)], "STATE_ILLEGAL_TRANSITION"),
        ([assigned(), waiver(valid_until=at(hours=1))], "STRUCTURAL_TIME_PAST"),
        ([decided(e.CaseAssigned, 1, START - HOUR, mismatch_since=START - DAY)], "STALENESS_EARLIER_MISMATCH"),
    ],
)
def test_a_decision_that_may_not_be_is_refused_and_on_record(given: list[Any], code: str) -> None:
    """R503, R510: also when it was forged past the console."""
    told = Told(found(), *given[:-1])
    before = told.now.status
    told.tell(given[-1])
    entry = told.now.history[-1]
    assert (told.now.status, told.now.refused_count) == (before, 1)
    assert (entry.what, entry.code, entry.event_id) == ("DECISION_REFUSED", code, given[-1].ref.event_id)
    assert given[-1].decision.actor_id in entry.text


def test_what_was_asked_can_be_turned_down_and_what_was_closed_taken_back() -> None:
    reopened = decided(e.CaseReopened, 3, at(hours=3), actor_id="max", actor_role="reconciliation-supervisor")
    assert Told(found(), assigned(), proposed(), reopened).now.status is S.OPEN
    assert Told(found(), assigned(), waiver(), reopened).now.status is S.OPEN
    back = decided(e.CaseReopened, 4, at(hours=4))
    assert Told(found(**HISTORIC), assigned(), proposed(), resolved(), back).now.status is S.OPEN


def test_a_case_is_escalated_and_taken_on_again() -> None:
    told = Told(found(), decided(e.CaseEscalated, 1, at(hours=1)))
    assert (told.now.status, told.now.escalated_to) == (S.ESCALATED, "finance-approver")
    assert told.alerts == ["OPENED/1", "UPDATED/2"]
    told.tell(decided(e.CaseAssigned, 2, at(hours=2), assignee_id="max"))
    assert (told.now.status, told.now.assignee_id) == (S.ASSIGNED, "max")


def test_what_comes_twice_or_late_changes_nothing() -> None:
    """Replaying makes no second case and no second alert."""
    given = [found(), assigned(), ceased(at(hours=5)), found(version=3, at=at(hours=9), since=at(hours=8))]
    told = Told(*given)
    told.until(at(hours=9))
    before = told.file.to_plain()
    for one in given:
        done = told.tell(one)
        assert done.outcome in (Outcome.DUPLICATE, Outcome.STALE)
        assert (done.case, done.alert) == (None, None)
    assert told.file.to_plain() == before


def test_a_decision_waits_for_a_case_nobody_knows_yet() -> None:
    told = Told(assigned())
    assert (told.case, told.steps[-1].wake_us) == (None, None)
    told.tell(found())
    assert told.now.status is S.ASSIGNED


def test_a_finding_that_changes_its_verdict_is_the_same_case() -> None:
    told = Told(found(**BILLING))
    told.tell(found(version=2, at=at(hours=1), rule_id="billing.handoff", verdict="BASIS_MISMATCH"))
    assert (told.now.openings, told.now.verdict, told.told) == (1, "BASIS_MISMATCH", ["OPENED", "VERDICT_CHANGED"])
    assert told.alerts == ["OPENED/1", "UPDATED/2"]


def test_the_history_is_bounded_and_its_chain_shows_a_change() -> None:
    told = Told(found())
    for n in range(60):
        told.tell(decided(e.CaseAssigned, n + 1, at(minutes=n), assignee_id=f"p-{n}"))
    case = told.now
    assert (case.history_count, len(case.history)) == (61, ENTRIES_MAX)
    assert broken_at(case.history) is None
    forged = (*case.history[:5], case.history[5].model_copy(update={"text": "Nothing."}), *case.history[6:])
    assert broken_at(forged) == case.history[5].number
    assert broken_at((*case.history[:5], *case.history[6:])) == case.history[6].number


def test_the_policy_is_whole() -> None:
    assert REFERENCE.team("nobody-knows") == "reconciliation"
    assert REFERENCE.turns() == (24 * HOUR, 72 * HOUR, 120 * HOUR, 168 * HOUR)
    assert [level.severity for level in REFERENCE.levels] == list(Severity)
    assert Told(found(), Reached(micros(SETTLED) - 1)).steps[-1].outcome is Outcome.STALE
