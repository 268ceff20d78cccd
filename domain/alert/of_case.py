"""The alert a case calls for: opened, updated, resolved (R240, R241)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from domain.alert.record import Alert, Transition
from domain.alert.told import Told
from domain.case.record import ReconciliationCase
from domain.case.states import CLOSED, CaseStatus
from domain.currency import EXPONENTS
from domain.money import Money

EVIDENCE_MAX = 12
"""Lines of evidence an alert carries; the case has all."""


def group_key(tenant: str, owner: str, cause: str) -> str:
    """What alerts of one cause that one system is to mend have in common; begins with the tenant."""
    return f"{tenant}:{hashlib.sha256(f'{owner} {cause}'.encode()).hexdigest()[:24]}"


def alert_of(case: ReconciliationCase, told: Told, at: datetime) -> tuple[Alert | None, Told]:
    """What is to be told now, None when nothing, and what was told then.

    A case that is open calls for somebody; while it does, only what makes a difference to them is told again: severity,
    verdict, escalation, and a term that was missed.
    """
    firing = case.status not in CLOSED
    about = "/".join(
        (case.severity, case.verdict or "", str(case.status is CaseStatus.ESCALATED), str(case.sla_missed))
    )
    if firing == told.firing and (about == told.about or not firing):
        return None, told
    transition = Transition.RESOLVED
    if firing:
        transition = Transition.UPDATED if told.firing else Transition.OPENED
    now = Told(told.version + 1, firing, about)
    return _alert(case, transition, now.version, at), now


def _alert(case: ReconciliationCase, transition: Transition, version: int, at: datetime) -> Alert:
    return Alert(
        dedup_key=case.case_id,
        version=version,
        transition=transition,
        group_key=group_key(case.case_id.partition(":")[0], case.owner, case.cause),
        cause=case.cause,
        case_id=case.case_id,
        rule_id=case.rule_id,
        verdict=case.verdict,
        severity=case.severity,
        owner=case.owner,
        team=case.team,
        assignee_id=case.assignee_id,
        title=_title(case, transition),
        message=_message(case, transition),
        money_at_risk=case.money_at_risk,
        since=case.since,
        sla_due=case.sla_due,
        link=f"/cases/{case.case_id}",
        evidence=tuple(_evidence(case))[:EVIDENCE_MAX],
        occurred_at=at,
        derivation=case.derivation,
    )


def _title(case: ReconciliationCase, transition: Transition) -> str:
    what = case.verdict or case.rule_id
    return f"{case.severity} {what} on {case.entity_type} {case.entity_id}: {transition.value.lower()}"


def _message(case: ReconciliationCase, transition: Transition) -> str:
    if transition is Transition.RESOLVED:
        ended = {
            CaseStatus.CONVERGED: "The systems agree again.",
            CaseStatus.WAIVED: f"It is put up with until {_day(case.waiver.valid_until)}." if case.waiver else "",
        }.get(case.status, "It was resolved.")
        return f"{case.summary} {ended}".strip()
    who = f"{case.assignee_id} of {case.team}" if case.assignee_id else case.team
    late = " The term was missed." if case.sla_missed else f" Due {_minute(case.sla_due)}."
    return (
        f"{case.summary} Money at risk: {_money(case)}. Since {_minute(case.since)}. "
        f"To act: {who}. {case.next_action}{late}"
    )


def _money(case: ReconciliationCase) -> str:
    parts = [(case.leakage, "not billed"), (case.overbilling, "billed too much")]
    found = [f"{_amount(money)} {what}" for money, what in parts if money is not None and money.amount]
    return " and ".join(found) or "none"


def _amount(money: Money) -> str:
    return f"{money.amount:,.{EXPONENTS.get(money.currency, 2)}f} {money.currency}"


def _evidence(case: ReconciliationCase) -> Iterator[str]:
    for difference in case.differences:
        yield f"{difference.field}: expected {difference.expected or 'nothing'}, found {difference.actual or 'nothing'}"
    for ref in case.evidence:
        yield f"{ref.event_type} {ref.event_id} ({ref.topic}, partition {ref.partition}, offset {ref.offset})"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
