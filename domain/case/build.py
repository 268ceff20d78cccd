"""The record of a case, from its file and how it has gone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from domain.case.file import CaseFile
from domain.case.inputs import moment, span
from domain.case.lifecycle import Course, Opening
from domain.case.policy import BILLING, CasePolicy
from domain.case.record import AGGREGATE, CaseProposal, CaseWaiver, ReconciliationCase
from domain.case.states import CLOSED, CaseStatus, Severity
from domain.derivation import Authority, Derivation, InputRef
from domain.drift.finding import DriftFinding
from domain.fold.uses import uses_of
from domain.money import Money

_KEPT = (
    *("rule_id", "rule_version", "kind", "verdict", "entity_type", "entity_id", "order_id", "item_id", "quote_id"),
    *("account_id", "product_instance_id", "component_id", "since", "leakage", "overbilling", "summary"),
    *("next_action", "cause", "differences", "also_found"),
)


def total(finding: DriftFinding) -> Money | None:
    """Leakage and overbilling together; None without money, or when they are in two currencies."""
    found = [m for m in (finding.leakage, finding.overbilling) if m is not None]
    if not found or len({m.currency for m in found}) > 1:
        return None
    return Money(amount=sum((m.amount for m in found), Decimal(0)), currency=found[0].currency)


def severity_of(finding: DriftFinding, age: timedelta, policy: CasePolicy) -> Severity:
    """How urgent a finding of an age is; of two currencies the larger number counts."""
    amounts = [m.amount for m in (finding.leakage, finding.overbilling) if m is not None]
    whole = total(finding)
    money = whole.amount if whole is not None else max(amounts, default=Decimal(0))
    return policy.severity(money, age, regulatory=regulatory(finding, policy))


def regulatory(finding: DriftFinding, policy: CasePolicy) -> bool:
    """Whether somebody outside may ask about it."""
    return finding.regulated or finding.rule_id in policy.regulatory


def age_of(opening: Opening, course: Course, known_us: int) -> timedelta:
    """How long a case has been open, or was until it closed."""
    until = course.closed_us if course.status in CLOSED and course.closed_us is not None else known_us
    return timedelta(microseconds=max(0, until - opening.opened_us))


def build(file: CaseFile, course: Course, policy: CasePolicy, wake_us: int | None) -> ReconciliationCase:
    """The record, by everything in the file; there must have been a finding."""
    finding, opening = file.finding, file.opening
    assert finding is not None
    assert opening is not None
    age = age_of(opening, course, file.reached_us)
    severity = severity_of(finding, age, policy)
    closed = course.status in CLOSED
    due_us = opening.opened_us + span(policy.sla(opening.severity))
    ends = [us for us in (course.closed_us if closed else None, file.ceased_us) if us is not None]
    return ReconciliationCase(
        case_id=file.case_id,
        **{name: getattr(finding, name) for name in _KEPT},
        status=course.status,
        standing=file.ceased_us is None,
        severity=severity,
        regulatory=regulatory(finding, policy),
        money_at_risk=total(finding),
        owner=finding.corrected_by,
        team=policy.team(finding.corrected_by),
        assignee_id=course.assigned.assignee_id if course.assigned else None,
        escalated_to=course.escalated_to,
        proposal=_proposal(course),
        waiver=_waiver(course, finding.rule_id),
        opened_at=moment(opening.opened_us),
        sla_due=moment(due_us),
        sla_missed=min(ends, default=file.reached_us) >= due_us,
        aging=policy.bucket(age),
        ceased_at=None if file.ceased_us is None else moment(file.ceased_us),
        closed_at=moment(course.closed_us) if closed and course.closed_us is not None else None,
        openings=opening.number,
        flaps=file.flaps,
        evidence=finding.derivation.inputs,
        decision_version=max(file.decisions, default=0),
        history=file.history.entries,
        history_count=file.history.count,
        refused_count=file.history.refused,
        version=file.revision,
        derivation=_derivation(file, policy, wake_us),
    )


def turns_us(opening: Opening, policy: CasePolicy) -> list[int]:
    """When age alone may change severity or bucket."""
    return [opening.opened_us + span(age) for age in policy.turns()]


def _proposal(course: Course) -> CaseProposal | None:
    proposed = course.proposed
    if proposed is None:
        return None
    return CaseProposal(
        kind=proposed.kind,
        proposed_by=proposed.actor_id,
        proposed_at=proposed.occurred_at,
        justification=proposed.justification,
        evidence_ref=proposed.evidence_ref,
        approved_by=course.resolved.actor_id if course.resolved else None,
    )


def _waiver(course: Course, rule_id: str) -> CaseWaiver | None:
    requested = course.requested
    if requested is None:
        return None
    return CaseWaiver(
        requested_by=requested.actor_id,
        requested_at=requested.occurred_at,
        reason_code=requested.reason_code,
        justification=requested.justification,
        valid_until=requested.valid_until,
        evidence_ref=requested.evidence_ref,
        approved_by=course.waived.actor_id if course.waived else None,
        awaits_owner=rule_id == BILLING and course.status is CaseStatus.WAIVER_REQUESTED and course.waived is not None,
    )


def _derivation(file: CaseFile, policy: CasePolicy, wake_us: int | None) -> Derivation:
    uses = uses_of(AGGREGATE)
    newest = file.decisions[max(file.decisions)] if file.decisions else None
    inputs: list[InputRef] = [ref for ref in (file.finding_ref, newest and newest.ref) if ref is not None]
    published_us = max(file.newest_us, newest.at_us if newest else 0)
    return Derivation(
        inputs=tuple(inputs),
        rule_id=policy.policy_id,
        rule_version=policy.version,
        calculated_at=moment(file.reached_us),
        valid_until=None if wake_us is None else moment(wake_us),
        authority=Authority.INFORMATIONAL,
        authoritative_for=uses.authoritative_for,
        not_authoritative_for=uses.not_authoritative_for,
        source_lag_ms=max(0, file.reached_us - published_us) // 1000,
    )
